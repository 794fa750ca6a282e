"""Many types at once: sheets, pairs of types, graphs of entities, and the command."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cli_helpers import make_index, run
from ner_retriever import Document, Retriever, Span
from ner_retriever.errors import InputError, QueryError
from ner_retriever.search.entity_graph import Edge, EntityGraph, Node, entity_graph
from ner_retriever.search.query import Query
from ner_retriever.search.results import listed_mentions
from ner_retriever.search.sheet import Sheet, count_pairs
from ner_retriever.search.sheet_export import cells, type_rows, write_edges_csv, write_graphml
from ner_retriever.search.type_file import read_type_file

TYPES = [Query(describe=name) for name in ("dinosaur", "city", "river")]
TEXTS = {
    "a": "Anna saw Berlin. Bert saw Paris.",
    "b": "Anna met Bert.",
    "c": "Nothing here.",
}
NAMES = ("Anna", "Berlin", "Bert", "Paris")


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Retriever:
    made = Retriever.create(
        tmp_path_factory.mktemp("sheet") / "x.index", preset=str(toy_preset), detector="spans"
    )
    made.add(
        Document(
            name,
            text,
            tuple(
                Span(text.index(word), text.index(word) + len(word))
                for word in NAMES
                if word in text
            ),
        )
        for name, text in TEXTS.items()
    )
    return made


def sheet_of(retriever: Retriever, queries: list[Query] = TYPES, cutoff: float = -1.0) -> Sheet:
    return Sheet.of(queries, retriever.search_many(queries, limit=None, cutoff=cutoff))


def test_a_sheet_holds_what_single_searches_find(retriever: Retriever) -> None:
    for cutoff in (-1.0, 0.2, 0.6):
        sheet = sheet_of(retriever, cutoff=cutoff)
        found: dict[tuple[str, str], tuple[float, int]] = {
            (cell.type, cell.id): (cell.score, cell.mentions) for cell in cells(sheet)
        }
        expected = {
            (query.describe, hit.id): (hit.score, len(hit.mentions))
            for query in TYPES
            for hit in retriever.search(query, limit=None, cutoff=cutoff)
        }
        assert found == expected
        for column in sheet.columns:
            hits = list(column.results)
            assert len(column.mentions) == sum(len(hit.mentions) for hit in hits)
            assert (np.diff(column.mentions) > 0).all()


def test_the_best_mention_is_listed_whatever_its_score_is_rounded_to() -> None:
    scores = np.array([0.1, 0.4999, 0.3], np.float32)
    assert listed_mentions(scores, 0.5).tolist() == [1]
    assert listed_mentions(scores, 0.3).tolist() == [1, 2]
    assert listed_mentions(np.full(2, -np.inf, np.float32), 0.5).tolist() == []
    assert listed_mentions(np.empty(0, np.float32), 0.5).tolist() == []


def test_together_in_documents_and_in_sentences(retriever: Retriever) -> None:
    sheet = sheet_of(retriever)
    # Below any cut-off, every type stands in all that hold a mention.
    assert (sheet.together() == 2).all()
    assert (sheet.together("sentence") == 3).all()
    with pytest.raises(QueryError, match="not 'page'"):
        sheet.together("page")
    with pytest.raises(QueryError, match="asked twice: city"):
        sheet_of(retriever, [TYPES[1], TYPES[1]])


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)), max_size=80),
    st.sampled_from([5, 64, 1 << 22]),
)
def test_pairs_are_counted_as_by_hand(occurrences: list[tuple[int, int]], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ner_retriever.search.sheet._CELLS_AT_ONCE", at_once)
        places, kinds = (
            np.array([pair[part] for pair in occurrences], np.int64) for part in (0, 1)
        )
        counted = count_pairs(places, kinds, 5)
    of = [{place for place, kind in occurrences if kind == number} for number in range(5)]
    expected = [[len(of[first] & of[second]) for second in range(5)] for first in range(5)]
    assert counted.tolist() == expected


def edges_of(graph: EntityGraph) -> dict[frozenset[str], int]:
    return {
        frozenset([graph.nodes[edge.first].name, graph.nodes[edge.second].name]): edge.count
        for edge in graph.edges
    }


def test_entities_that_stand_together(retriever: Retriever) -> None:
    graph = entity_graph(sheet_of(retriever))
    assert {node.name: (node.documents, node.mentions) for node in graph.nodes} == {
        "Anna": (2, 2),
        "Bert": (2, 2),
        "Berlin": (1, 1),
        "Paris": (1, 1),
    }
    assert [node.name for node in graph.nodes[:2]] == ["Anna", "Bert"]
    assert set(graph.nodes[0].types) == {"dinosaur", "city", "river"}
    edges = edges_of(graph)
    assert edges[frozenset(["Anna", "Bert"])] == 2
    assert len(edges) == 6
    in_sentences = edges_of(entity_graph(sheet_of(retriever), within="sentence"))
    assert in_sentences == {
        frozenset(["Anna", "Berlin"]): 1,
        frozenset(["Bert", "Paris"]): 1,
        frozenset(["Anna", "Bert"]): 1,
    }
    small = entity_graph(sheet_of(retriever), most=2)
    assert (len(small.nodes), len(small.edges), small.left_out) == (2, 1, 2)
    assert entity_graph(sheet_of(retriever), least=2).edges == small.edges


def test_a_sheet_without_answers(retriever: Retriever) -> None:
    sheet = sheet_of(retriever, cutoff=1.0)
    assert list(cells(sheet)) == []
    assert (sheet.together() == 0).all()
    assert entity_graph(sheet) == EntityGraph((), (), 0)
    assert [row.documents for row in type_rows(sheet)] == [0, 0, 0]
    assert Sheet.of([], []).together().shape == (0, 0)
    assert entity_graph(Sheet.of([], [])).nodes == ()


def test_graphml_is_read_back_whatever_the_names() -> None:
    names = ["a <b> & \u0007c", "naïve \u2028 line", "Ωmega"]
    nodes = tuple(Node(name, ("city", "river"), 2, 3) for name in names)
    graph = EntityGraph(nodes, (Edge(0, 1, 5), Edge(1, 2, 1)), 0)
    stream = io.BytesIO()
    write_graphml(graph, stream)
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    root = etree.fromstring(stream.getvalue())
    read = [
        node.findtext("g:data[@key='name']", "", space) for node in root.findall(".//g:node", space)
    ]
    assert read == ["a <b> & c", "naïve  line", "Ωmega"]
    counts = [
        edge.findtext("g:data[@key='count']", "", space)
        for edge in root.findall(".//g:edge", space)
    ]
    assert counts == ["5", "1"]
    assert root.findtext(".//g:data[@key='types']", "", space) == "city; river"
    lines = io.StringIO()
    write_edges_csv(graph, lines)
    assert list(csv.reader(io.StringIO(lines.getvalue())))[1] == [names[0], names[1], "5"]


def test_files_of_types(tmp_path: Path) -> None:
    file = tmp_path / "types.txt"
    file.write_text('# mine\n\ncity \n{"describe": "court", "near": ["judge"]}\ncity\n')
    assert read_type_file(file) == [
        Query(describe="city"),
        Query(describe="court", near=("judge",)),
    ]
    for content, message in (
        ("", "holds no type"),
        ("# only this\n", "holds no type"),
        ("city\n{broken\n", r"types.txt:2: not a query"),
        ('{"describes": "city"}\n', r"types.txt:1: not a query"),
        ('{"near": ["x"]}\n', r"types.txt:1: not a query"),
    ):
        file.write_text(content)
        with pytest.raises((InputError, QueryError), match=message):
            read_type_file(file)
    file.write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError, match="save it as UTF-8"):
        read_type_file(file)
    with pytest.raises(InputError, match="cannot read"):
        read_type_file(tmp_path / "none.txt")


def test_the_command(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    types = tmp_path / "types.txt"
    types.write_text("city\ndinosaur\n")
    table = run("search-many", index, types, "--cutoff", "-1")
    assert table.code == 0
    assert table.out.splitlines()[0].split() == [
        "type", "cut-off", "documents", "mentions", "right", "missed",
    ]  # fmt: skip
    assert [line.split()[0] for line in table.out.splitlines()[1:]] == ["city", "dinosaur"]
    lines = run("search-many", index, types, "--cutoff", "-1", "--format", "jsonl").out
    records = [json.loads(line) for line in lines.splitlines()]
    assert {(record["type"], record["id"]) for record in records} == {
        (name, identifier) for name in ("city", "dinosaur") for identifier in ("a", "b")
    }
    rows = list(
        csv.DictReader(
            io.StringIO(run("search-many", index, types, "--cutoff", "-1", "--format", "csv").out)
        )
    )
    assert [row["id"] for row in rows] == [record["id"] for record in records]
    pairs, graph, out = tmp_path / "pairs.csv", tmp_path / "g.graphml", tmp_path / "cells.parquet"
    outcome = run(
        "search-many", index, types, "--cutoff", "-1", "--format", "parquet", "--out", out,
        "--pairs", pairs, "--graph", graph, "--within", "sentence",
    )  # fmt: skip
    assert outcome.code == 0, outcome
    assert pq.read_table(out)["id"].to_pylist() == [record["id"] for record in records]
    assert next(iter(csv.reader(pairs.open()))) == ["type", "city", "dinosaur"]
    assert etree.parse(graph).getroot().tag.endswith("graphml")
    assert "entities" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "parquet"], "name it with --out"),
        (["--cutoff", "some"], "takes a score or auto"),
        (["--pairs", "nowhere/pairs.csv"], "there is no folder"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, toy_preset: Path, arguments: list[str], message: str
) -> None:
    index = make_index(tmp_path, toy_preset)
    types = tmp_path / "types.txt"
    types.write_text("city\n")
    outcome = run("search-many", index, types, *arguments)
    assert outcome.code == 2
    assert message in outcome.err
