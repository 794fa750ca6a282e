"""Documents with the mentions of many types marked in them."""

import io
import json
import zipfile
from pathlib import Path

import cassis
import pytest
import spacy
from spacy.tokens import DocBin

from cli_helpers import make_index, run
from ner_retriever import Document, Retriever, Span
from ner_retriever.search.query import Query
from ner_retriever.search.sheet import Sheet
from ner_retriever.search.standoff import Labelled, LabelledText, write_conll
from ner_retriever.tagging.docbin import write_docbin
from ner_retriever.tagging.json_formats import write_jsonl, write_label_studio
from ner_retriever.tagging.tags import TaggedMention, TaggedText, TypeTag, tagged_texts
from ner_retriever.tagging.xmi import write_xmi
from ner_retriever.text.readers import read_documents

QUERIES = [Query(describe=name) for name in ("dinosaur", "city", "river")]
TEXTS = {
    "a": "Sue the Tyrannosaurus stands in Chicago.",
    "none": "nothing to see here",
    "d": "🦕 Ein Stegosaurus\u0007 im Café.",
}
SPANS = {"a": (Span(8, 21), Span(32, 39)), "none": (), "d": (Span(6, 17), Span(22, 26))}


def mention(start: int, end: int, text: str, *types: str) -> TaggedMention:
    tags = (TypeTag(name, 0.9 - place / 10, 0.8 - place / 10) for place, name in enumerate(types))
    return TaggedMention(start, end, text[start:end], tuple(tags))


TAGGED = [
    TaggedText(
        "a",
        TEXTS["a"],
        (mention(8, 21, TEXTS["a"], "dinosaur", "big animal"), mention(32, 39, TEXTS["a"], "city")),
    ),
    TaggedText("none", TEXTS["none"], ()),
    TaggedText("d", TEXTS["d"], (mention(6, 17, TEXTS["d"], "dinosaur"),)),
]


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Sheet:
    made = Retriever.create(
        tmp_path_factory.mktemp("tags") / "index", preset=str(toy_preset), detector="spans"
    )
    made.add(Document(name, text, SPANS[name]) for name, text in TEXTS.items())
    return Sheet.of(QUERIES, made.search_many(QUERIES, limit=None, cutoff=-1.0))


def test_a_mention_has_the_types_whose_cut_offs_it_reaches(sheet: Sheet) -> None:
    texts = {text.id: text for text in tagged_texts(sheet, most_types=9)}
    assert set(texts) == {"a", "d"}
    assert [found.text for found in texts["d"].mentions] == ["Stegosaurus", "Café"]
    for text in texts.values():
        for found in text.mentions:
            assert {tag.type for tag in found.types} == {"dinosaur", "city", "river"}
            odds = [tag.probability for tag in found.types]
            assert odds == sorted(odds, reverse=True)
    scores = {
        (hit.id, one.start, column.query.describe): one.score
        for column in sheet.columns
        for hit in column.results
        for one in hit.mentions
    }
    for text in texts.values():
        for found in text.mentions:
            for tag in found.types:
                expected = scores[text.id, found.start, tag.type]
                assert tag.score == pytest.approx(expected, abs=1e-3)


def test_fewer_types_and_more_documents(sheet: Sheet) -> None:
    texts = list(tagged_texts(sheet, most_types=1, untagged=True))
    assert [text.id for text in texts] == ["a", "none", "d"]
    assert {len(found.types) for text in texts for found in text.mentions} == {1}
    assert list(tagged_texts(Sheet.of([], []))) == []


def test_json_of_prodigy_and_label_studio() -> None:
    lines = io.StringIO()
    write_jsonl(TAGGED, lines)
    records = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [record["meta"]["id"] for record in records] == ["a", "none", "d"]
    assert records[0]["spans"][0]["label"] == "dinosaur"
    assert [tag["type"] for tag in records[0]["spans"][0]["types"]] == ["dinosaur", "big animal"]
    tasks = io.StringIO()
    write_label_studio(TAGGED, tasks)
    read = json.loads(tasks.getvalue())
    assert [task["data"]["id"] for task in read] == ["a", "none", "d"]
    (first, second) = read[0]["predictions"][0]["result"]
    assert first["value"] == {
        "start": 8, "end": 21, "text": "Tyrannosaurus", "labels": ["dinosaur", "big animal"],
    }  # fmt: skip
    assert second["score"] == 0.8
    none = io.StringIO()
    write_label_studio([], none)
    assert json.loads(none.getvalue()) == []


def test_a_docbin_is_read_back_by_spacy() -> None:
    stream = io.BytesIO()
    write_docbin(TAGGED, stream)
    docs = list(DocBin().from_bytes(stream.getvalue()).get_docs(spacy.blank("xx").vocab))
    assert [doc.user_data["id"] for doc in docs] == ["a", "none", "d"]
    assert [doc.text for doc in docs] == list(TEXTS.values())
    assert [(span.text, span.label_) for span in docs[0].spans["types"]] == [
        ("Tyrannosaurus", "dinosaur"),
        ("Chicago", "city"),
        ("Tyrannosaurus", "big animal"),
    ]
    assert [(span.text, span.label_) for span in docs[0].ents] == [
        ("Tyrannosaurus", "dinosaur"),
        ("Chicago", "city"),
    ]


def test_xmi_is_read_back_with_offsets_in_utf_16() -> None:
    stream = io.BytesIO()
    write_xmi(TAGGED, stream)
    with zipfile.ZipFile(stream) as archive:
        names = archive.namelist()
        types = cassis.load_typesystem(archive.read("TypeSystem.xml").decode())
        xmi = archive.read(names[3]).decode()
    assert names == ["TypeSystem.xml", "000001-a.xmi", "000002-none.xmi", "000003-d.xmi"]
    cas = cassis.load_cas_from_xmi(xmi, typesystem=types)
    (entity,) = cas.select("de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity")
    assert (entity.get_covered_text(), entity.value) == ("Stegosaurus", "dinosaur")
    # The dinosaur before it is one character of Python's and two of UIMA's.
    assert 'begin="7"' in xmi
    assert cas.sofa_string == TEXTS["d"].replace("\u0007", " ")


def test_of_overlapping_spans_the_first_stands() -> None:
    stream = io.StringIO()
    spans = [Labelled(4, 13, "art museum"), Labelled(0, 13, "place"), Labelled(17, 22, "city")]
    write_conll([LabelledText("x y", "The Big Louvre in Paris.", spans)], stream)
    assert stream.getvalue().splitlines() == [
        "# id = x y", "The\tO", "Big\tB-art_museum", "Louvre\tI-art_museum", "in\tO",
        "Paris\tB-city", ".\tO", "",
    ]  # fmt: skip


def test_what_is_tagged_can_be_indexed_with_its_mentions(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    types = tmp_path / "types.txt"
    types.write_text("city\ndinosaur\n")
    out = tmp_path / "tagged.conll"
    outcome = run(
        "tag", index, "--types", types, "--cutoff", "-1", "--format", "conll", "--out", out
    )
    assert outcome.code == 0, outcome
    assert outcome.err.splitlines() == ["2 documents, 4 tagged mentions, 2 types"]
    texts = [document.text for document in read_documents([out])]
    assert len(texts) == 2
    assert "Tyrannosaurus" in texts[0]


@pytest.mark.parametrize("format", ["jsonl", "label-studio", "brat", "docbin", "xmi"])
def test_the_command_writes_every_format(tmp_path: Path, toy_preset: Path, format: str) -> None:
    index = make_index(tmp_path, toy_preset)
    types = tmp_path / "types.txt"
    types.write_text("city\ndinosaur\n")
    out = tmp_path / "out"
    outcome = run(
        "tag", index, "--types", types, "--cutoff", "-1", "--untagged", "--format", format,
        "--out", out,
    )  # fmt: skip
    assert outcome.code == 0, outcome
    assert outcome.err.splitlines() == ["3 documents, 4 tagged mentions, 2 types"]
    assert out.stat().st_size > 100
    if format in ("brat", "docbin", "xmi"):
        refused = run("tag", index, "--types", types, "--format", format)
        assert refused.code == 2
        assert "name it with --out" in refused.err
