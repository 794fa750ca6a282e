"""Tables as people have them: separators, quotes that mean something or don't, no header."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_helpers import error, run
from ner_retriever.documents import Document
from ner_retriever.errors import ConfigError, DocumentError
from ner_retriever.text.formats.dialect import Dialect, Quoting
from reading_documents import read_documents

# Without what ends a line or a field, and not blank.
CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\t\r\n\0\ufeff"), min_size=1, max_size=8
).map(lambda text: f"x{text}" if not text.strip() else text)


def read(path: Path, content: str, **options: object) -> list[Document]:
    path.write_bytes(content.encode())
    return list(read_documents([path], **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("where", [0, 2, 999])
@pytest.mark.parametrize("stray", ['"', '"a', 'a"', 'say "hi"', '"quoted"', '""', '"a" b'])
@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_a_stray_quote_loses_no_row(tmp_path: Path, where: int, stray: str, suffix: str) -> None:
    separator = "\t" if suffix == ".tsv" else ","
    texts = [f"text {number}" for number in range(1000)]
    texts[where] = stray
    lines = [f"{number}{separator}{text}" for number, text in enumerate(texts)]
    found = read(tmp_path / f"a{suffix}", "\n".join([f"id{separator}text", *lines]) + "\n")
    expected = {'"quoted"': "quoted", '""': ""}
    if stray in expected:
        texts[where] = expected[stray]
    assert [document.text for document in found] == texts
    assert [document.id for document in found] == [str(number) for number in range(1000)]


def test_rows_between_two_strays_stay_rows(tmp_path: Path) -> None:
    content = 'id\ttext\n1\t"a\n2\tb\n3\tc"\n4\td\n'
    found = read(tmp_path / "a.tsv", content)
    assert [document.text for document in found] == ['"a', "b", 'c"', "d"]
    (one, other) = read(tmp_path / "b.tsv", content, dialect=Dialect(quoting=Quoting.QUOTED))
    assert one.text == "a\n2\tb\n3\tc"
    assert other.text == "d"


def test_a_field_of_several_lines_stays_one(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", 'id,text\n1,"a\nb, c\n\nd"\n2,"say ""hi"""\n')
    assert [document.text for document in found] == ["a\nb, c\n\nd", 'say "hi"']


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_quotes_that_do_not_count_are_signs(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("tsv") / "a.tsv"
    content = "n\ttext\n" + "".join(f"{one}\t{other}\n" for one, other in rows)
    found = read(path, content, dialect=Dialect(quoting=Quoting.NONE))
    assert [document.text for document in found] == [other for _, other in rows]


@given(
    st.lists(st.tuples(CELL, st.lists(CELL, min_size=1, max_size=3).map("\n".join)), min_size=1),
    st.sampled_from([",", ";"]),
)
def test_what_a_csv_writer_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("n", "text"), *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    assert [document.text for document in read(path, stream.getvalue())] == [row[1] for row in rows]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_the_separator_is_the_headers(tmp_path: Path, separator: str, suffix: str) -> None:
    content = f"id{separator}text\na{separator}Rome; or, Oslo | Lima\n".replace(
        "; or, Oslo | Lima", "" if separator in ";,|" else "; or, Oslo | Lima"
    )
    (found,) = read(tmp_path / f"a{suffix}", content)
    assert (found.id, found.text.split(";")[0]) == ("a", "Rome")


def test_a_given_separator_and_no_header(tmp_path: Path) -> None:
    dialect = Dialect(separator="^", header=False)
    found = read(tmp_path / "a.csv", "1^Rome\n2^Oslo\n", dialect=dialect, text_field="2")
    assert [document.text for document in found] == ["Rome", "Oslo"]
    assert [document.id for document in found] == ["a.csv:1", "a.csv:2"]
    with pytest.raises(DocumentError, match="columns here: 1, 2"):
        read(tmp_path / "a.csv", "1^Rome\n", dialect=dialect)
    for separator in ("", "ab", '"', "\n"):
        with pytest.raises(ConfigError, match="a separator is one character"):
            Dialect(separator=separator)


def test_the_command_takes_them(tmp_path: Path, toy_preset: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1|[[0, 4]]|Rome\n2|[[0, 4]]|Oslo\n")
    options = ["--preset", toy_preset, "--no-header", "--spans-field", "2", "--text-field", "3"]
    outcome = run("index", file, "--out", tmp_path / "index", "--separator", "|", *options)
    assert outcome.code == 0, outcome
    assert "2 new" in outcome.err
    message = error("index", file, "--out", tmp_path / "other", "--separator", "ab", *options)
    assert "a separator is one character" in message
