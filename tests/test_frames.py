"""Answers as records, Arrow tables, data frames and HTML."""

import io
import json
from pathlib import Path

import pytest
from lxml import html

from ner_retriever import Document, Retriever, Span
from ner_retriever.search.export import write_jsonl
from ner_retriever.search.results import Results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Results:
    made = Retriever.create(
        tmp_path_factory.mktemp("frames") / "index", preset=str(toy_preset), detector="spans"
    )
    made.add(
        [
            Document("a", "<b>Rome</b> & x", (Span(3, 7),), fields={"year": 2020, "tag": "x"}),
            Document("b", "y" * 300 + " Paris " + "z" * 300, (Span(301, 306),), fields={"tag": 7}),
            Document("c", "The Louvre is in Berlin.", (Span(4, 10), Span(17, 23))),
        ]
    )
    return made.search("city", limit=None, min_score=-1.0)


def test_records_are_what_json_lines_hold(results: Results) -> None:
    stream = io.StringIO()
    write_jsonl(results, stream)
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert json.loads(json.dumps(results.to_dicts())) == records
    assert {record["id"] for record in records} == {"a", "b", "c"}


def test_a_table_has_a_row_a_document_and_a_column_a_field(results: Results) -> None:
    table = results.to_arrow()
    assert table["id"].to_pylist() == [hit.id for hit in results]
    years = dict(zip(table["id"].to_pylist(), table["field.year"].to_pylist(), strict=True))
    assert years == {"a": 2020, "b": None, "c": None}
    tags = dict(zip(table["id"].to_pylist(), table["field.tag"].to_pylist(), strict=True))
    assert tags == {"a": "x", "b": "7", "c": None}
    surfaces = {row["id"]: [one["text"] for one in row["mentions"]] for row in table.to_pylist()}
    assert surfaces["a"] == ["Rome"]
    assert sorted(surfaces["c"]) == ["Berlin", "Louvre"]
    assert results[:0].to_arrow().num_rows == 0
    assert results[:0].to_arrow().column_names[:3] == ["id", "score", "text"]


def test_a_data_frame(results: Results) -> None:
    pandas = pytest.importorskip("pandas")
    frame = results.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["id"].tolist() == [hit.id for hit in results]


def test_a_notebook_shows_mentions_marked_and_escaped(results: Results) -> None:
    shown = results._repr_html_()
    page = html.fromstring(shown)
    assert page.findtext("caption") == "city: 3 of 3 documents"
    assert [mark.text for mark in page.iter("mark")] == [hit.mentions[0].text for hit in results]
    assert "<b>" not in shown
    assert "&lt;b&gt;<mark>Rome</mark>&lt;/b&gt; &amp; x" in shown
    (long,) = (row for row in shown.split("<tr>") if "Paris" in row)
    assert "… y" in long
    assert "z …" in long
    assert len(long) < 400
