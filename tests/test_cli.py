"""The commands, as a user types them."""

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from rich.cells import cell_len

from cli_helpers import DOCUMENTS, error, found, make_index, run, write_jsonl
from ner_retriever import Retriever
from ner_retriever.cli import main
from ner_retriever.heads.projection.record import ADAPTER_NAME

TEXTS = ["Sue stands in Chicago.", "The Louvre, in Paris."]
PUBLISHED = Path(__file__).parents[2] / "shared/data/published-head/contrastive_projection_head.pth"


@pytest.fixture
def index(tmp_path: Path, toy_preset: Path) -> Path:
    return make_index(tmp_path, toy_preset)


def _lines(file: Path, texts: Sequence[str]) -> None:
    file.write_text("".join(f"{text}\n" for text in texts))


def _jsonl(file: Path, texts: Sequence[str]) -> None:
    write_jsonl(file, [{"text": text} for text in texts])


def _table(file: Path, texts: Sequence[str]) -> None:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([["text"], *([text] for text in texts)])


def _parquet(file: Path, texts: Sequence[str]) -> None:
    pq.write_table(pa.table({"text": list(texts)}), file)


# --- index ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("suffix", "write"),
    [("txt", _lines), ("jsonl", _jsonl), ("csv", _table), ("parquet", _parquet)],
)
def test_every_format_is_indexed(
    tmp_path: Path,
    toy_preset: Path,
    capitals: None,
    suffix: str,
    write: Callable[[Path, Sequence[str]], None],
    compressed: bool,
) -> None:
    file = tmp_path / f"texts.{suffix}"
    write(file, TEXTS)
    if compressed:
        packed = file.with_name(f"{file.name}.gz")
        packed.write_bytes(gzip.compress(file.read_bytes()))
        file = packed
    outcome = run("index", file, "--out", tmp_path / "index", "--preset", toy_preset)
    assert (outcome.code, outcome.out) == (0, "")
    assert ": 2 new, 0 replaced, 0 unchanged documents; 2 mentions indexed; " in outcome.err
    assert re.search(r"; \d+ s(, at most [\d,]+ MiB of memory)?\n$", outcome.err)
    assert sorted(found(tmp_path / "index").values()) == TEXTS


def test_a_folder_standard_input_and_a_whole_file(
    tmp_path: Path, toy_preset: Path, capitals: None
) -> None:
    (tmp_path / "texts").mkdir()
    _lines(tmp_path / "texts" / "one.txt", TEXTS)
    options = ["--out", tmp_path / "index", "--preset", toy_preset]
    named = tmp_path / "texts" / "one.txt"
    assert run("index", named, *options).code == 0
    assert run("index", "-", *options, stdin=b"From a pipe.\n").code == 0
    assert run("index", tmp_path / "texts", *options).code == 0
    assert found(tmp_path / "index") == {
        f"{named}:1": TEXTS[0],
        f"{named}:2": TEXTS[1],
        "stdin:1": "From a pipe.",
        f"{named}": f"{TEXTS[0]}\n{TEXTS[1]}\n",
    }


def test_fields_have_the_names_that_are_given(tmp_path: Path, toy_preset: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text('key,body,marks\nx,"Oslo, Norway","[[0, 4], [6, 12]]"\n')
    fields = ["--text-field", "body", "--id-field", "key", "--spans-field", "marks"]
    assert run("index", source, "--out", tmp_path / "i", "--preset", toy_preset, *fields).code == 0
    (hit,) = run("search", tmp_path / "i", "city", "--min-score", "-1", "--format", "jsonl").records
    assert (hit["id"], hit["text"]) == ("x", "Oslo, Norway")
    assert {mention["text"] for mention in hit["mentions"]} == {"Oslo", "Norway"}


def test_a_second_run_adds_replaces_and_leaves(index: Path, tmp_path: Path) -> None:
    changed = {"id": "b", "text": "The Prado is in Madrid.", "spans": [[4, 9]]}
    new = {"id": "d", "text": "Oslo", "spans": [[0, 4]]}
    source = write_jsonl(tmp_path / "more.jsonl", [DOCUMENTS[0], changed, new])
    outcome = run("index", source, "--out", index, "--spans-field", "spans")
    # The same document from another file is no other document.
    assert "1 new, 1 replaced, 1 updated, 0 unchanged documents; 2 mentions" in outcome.err
    assert found(index) == {"a": DOCUMENTS[0]["text"], "b": changed["text"], "d": "Oslo"}


def test_replace_starts_over(index: Path, tmp_path: Path, toy_preset: Path) -> None:
    source = write_jsonl(tmp_path / "new.jsonl", [{"id": "z", "text": "Oslo", "spans": [[0, 4]]}])
    options = ["--out", index, "--preset", toy_preset, "--spans-field", "spans"]
    assert run("index", source, *options, "--replace").code == 0
    assert found(index) == {"z": "Oslo"}


def test_replace_keeps_the_index_where_the_input_is_bad(index: Path, tmp_path: Path) -> None:
    source = tmp_path / "bad.jsonl"
    source.write_text("{")
    before = found(index)
    assert "bad.jsonl:1: not JSON" in error("index", source, "--out", index, "--replace")
    assert found(index) == before


def test_skipped_documents_are_counted_and_listed(tmp_path: Path, toy_preset: Path) -> None:
    source = tmp_path / "mixed.jsonl"
    good = [json.dumps(record) for record in DOCUMENTS]
    source.write_text("\n".join([good[0], "{", good[1], '{"spans": []}', good[0], good[2]]))
    options = ["--preset", toy_preset, "--spans-field", "spans", "--on-error", "skip"]
    outcome = run("index", source, "--out", tmp_path / "index", *options)
    assert outcome.code == 0
    summary, count, *listed = outcome.err.splitlines()
    assert "3 new" in summary
    assert count == "3 skipped:"
    places = [f"  {source}:{number}: " for number in (2, 4, 5)]
    assert [line.startswith(place) for line, place in zip(listed, places, strict=True)] == [
        True
    ] * 3


def test_only_the_first_skipped_documents_are_listed(tmp_path: Path, toy_preset: Path) -> None:
    source = tmp_path / "bad.jsonl"
    source.write_text("{\n" * 30)
    options = ["--preset", toy_preset, "--detector", "spans", "--on-error", "skip"]
    outcome = run("index", source, "--out", tmp_path / "index", *options)
    lines = outcome.err.splitlines()
    assert outcome.code == 2
    assert (lines[1], len(lines), lines[-2]) == ("30 skipped:", 24, "  … and 10 more")
    assert lines[-1].startswith("error: no document could be used")


# --- search --------------------------------------------------------------------------------------


def test_a_jsonl_line_is_a_document(index: Path) -> None:
    outcome = run("search", index, "dinosaur", "--min-score", "-1", "--format", "jsonl")
    hits = list(Retriever.open(index).search("dinosaur", min_score=-1.0))
    assert outcome.records == [
        {
            "id": hit.id,
            "score": hit.score,
            "text": hit.text,
            "mentions": [
                {
                    "start": m.start,
                    "end": m.end,
                    "text": m.text,
                    "score": m.score,
                    "detection_score": m.detection_score,
                    "name_score": m.name_score,
                    "page": None,
                }
                for m in hit.mentions
            ],
            "fields": {"file": hit.fields["file"]},
            "duplicates": 0,
        }
        for hit in hits
    ]
    assert len(hits) == 2
    assert hits[0].score >= hits[1].score


def test_a_csv_row_is_a_mention(index: Path) -> None:
    outcome = run("search", index, "dinosaur", "--min-score", "-1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    names = [
        "rank",
        "id",
        "score",
        "mention",
        "start",
        "end",
        "mention_score",
        "detection_score",
        "name_score",
        "text",
        "page",
        "duplicates",
        "field.file",
    ]
    assert list(rows[0]) == names
    assert sorted(row["mention"] for row in rows) == ["Chicago", "Louvre", "Paris", "Tyrannosaurus"]
    for row in rows:
        assert row["text"][int(row["start"]) : int(row["end"])] == row["mention"]


def test_a_search_says_how_many_it_looked_at_and_how_many_there_are(index: Path) -> None:
    some = run("search", index, "dinosaur", "--limit", "1")
    assert some.err == ("1 of 3 documents (4 mentions looked at); 1 more rank below: --limit all\n")
    every = run("search", index, "dinosaur", "--limit", "all")
    assert every.err == "2 of 3 documents (4 mentions looked at); no more\n"
    none = run("search", index, "dinosaur", "--min-score", "1")
    assert none.err == "0 of 3 documents (4 mentions looked at); no more\n"


def test_the_least_score_cuts_off(index: Path) -> None:
    scores = [record["score"] for record in run("search", index, "x", "--format", "jsonl").records]
    between = str(sum(scores) / 2)
    kept = run("search", index, "x", "--format", "jsonl", "--min-score", between).records
    assert [record["score"] for record in kept] == scores[:1]


def test_out_writes_what_would_have_been_printed(index: Path, tmp_path: Path) -> None:
    printed = run("search", index, "dinosaur", "--format", "csv").out
    before = set(tmp_path.iterdir())
    target = tmp_path / "hits.csv"
    outcome = run("search", index, "dinosaur", "--format", "csv", "--out", target)
    assert outcome.out == ""
    assert target.read_text() == printed
    assert set(tmp_path.iterdir()) == before | {target}
    run("search", index, "dinosaur", "--format", "csv", "--out", "/dev/null")
    assert Path("/dev/null").is_char_device()


def _indexed(tmp_path: Path, preset: Path, *records: dict[str, Any]) -> Path:
    source = write_jsonl(tmp_path / "one.jsonl", records)
    options = ["--preset", preset, "--spans-field", "spans"]
    assert run("index", source, "--out", tmp_path / "one", *options).code == 0
    return tmp_path / "one"


def test_a_table_shows_texts_and_ids_as_they_are(tmp_path: Path, toy_preset: Path) -> None:
    record = {
        "id": "x[bold]'; \"\n",
        "text": "The \x1b[31mLouvre\x1b[0m\r\nis [red]not[/red] here [/x].",
        "spans": [[9, 15]],
    }
    index = _indexed(tmp_path, toy_preset, record)
    with mock.patch.dict(os.environ, COLUMNS="120"):
        _, row = run("search", index, "museum").out.splitlines()
    assert "\x1b" not in row
    assert "x[bold]'; \" " in row
    assert "The  [31m[Louvre] [0m  is [red]not[/red] here [/x]." in row
    (line,) = run("search", index, "museum", "--format", "jsonl").records
    assert (line["id"], line["text"]) == (record["id"], record["text"])


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_document_is_one_line_whatever_it_holds(
    tmp_path: Path, toy_preset: Path, width: int
) -> None:
    texts = [
        "恐竜博物館 Oslo " + "x" * 300,
        "before\n\n" * 50 + "Oslo" + "\nbehind" * 50,
        "y" * 5000 + " Oslo " + "恐竜" * 100,
        "Oslo",
    ]
    records = [
        {
            "id": "i" * 60 + str(number),
            "text": text,
            "spans": [[text.index("Oslo"), text.index("Oslo") + 4]],
        }
        for number, text in enumerate(texts)
    ]
    index = _indexed(tmp_path, toy_preset, *records)
    with mock.patch.dict(os.environ, COLUMNS=str(width)):
        heading, *lines = run("search", index, "city").out.splitlines()
    assert len(lines) == len(texts)
    assert all(cell_len(line) <= width for line in (heading, *lines))
    assert all("[Oslo]" in line for line in lines)
    assert "score" in heading


def test_no_color(index: Path) -> None:
    yellow = "\x1b[1;33m"
    with mock.patch.dict(os.environ, FORCE_COLOR="1", TERM="xterm"):
        assert yellow in run("search", index, "museum").out
        with mock.patch.dict(os.environ, NO_COLOR="1"):
            assert yellow not in run("search", index, "museum").out


def _write_to(stream: io.TextIOWrapper, *arguments: str | Path) -> Any:
    with (
        mock.patch.object(sys, "argv", ["ner-retriever", *map(str, arguments)]),
        redirect_stdout(stream),
        pytest.raises(SystemExit) as end,
    ):
        main()
    return end.value.code


def test_a_reader_that_goes_away_is_no_error(index: Path, capsys: Any) -> None:
    for query in ("museum", "dinosaur"):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stream:
            code = _write_to(stream, "search", index, query, "--format", "jsonl")
        assert code == 1
        assert "error" not in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_output_that_cannot_be_written_is_one_line(index: Path, capsys: Any) -> None:
    with Path("/dev/full").open("w") as stream:
        assert _write_to(stream, "info", index) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "No space left on device" in line


# --- the other commands --------------------------------------------------------------------------


def test_delete(index: Path) -> None:
    outcome = run("delete", index, "a", "not there", "a")
    assert (outcome.code, outcome.err) == (0, "1 deleted, 1 not in the index\n")
    assert found(index) == {"b": DOCUMENTS[1]["text"]}
    assert run("delete", index, "b", "--purge").err == "1 deleted\n"
    content = b"".join(file.read_bytes() for file in index.rglob("*") if file.is_file())
    assert b"Louvre" not in content


def test_ids_are_text_and_nothing_else(tmp_path: Path, toy_preset: Path) -> None:
    ids = ["it's", '"', "a\nb", "'); DROP TABLE x; --", "%", "é", "l" * 10_000]
    records = [{"id": name, "text": "Oslo", "spans": [[0, 4]]} for name in ids]
    source = write_jsonl(tmp_path / "ids.jsonl", records)
    options = ["--preset", toy_preset, "--spans-field", "spans"]
    for expected in ("7 new", "7 unchanged"):
        outcome = run("index", source, "--out", tmp_path / "index", *options)
        assert expected in outcome.err
    for left, identifier in enumerate(ids[1:], 1):
        assert run("delete", tmp_path / "index", "--", identifier).err == "1 deleted\n"
        assert len(found(tmp_path / "index")) == len(ids) - left
    assert list(found(tmp_path / "index")) == ["it's"]


def test_info(index: Path) -> None:
    record = json.loads(run("info", index, "--format", "json").out)
    assert (record["documents"], record["mentions"], record["dimensions"]) == (3, 4, 32)
    assert record["bytes_a_document"] == round(record["bytes"] / 3)
    assert record["site"] == {"component": "value", "block": 1, "pooling": "mean"}
    assert (record["preset"], record["head"], record["detector"]) == ("toy", None, "spans")
    assert {"backbone", "version", "schema_version", "package_version", "fingerprints"} <= set(
        record
    )
    table = run("info", index).out
    assert "documents" in table
    assert "block 1, component value, pooling mean" in table


def test_models_without_a_network() -> None:
    listed = run("models", "list")
    assert listed.code == 0
    for preset in ("minilm", "smollm2", "mpnet", "llama-3.1-8b"):
        assert preset in listed.out
    message = error("models", "verify", "llama-3.1-8b")
    assert message == "Llama-3.1-8B is not here; ner-retriever models fetch llama-3.1-8b"
    assert "offline" in error("models", "fetch", "llama-3.1-8b")
    assert "no published hashes" in error("models", "verify", "somebody/model")


def test_a_damaged_model_in_the_cache_is_seen(tmp_path: Path, toy_preset: Path) -> None:
    entry = Path(os.environ["NER_RETRIEVER_CACHE"]) / "models" / "all-MiniLM-L6-v2"
    entry.mkdir(parents=True)
    (entry / "model.safetensors").write_bytes(b"not what was fetched")
    remedy = "models fetch --force all-MiniLM-L6-v2"
    assert remedy in error("models", "verify", "minilm")
    assert "damaged" in run("models", "list").out
    record = json.loads(toy_preset.read_text()) | {"backbone": "all-MiniLM-L6-v2"}
    preset = tmp_path / "preset.json"
    preset.write_text(json.dumps(record))
    arguments = ["index", "-", "--out", tmp_path / "index", "--preset", preset]
    assert remedy in error(*arguments, stdin=b"Oslo")
    assert not (tmp_path / "index").exists()


def _published(file: Path, **changes: Any) -> Path:
    generator = torch.Generator().manual_seed(0)
    state = {
        "net.0.weight": torch.randn(5, 8, generator=generator),
        "net.0.bias": torch.zeros(5),
        "net.3.weight": torch.randn(3, 5, generator=generator),
        "net.3.bias": torch.zeros(3),
    }
    torch.save({**state, **changes}, file)
    return file


def test_a_published_head_is_imported(tmp_path: Path) -> None:
    file = _published(tmp_path / "head.pth")
    outcome = run("heads", "import", file, "--out", tmp_path / "head")
    assert outcome.code == 0
    assert outcome.err.endswith("head: 8 to 3 dimensions, for preset llama-3.1-8b\n")
    assert sorted(entry.name for entry in (tmp_path / "head").iterdir()) == [
        "head.json",
        "head.safetensors",
    ]


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the authors' published head is not here")
def test_the_authors_head_is_imported_into_the_cache() -> None:
    outcome = run("heads", "import", PUBLISHED)
    assert "1024 to 500 dimensions" in outcome.err
    cache = Path(os.environ["NER_RETRIEVER_CACHE"])
    assert (cache / "heads" / "llama-3.1-8b" / "head.safetensors").is_file()


class _Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


def test_code_in_a_head_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    file = _published(tmp_path / "head.pth", **{"net.0.bias": _Bomb(mark)})
    message = error("heads", "import", file, "--out", tmp_path / "head")
    assert "not a PyTorch state dict of tensors alone" in message
    assert not mark.exists()
    assert not (tmp_path / "head").exists()


@pytest.mark.parametrize("adapter", [None, {"rank": 2}])
def test_a_head_is_trained_and_used(
    tmp_path: Path, toy_preset: Path, adapter: dict[str, int] | None
) -> None:
    cities, animals = ("Oslo", "Rome", "Lima", "Bern"), ("lynx", "wolf", "bear", "crow")
    data = write_jsonl(
        tmp_path / "typed.jsonl",
        [
            {
                "id": f"{name}-{turn}",
                "source": "made up",
                "text": f"{turn} {name}",
                "mentions": [{"start": 2, "end": 2 + len(name), "types": [kind]}],
            }
            for kind, names in (("city", cities), ("animal", animals))
            for name in names
            for turn in range(3)
        ],
    )
    config = tmp_path / "config.json"
    how = {"steps": 4, "hidden": 16, "dimensions": 8, "evaluate_every": 2, "adapter": adapter}
    config.write_text(json.dumps(how))
    (tmp_path / "benchmark.txt").write_text("2, Oslo\n")
    outcome = run(
        "train", "--data", data, "--preset", toy_preset, "--out", tmp_path / "head",
        "--config", config, "--cache", tmp_path / "cache", "--exclude", tmp_path / "benchmark.txt",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "1 texts are excluded" in outcome.err
    assert outcome.err.endswith("head: 32 to 8 dimensions\n")
    assert len((tmp_path / "head" / "log.jsonl").read_text().splitlines()) == 2
    written = {file.name for file in (tmp_path / "head").iterdir()}
    expected = {"README.md", "curves.png", "head.json", "head.safetensors", "log.jsonl"}
    assert written - {"types.txt"} == expected | ({ADAPTER_NAME} if adapter else set())
    assert "| made up | 23 | 23 |" in (tmp_path / "head" / "README.md").read_text()
    preset = json.loads(toy_preset.read_text()) | {"head": str(tmp_path / "head")}
    (tmp_path / "headed.json").write_text(json.dumps(preset))
    (tmp_path / "documents").mkdir()
    index = make_index(tmp_path / "documents", tmp_path / "headed.json")
    assert json.loads(run("info", index, "--format", "json").out)["dimensions"] == 8
    assert set(found(index)) == {"a", "b"}


COMMANDS = [
    ["index"],
    ["search"],
    ["delete"],
    ["info"],
    ["train"],
    ["evaluate"],
    ["report"],
    ["convert"],
    ["calibrate"],
    ["simulate"],
    ["queries", "list"],
    ["queries", "run"],
    ["queries", "delete"],
    ["models", "list"],
    ["models", "fetch"],
    ["models", "verify"],
    ["heads", "import"],
]


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=lambda words: " ".join(words) or "none")
def test_help_shows_an_example(command: list[str]) -> None:
    with mock.patch.dict(os.environ, COLUMNS="200", TERM="dumb"):
        outcome = run(*command, "--help")
    assert outcome.code == 0
    assert f"Example: ner-retriever {' '.join(command)}" in outcome.out


def test_as_a_module_with_the_real_detector(tmp_path: Path, toy_preset: Path) -> None:
    options = ["--out", "index", "--preset", str(toy_preset)]
    done = subprocess.run(
        [sys.executable, "-m", "ner_retriever", "index", "-", *options],
        input="Marie Curie was born in Warsaw.\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    # One line and no more: nothing that a library has to say gets through.
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(
        r"index: 1 new, 0 replaced, 0 unchanged documents; 2 mentions indexed; .*\n", done.stderr
    )
