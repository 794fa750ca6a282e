"""JSON files of any shape, hidden files, and what standard input holds."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_helpers import error, run
from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.text.formats.dispatch import _guess
from reading_documents import read_documents

RECORDS = [{"id": "a", "text": "Rome"}, {"text": "Osló", "n": 1.5}]


def read(path: Path, content: str | bytes, **options: object) -> list[Document]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_documents([path], **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        "\ufeff" + json.dumps(RECORDS),
        "\n\n" + json.dumps(RECORDS) + "\n",
        "\n".join(json.dumps(record, indent=1) for record in RECORDS),
        "\n".join(map(json.dumps, RECORDS)),
    ],
)
def test_an_array_or_one_object_after_the_other(tmp_path: Path, content: str) -> None:
    for path, written in (
        (tmp_path / "a.json", content.encode()),
        (tmp_path / "a.json.gz", gzip.compress(content.encode())),
    ):
        found = read(path, written)
        assert [(document.id, document.text) for document in found] == [
            ("a", "Rome"),
            (f"{path.name}:2", "Osló"),
        ]


def test_one_object_and_an_array_of_texts(tmp_path: Path) -> None:
    (one,) = read(tmp_path / "one.json", json.dumps(RECORDS[0], indent=4))
    assert one == Document("a", "Rome")
    texts = read(tmp_path / "texts.json", '["Rome", "Oslo"]')
    assert [(document.id, document.text) for document in texts] == [
        ("texts.json:1", "Rome"),
        ("texts.json:2", "Oslo"),
    ]


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=5), st.sampled_from([None, 2]))
def test_every_record_comes_through(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], indent: int | None
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps([{"text": text} for text in texts], indent=indent))
    errors: list[DocumentError] = []
    found = [document.text for document in read_documents([path], on_error=errors.append)]
    assert found == texts
    assert len(errors) == (0 if texts else 1)


@pytest.mark.parametrize(
    ("content", "message", "good"),
    [
        ('[{"text": "good"}, {"text": ', "not usable as JSON after record 1", 1),
        ('[{"text": "good"}, {bad]', "not usable as JSON after record 1", 1),
        ('[{"text": "good"}, 7, {"text": "last"}]', "a.json:2: a record must be a JSON object", 2),
        ('[{"text": "good"}, [1], {"text": "last"}]', "or a text, not list", 2),
        ('[{"body": "x"}, {"text": "last"}]', "no field 'text'", 1),
        ("[" * 100_000 + "]" * 100_000, "nests more than 64 deep", 0),
        ('[{"text": ' + '{"a": ' * 500 + "1" + "}" * 501 + "]", "nests more than 64 deep", 0),
        (b'[{"text": "good"}, {"text": "\xff"}]', "not usable as JSON after record 1", 1),
        ("[]", "is empty", 0),
        ("", "", 0),
        ("not json", "not usable as JSON", 0),
    ],
)
def test_bad_json_says_where(tmp_path: Path, content: str | bytes, message: str, good: int) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    errors: list[DocumentError] = []
    found = list(read_documents([path], on_error=errors.append))
    assert len(found) == good
    assert len(errors) == 1
    assert message in str(errors[0])
    assert str(path) in str(errors[0])
    assert "\n" not in str(errors[0])
    with pytest.raises(DocumentError):
        list(read_documents([path]))


def test_memory_is_bounded_by_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    record = json.dumps({"text": "x" * 10_000})
    path.write_text("[" + ",".join([record] * 3_000) + "]")
    tracemalloc.start()
    count = sum(1 for _ in read_documents([path]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 3_000_000
    with pytest.raises(DocumentError, match="a record of more than 5 characters"):
        read(tmp_path / "b.json", '["' + "x" * 200_000 + '"]', max_characters=5)


@pytest.mark.parametrize(
    ("start", "suffix"),
    [
        (b'[{"text"', ".json"),
        (b"\xef\xbb\xbf [\n {", ".json"),
        (b'["Rome', ".json"),
        (b"[1] A reference", ".txt"),
        (b'{"text": "a"}\n{"text": "b"}', ".jsonl"),
        (b'{\n  "text": "a"\n}', ".json"),
        (b'{"a": 1,\n "text": "b"}', ".json"),
        (b"{not json\n", ".jsonl"),
        (b"plain\n{", ".txt"),
        (b"", ".txt"),
    ],
)
def test_what_standard_input_holds_is_guessed(start: bytes, suffix: str) -> None:
    assert _guess(start) == suffix


def test_standard_input_of_a_kind(tmp_path: Path, toy_preset: Path) -> None:
    spans = [[0, 4]]
    records = [{"id": name, "text": "Rome", "spans": spans} for name in ("a", "b")]
    options = ["--preset", toy_preset, "--spans-field", "spans"]
    for number, (given_options, content) in enumerate(
        [
            ([], json.dumps(records, indent=1)),
            (["--format", "json"], json.dumps(records)),
            (["--format", "jsonl"], "\n".join(map(json.dumps, records))),
            (["--format", "csv"], 'id,text,spans\na,Rome,"[[0, 4]]"\nb,Rome,"[[0, 4]]"\n'),
            (["--format", "tsv"], "id\ttext\tspans\na\tRome\t[[0, 4]]\nb\tRome\t[[0, 4]]\n"),
        ]
    ):
        out = tmp_path / str(number)
        outcome = run("index", "-", "--out", out, *options, *given_options, stdin=content.encode())
        assert outcome.code == 0, outcome
        assert "2 new" in outcome.err
    assert "not usable as JSON" in error(
        "index", "-", "--out", tmp_path / "bad", *options, "--format", "json", stdin=b"a,b\n"
    )


def test_what_is_hidden_in_a_folder_stays_so(tmp_path: Path) -> None:
    for name in (".git/f.txt", "__MACOSX/._a.txt", ".hidden.txt", "~$a.txt", "a/.b/c.txt"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("hidden\n")
    with pytest.raises(InputError, match="no file to read"):
        list(read_documents([tmp_path / "folder"]))
    (tmp_path / "folder" / "a" / "seen.txt").write_text("seen\n")
    (found,) = read_documents([tmp_path / "folder"])
    assert (found.id, found.text) == ("a/seen.txt", "seen\n")
    (asked,) = read_documents([tmp_path / "folder" / ".hidden.txt"])
    assert asked.text == "hidden"


def test_what_was_passed_over_is_told_and_written(tmp_path: Path, toy_preset: Path) -> None:
    folder = tmp_path / "folder"
    for name in (".git/a.txt", ".git/b.txt", "a.xyz", "b.xyz", "Makefile", "good.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        lines = ['{"text": "Rome", "spans": [[0, 4]]}', '{"text": 7, "spans": []}']
        (folder / name).write_text("\n".join(lines))
    options = ["--preset", toy_preset, "--spans-field", "spans", "--on-error", "skip"]
    report = tmp_path / "report.jsonl"
    outcome = run("index", folder, "--out", tmp_path / "index", *options, "--report", report)
    assert outcome.code == 0, outcome
    rows = [line.split() for line in outcome.err.splitlines()]
    assert ["files", "unknown", "kind", "3", ".xyz,", "Makefile"] in rows
    assert ["files", "hidden", "1"] in rows
    assert ["files", "with", "errors", "1"] in rows
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert lines[:-3] == [
        {"file": str(folder / ".git"), "passed_over": "hidden"},
        {"file": str(folder / "Makefile"), "passed_over": "unknown kind"},
        {"file": str(folder / "a.xyz"), "passed_over": "unknown kind"},
        {"file": str(folder / "b.xyz"), "passed_over": "unknown kind"},
    ]
    assert "must hold a text" in lines[-3]["skipped"]
    assert lines[-3]["reason"] == "unusable"
    good = str(folder / "good.jsonl")
    assert lines[-2] == {"file": good, "read": True, "skipped": 1}
    counts = {"new": 1, "replaced": 0, "updated": 0, "unchanged": 0, "mentions": 1}
    counts |= {"removed": 0, "duplicates": 0}
    assert lines[-1] == counts
