"""The commands evaluate, report and convert, as a user types them."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ner_retriever import Retriever
from ner_retriever.cli import main
from ner_retriever.cli.app import app
from reading_documents import read_documents

TYPED = [
    ("a", "Sue the Tyrannosaurus stands in Chicago.", [(8, 21, "dinosaur"), (32, 39, "city")]),
    ("b", "The Louvre is in Paris.", [(4, 10, "museum"), (17, 22, "city")]),
    ("c", "A Stegosaurus came to the Prado.", [(2, 13, "dinosaur"), (26, 31, "museum")]),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "typed.jsonl"
    records = [
        {
            "id": name,
            "text": text,
            "mentions": [
                {"start": start, "end": end, "types": [label]} for start, end, label in mentions
            ],
        }
        for name, text, mentions in TYPED
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def run(*arguments: str | Path) -> tuple[str, str]:
    """Standard output and standard error of a command that must succeed."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None, result.exception
    return result.stdout, result.stderr


def fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str | Path
) -> str:
    """The one line on standard error of a command that must exit with 2."""
    monkeypatch.setattr(sys, "argv", ["ner-retriever", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_info:
        main()
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def test_evaluate_writes_results_and_a_table(tmp_path: Path, data: Path, toy_preset: Path) -> None:
    out = tmp_path / "results.json"
    command = ["evaluate", "jsonl", "--data", data, "--spans", "gold", "--preset", toy_preset]
    systems = ["--system", "ner-retriever", "--system", "untrained", "--system", "bm25"]
    table, notes = run(*command, *systems, "--training-data", data, "--examples", "1", "--out", out)
    for name in ("ner-retriever", "untrained", "bm25", "R-Precision", "a text"):
        assert name in table
    assert "jsonl, gold mentions, 3 texts, 3 types." in notes
    assert "Texts that also stand in the training data: 3 (a, b, c)." in notes
    result = json.loads(out.read_text())
    assert set(result["systems"]) == {"ner-retriever", "untrained", "bm25"}
    assert set(result["systems"]["bm25"]["per_type"]) == {"dinosaur", "city", "museum"}
    # 6 mentions of 32 float16 numbers in 3 texts.
    assert result["systems"]["ner-retriever"]["bytes_a_text"] == 128
    assert len(result["systems"]["ner-retriever"]["examples"]) == 3
    assert "examples" not in result["systems"]["bm25"]
    _, said = run("report", out, "--errors", tmp_path / "errors.md")
    assert said == f"{tmp_path / 'errors.md'}\n"
    assert "## 3. " in (tmp_path / "errors.md").read_text()


def test_training_data_may_be_in_any_format_of_train(tmp_path: Path, data: Path) -> None:
    columns, names = tmp_path / "train.conll", tmp_path / "names.json"
    columns.write_text("The O\nLouvre B-ORG\nis O\nin O\nParis B-LOC\n. O\n")
    names.write_text('{"ORG": "museum", "LOC": "city"}')
    command = ["evaluate", "jsonl", "--data", data, "--system", "bm25"]
    _, notes = run(*command, "--training-data", columns, "--label-map", names)
    assert "Texts that also stand in the training data: 1 (b)." in notes


def test_evaluate_detects_by_default_and_samples(
    tmp_path: Path, data: Path, toy_preset: Path
) -> None:
    out = tmp_path / "results.json"
    command = ["evaluate", "jsonl", "--data", data, "--preset", toy_preset]
    _, notes = run(
        *command, "--system", "ner-retriever", "--limit-texts", 2, "--seed", 1, "--out", out
    )
    result = json.loads(out.read_text())
    assert (result["spans"], result["texts"], result["seed"]) == ("detected", 2, 1)
    assert result["detection"]["detector"] == "spacy"
    assert "detected by spacy: exact recall" in notes


def test_convert_index_and_evaluate_the_index(tmp_path: Path, data: Path, toy_preset: Path) -> None:
    documents, index, out = (tmp_path / name for name in ("texts.jsonl", "my.index", "r.json"))
    run("convert", "jsonl", "--data", data, "--out", documents)
    run("index", documents, "--out", index, "--preset", toy_preset, "--spans-field", "spans")
    command = ["evaluate", "jsonl", "--data", data, "--spans", "gold", "--preset", toy_preset]
    run(*command, "--system", "ner-retriever", "--system", f"index:{index}", "--out", out)
    systems = json.loads(out.read_text())["systems"]
    assert systems["index:my.index"]["per_type"] == systems["ner-retriever"]["per_type"]


def test_convert_keeps_texts_and_spans(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "texts.jsonl"
    _, notes = run("convert", "jsonl", "--data", data, "--out", out)
    assert notes.startswith("3 texts; ")
    read = list(read_documents([str(out)], spans_field="spans"))
    assert [
        (text.id, text.text, [(span.start, span.end) for span in text.spans or ()]) for text in read
    ] == [(name, text, [(start, end) for start, end, _ in found]) for name, text, found in TYPED]
    first = json.loads(out.read_text().splitlines()[0])
    assert first["spans"][0] == {"start": 8, "end": 21, "types": ["dinosaur"]}


def test_convert_keeps_short_sentences_and_writes_to_standard_output(tmp_path: Path) -> None:
    file = tmp_path / "dev.txt"
    file.write_text("Oslo\tlocation-GPE\nshone\tO\n")
    lines, _ = run("convert", "few-nerd", "--data", file)
    assert json.loads(lines) == {
        "id": "dev-1",
        "text": "Oslo shone",
        "spans": [{"start": 0, "end": 4, "types": ["location-GPE"]}],
    }


def test_report_makes_a_page_of_results(tmp_path: Path, data: Path, toy_preset: Path) -> None:
    out, page = tmp_path / "results.json", tmp_path / "docs" / "benchmarks.md"
    run(
        "evaluate", "jsonl", "--data", data, "--preset", toy_preset, "--spans", "gold", "--out", out
    )
    _, said = run("report", out, "--out", page)
    assert "4 charts" in said
    assert "| ner-retriever | measured |" in page.read_text()
    assert (page.parent / "figures" / "jsonl.png").is_file()


def test_one_line_errors(
    tmp_path: Path,
    data: Path,
    toy_preset: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = ["--data", data]
    Retriever.create(tmp_path / "empty.index", preset=str(toy_preset), detector="spans")
    for message, *arguments in (
        ("unknown benchmark 'few'", "evaluate", "few", *here),
        ("no such file or folder", "evaluate", "jsonl", "--data", tmp_path / "nowhere"),
        ("no official download", "evaluate", "jsonl"),
        ("offline no network is asked", "evaluate", "few-nerd"),
        ("unknown system 'bm26'", "evaluate", "jsonl", *here, "--system", "bm26"),
        ("unknown preset 'big'", "evaluate", "jsonl", *here, "--preset", "big"),
        ("no detector 'eyes'", "evaluate", "jsonl", *here, "--detector", "eyes"),
        ("make it first", "evaluate", "jsonl", *here, "--out", tmp_path / "no" / "r.json"),
        ("no file", "evaluate", "jsonl", *here, "--training-data", tmp_path / "none.jsonl"),
        ("pass a label map", "evaluate", "jsonl", *here, "--training-data", tmp_path / "t.conll"),
        (
            "lacks 3 of the benchmark's 3 texts",
            "evaluate",
            "jsonl",
            *here,
            "--system",
            f"index:{tmp_path / 'empty.index'}",
        ),
        ("cannot be read as a result file", "report", tmp_path / "r", "--out", tmp_path / "p.md"),
        ("nothing to write", "report", data),
        ("cannot be read as a result", "report", data, "--errors", tmp_path / "p.md"),
        ("unknown benchmark 'few'", "convert", "few", *here),
    ):
        assert message in fail(capsys, monkeypatch, *arguments)
