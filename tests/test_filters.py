"""Filters: their language, what they keep, facets."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index_toys import in_one_sentence
from ner_retriever.documents import Document, FieldValue
from ner_retriever.errors import QueryError
from ner_retriever.index.details import Details
from ner_retriever.index.field_table import FieldTable, read_field_table, write_field_table
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.search.filters.conditions import from_records, quoted_name, quoted_value
from ner_retriever.search.filters.facets import facets
from ner_retriever.search.filters.matching import matching
from ner_retriever.search.filters.where import parse_where

ROWS: list[dict[str, FieldValue]] = [
    {"year": 2019, "source": "Reuters", "date": "2019-03-01", "tags": ("law", "EU")},
    {"year": 2020, "source": "AP", "date": "2020-12-31T23:30:00+00:00", "ok": True},
    {"year": 2021.5, "source": "O'Reilly", "date": "2021-01-01", "tags": ("law",), "ok": False},
    {"Published At": "n/a", "source": "reuters", "zip": "02134", "Headline": "On law"},
    {},
]


def table_of(rows: list[dict[str, FieldValue]], folder: Path) -> FieldTable:
    store = Store.create(folder, 2)
    documents = [
        Document(f"d{number}", "text", fields=fields, source="a/b.jsonl" if number == 4 else "")
        for number, fields in enumerate(rows)
    ]
    store.write(
        [
            Record(
                id=document.id,
                text=document.text,
                digest=digest_of(document.text, None),
                run=1,
                spans=(),
                vectors=np.empty((0, 2), np.float16),
                details=Details.of(document),
                **in_one_sentence(0),
            )
            for document in documents
        ],
        replace=False,
    )
    write_field_table(folder / "fields", store)
    return read_field_table(folder / "fields")


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> FieldTable:
    return table_of(ROWS, tmp_path_factory.mktemp("fields"))


def kept(where: str, fields: FieldTable) -> list[int]:
    return np.flatnonzero(matching(parse_where(where), fields)).tolist()


def test_columns_hold_what_all_their_values_are(fields: FieldTable) -> None:
    assert {name: fields.kind(name) for name in fields.names} == {
        "year": "number",
        "source": "text",
        "date": "date",
        "tags": "list",
        "ok": "boolean",
        "Published At": "text",
        "title": "text",
        "zip": "text",
        "file": "text",
    }


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("year >= 2020", [1, 2]),
        ("2020 <= year", [1, 2]),
        ("year = '2020'", [1]),
        ("year != 2020", [0, 2]),
        ("not year = 2020", [0, 2]),
        ("year between 2019 and 2020", [0, 1]),
        ("year not between 2019 and 2020", [2]),
        ("year is null", [3, 4]),
        ("year is not null and source <> 'AP'", [0, 2]),
        ("source = 'Reuters'", [0]),
        ("source in ('AP', 'O''Reilly')", [1, 2]),
        ("source not in ('AP', 'Reuters')", [2, 3]),
        ("source like 'R%'", [0]),
        ("source ilike 'r%s'", [0, 3]),
        ("source not ilike 'r%'", [1, 2]),
        ("source > 'P'", [0, 3]),
        ("date >= 2020-01-01 and source = 'AP'", [1]),
        ("date = 2020-12-31", [1]),
        ("date > '2020-12-31'", [2]),
        ("date <= 2020-12-31", [0, 1]),
        ("date = 2019", [0]),
        ("date != 2019", [1, 2]),
        ("date >= '2020-12' and date < 2021", [1]),
        ("date < date '2019-03-02'", [0]),
        ("DATE < '2019-03-01T00:00:01'", [0]),
        ("tags = 'law'", [0, 2]),
        ("tags in ('EU', 'none')", [0]),
        ("tags ilike 'e_'", [0]),
        ("not tags = 'EU'", [2]),
        ("ok", [1]),
        ("ok = false", [2]),
        ("ok is true", [1]),
        ("zip = '02134'", [3]),
        ("zip = 2134", []),
        ("\"Published At\" = 'n/a'", [3]),
        ("published_at is not null", [3]),
        ("title = 'On law'", [3]),
        ("headline = 'On law'", [3]),
        ("file like 'a/%'", [4]),
        ("(year = 2019 or year = 2020) and not (source = 'AP')", [0]),
        ("year >= -5e3 and year < 1e30", [0, 1, 2]),
        ("year < 99999999999999999999999", [0, 1, 2]),
    ],
)
def test_filters(where: str, expected: list[int], fields: FieldTable) -> None:
    assert kept(where, fields) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("", "cannot understand ''"),
        ("year >", "cannot understand 'year >'"),
        ("year = 1; drop table documents", "cannot understand"),
        ("year = (select 1)", "a value is expected"),
        ("lower(source) = 'ap'", "cannot understand"),
        ("source = source", "a value is expected"),
        ("source like 'a' escape '!'", "cannot understand"),
        ("year between symmetric 2 and 1", "cannot understand"),
        ("year = null", "a value is expected"),
        ("1 = 1", "a field's name is expected"),
        ("year = 2020-01-01-01", "a value is expected"),
        ("(" * 5_000 + "year = 1", "a filter of 5,008 characters; 4,000 are the most"),
        ("(" * 3_000 + "year = 1", "cannot understand"),
        ("yaer = 2020", r"no field 'yaer'; did you mean 'year'\?"),
        ("vectors = 1", "no field 'vectors'; fields are year, source"),
        ("year = 'many'", "holds numbers; it cannot be compared with 'many'"),
        ("ok = 1", "holds true and false"),
        ("date = 'soon'", "holds dates; compare it with one such as"),
        ("date = 2020-13-01", "holds dates"),
    ],
)
def test_what_is_no_filter(where: str, message: str, fields: FieldTable) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        kept(where, fields)
    assert "\n" not in str(caught.value)


def test_conditions_as_records(fields: FieldTable) -> None:
    records = [
        {"field": "date", "op": ">=", "value": "2020-01-01"},
        {"field": "source", "op": "in", "value": ["AP", "O'Reilly"]},
        {"field": "tags", "op": "is not null"},
    ]
    assert kept(from_records(records), fields) == [2]
    for bad in ({"field": "a"}, {"field": "a", "op": "~", "value": 1}, {"field": "a", "op": "="}):
        with pytest.raises(QueryError):
            from_records([bad])


def test_without_fields_a_filter_says_so(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="no fields"):
        kept("year = 1", table_of([{}], tmp_path))


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(name=NAMES, value=NAMES)
def test_any_name_and_value_can_be_written(
    name: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fields = table_of([{name: value}, {name: f"not {value}"}], tmp_path_factory.mktemp("any"))
    assert kept(f"{quoted_name(name)} = {quoted_value(value)}", fields) == [0]


def test_facets_count_values(fields: FieldTable) -> None:
    found = {facet.field: facet for facet in facets(fields, np.array([0, 1, 2, 4]))}
    assert set(found) == {"year", "source", "date", "tags", "ok", "file"}
    tags = found["tags"]
    assert (tags.kind, tags.documents) == ("list", 2)
    assert [(one.value, one.documents) for one in tags.values] == [("law", 2), ("EU", 1)]
    assert (found["year"].least, found["year"].greatest) == ("2019.0", "2021.5")
    years = {one.value for one in found["date"].values}
    assert years == {"2019", "2020", "2021"}
    for facet in found.values():
        for one in facet.values:
            assert len(kept(one.where, fields)) >= one.documents


def test_names_of_documents_are_no_facet(tmp_path: Path) -> None:
    rows: list[dict[str, FieldValue]] = [
        {"title": f"t{number}", "kind": "x"} for number in range(30)
    ]
    title, kind, *_ = facets(table_of(rows, tmp_path), np.arange(30))
    assert (title.documents, title.values) == (30, ())
    assert kind.values[0].documents == 30
