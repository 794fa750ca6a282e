"""Bad input: one line that names the thing and the remedy, exit code 2, and nothing lost."""

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli_helpers import DOCUMENTS, error, found, make_index, run, write_jsonl
from ner_retriever.heads.projection.files import save_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.index.lock import write_lock

ALL = {"a": DOCUMENTS[0]["text"], "b": DOCUMENTS[1]["text"]}


@pytest.fixture
def index(tmp_path: Path, toy_preset: Path) -> Iterator[Path]:
    """An index that must answer after the test as it did before."""
    path = make_index(tmp_path, toy_preset)
    yield path
    assert found(path) == ALL


def add(index: Path, *arguments: str | Path, stdin: bytes = b"") -> str:
    return error("index", *arguments, "--out", index, "--spans-field", "spans", stdin=stdin)


# --- documents -----------------------------------------------------------------------------------

LINE = b'{"id": "x", "text": "Oslo", "spans": [[0, 4]]}\n'
BAD_FILES = [
    ("empty.jsonl", b"", "empty.jsonl is empty"),
    ("blank.txt", b"\n \n", "blank.txt is empty"),
    ("latin.jsonl", b'{"text": "caf\xe9"}', "latin.jsonl:1: not UTF-8 (byte 0xe9"),
    ("cut.jsonl", LINE + b'{"id": "y", "te', "cut.jsonl:2: not JSON (Unterminated string"),
    ("field.jsonl", LINE + b'{"body": "x"}', "field.jsonl:2: no field 'text' (fields here: body)"),
    ("number.jsonl", b'{"text": 5, "spans": []}', "must hold a text, or a list of texts, not int"),
    ("list.jsonl", b'["text"]', "list.jsonl:1: a line must hold a JSON object"),
    ("twice.jsonl", LINE + LINE, "twice.jsonl:2: another document of this run has the id 'x'"),
    ("outside.jsonl", b'{"text": "x", "spans": [[0, 9]]}', "0-9 does not lie in a text of 1"),
    ("binary.jsonl", bytes(range(128, 256)) * 8, "binary.jsonl:1: not UTF-8"),
    ("deep.jsonl", b"[" * 100_000, "deep.jsonl:1: not JSON"),
    ("surrogate.jsonl", b'{"text": "\\ud800", "spans": []}', "half of a surrogate pair"),
    ("column.csv", b"id,body\n1,x\n", "no column 'text' (columns here: id, body)"),
    ("ragged.csv", b"text,spans\na\n", "ragged.csv:2: 1 fields where the header has 2"),
    ("binary.parquet", b"PAR1 no more", "binary.parquet:1: cannot be read"),
    ("no.jsonl.gz", b"not gzip", "no.jsonl.gz:1: cannot be read"),
    ("page.php", b"<p>", "unknown kind of file '.php'"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES, ids=[c[0] for c in BAD_FILES])
def test_bad_files(index: Path, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    said = add(index, tmp_path / name)
    assert message in said
    assert name in said


def test_sources_that_are_not_there(index: Path, tmp_path: Path) -> None:
    assert add(index, tmp_path / "no.txt").endswith(
        "no.txt: no such file or folder; check the path"
    )
    (tmp_path / "folder.jsonl").mkdir()
    assert "no file to read in this folder" in add(index, tmp_path / "folder.jsonl")
    assert "unknown kind of file" in add(index, "/dev/null")
    assert "stdin is empty" in add(index, "-")


def test_a_line_of_ten_megabytes(index: Path, tmp_path: Path) -> None:
    line = json.dumps({"id": "x", "text": "x" * 10_000_000, "spans": [[0, 1]]})
    (tmp_path / "long.jsonl").write_text(line)
    message = add(index, tmp_path / "long.jsonl")
    assert "long.jsonl:1: a document of over 2000000 characters" in message
    assert "--max-characters" in message


def test_bad_input_leaves_no_index_behind(tmp_path: Path, toy_preset: Path) -> None:
    arguments = ["--out", tmp_path / "index", "--preset", toy_preset]
    error("index", "-", *arguments)
    error("index", tmp_path / "nothing.txt", *arguments)
    assert not (tmp_path / "index").exists()


# --- queries and options -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "the query '' holds no word; name a type"),
        ([" \n"], "holds no word"),
        (["…"], "holds no word"),
        (["museum\udcff"], "surrogate"),
        (["x" * 2_000], "a query of 2000 characters"),
        (["x", "--limit", "0"], "the limit must be 1 or more"),
        (["x", "--limit", "-3"], "the limit must be 1 or more"),
        (["x", "--limit", "abc"], "--limit takes a number or all, not 'abc'"),
        (["x", "--min-score", "7"], "a cosine in [-1, 1], not 7.0"),
        (["x", "--min-score", "nan"], "a cosine in [-1, 1], not nan"),
        (["x", "--min-detection", "1.5"], "the least detection score must be in [0, 1], not 1.5"),
        (["x", "--min-detection", "nan"], "the least detection score must be in [0, 1], not nan"),
    ],
)
def test_bad_queries(index: Path, arguments: list[str], message: str) -> None:
    assert message in error("search", index, *arguments)


def test_results_that_cannot_be_written(index: Path, tmp_path: Path) -> None:
    message = error("search", index, "x", "--out", tmp_path / "missing" / "hits.csv")
    assert "missing/hits.csv: No such file or directory; check that its folder is there" in message
    assert "it is a folder" in error("search", index, "x", "--out", tmp_path)
    before = set(tmp_path.iterdir())
    with full_disk(bytes_left=16):
        assert "hits.jsonl: File too large" in error(
            "search", index, "x", "--format", "jsonl", "--out", tmp_path / "hits.jsonl"
        )
    assert set(tmp_path.iterdir()) == before


def test_an_unknown_preset_or_detector(tmp_path: Path) -> None:
    arguments = ["index", "-", "--out", tmp_path / "index"]
    message = error(*arguments, "--preset", "big", stdin=b"Oslo")
    assert message.startswith("unknown preset 'big'; known: minilm, smollm2, mpnet, llama-3.1-8b")
    assert "unknown preset 'no.json'" in error(*arguments, "--preset", "no.json", stdin=b"Oslo")
    assert not (tmp_path / "index").exists()


def test_an_unknown_detector(tmp_path: Path, toy_preset: Path) -> None:
    arguments = ["index", "-", "--out", tmp_path / "index", "--preset", toy_preset]
    message = error(*arguments, "--detector", "magic", stdin=b"Oslo")
    assert message.startswith(
        "no detector 'magic'; choose mention-head, mention-head:FOLDER, spans, spacy, gliner:MODEL"
    )
    assert not (tmp_path / "index").exists()
    assert "'spans' finds none" in error(*arguments, "--detector", "spans", stdin=b"Oslo")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "as JSON"),
        ("[1]", "must hold a JSON object, not list"),
        ('{"colour": 1}', "unknown key 'colour' in preset; known keys: backbone, head"),
        ("{}", "'backbone' and 'site'"),
        ('{"backbone": "x", "site": "value"}', "site must be an object"),
        ('{"backbone": 5}', "backbone must be"),
        ('{"max_tokens": "many"}', "max_tokens must be"),
        ('{"prefix": null}', "prefix must be"),
        ('{"query_template": 5}', "query_template must be"),
        ('{"site": {"component": "soul", "block": 1, "pooling": "mean"}}', "component 'soul'"),
        ('{"site": {"component": "value", "block": "1", "pooling": "mean"}}', "counted from 0"),
        ('{"site": {"component": "value", "block": 99, "pooling": "mean"}}', "block 99 is past"),
        ('{"backbone": "/no/such/folder"}', "no weights for '/no/such/folder'"),
        ('{"head": "/no/such/head"}', "no head '/no/such/head'"),
    ],
)
def test_bad_presets(tmp_path: Path, toy_preset: Path, content: str, message: str) -> None:
    preset = tmp_path / "bad.json"
    if content.startswith('{"') and 'site": "' not in content:
        content = json.dumps(json.loads(toy_preset.read_text()) | json.loads(content))
    preset.write_text(content)
    arguments = ["index", "-", "--out", tmp_path / "index", "--preset", preset]
    assert message in error(*arguments, stdin=b"Oslo")
    assert not (tmp_path / "index").exists()


# --- models --------------------------------------------------------------------------------------


@pytest.fixture
def own_model(tmp_path: Path, toy_preset: Path) -> Path:
    """The toy preset with a copy of its model that may be spoilt."""
    record = json.loads(toy_preset.read_text())
    shutil.copytree(record["backbone"], tmp_path / "model")
    (tmp_path / "own.json").write_text(json.dumps(record | {"backbone": str(tmp_path / "model")}))
    return tmp_path / "own.json"


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("kind", ["cut", "noise", "empty", "gone"])
def test_a_damaged_model(tmp_path: Path, own_model: Path, name: str, kind: str) -> None:
    file = tmp_path / "model" / name
    content = file.read_bytes()
    match kind:
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "noise":
            file.write_bytes(b"\xff\x00noise" * 100)
        case "empty":
            file.write_bytes(b"")
        case "gone":
            file.unlink()
    arguments = ["--out", tmp_path / "index", "--preset", own_model]
    assert str(tmp_path / "model") in error("index", "-", *arguments, stdin=b"Oslo")
    assert not (tmp_path / "index").exists()


def test_windows_longer_than_the_model_reads(tmp_path: Path, toy_preset: Path) -> None:
    record = json.loads(toy_preset.read_text()) | {"max_tokens": 4_096}
    (tmp_path / "long.json").write_text(json.dumps(record))
    source = write_jsonl(
        tmp_path / "long.jsonl", [{"id": "x", "text": "Oslo " * 200, "spans": [[0, 4]]}]
    )
    arguments = ["--out", tmp_path / "index", "--preset", tmp_path / "long.json"]
    message = error("index", source, *arguments, "--spans-field", "spans")
    assert "cannot read 1 windows of up to 1002 tokens" in message
    assert "lower the preset's max_tokens" in message


def test_another_model_in_the_same_folder(tmp_path: Path, own_model: Path) -> None:
    index = make_index(tmp_path, own_model)
    weights = tmp_path / "model" / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-4] + bytes(4))
    message = error("search", index, "thing")
    assert "the index was made with backbone folder-" in message
    weights.write_bytes(content)
    assert found(index) == ALL


def test_a_damaged_head(tmp_path: Path, toy_preset: Path) -> None:
    record = json.loads(toy_preset.read_text()) | {"head": str(tmp_path / "head")}
    preset = tmp_path / "headed.json"
    preset.write_text(json.dumps(record))
    from ner_retriever.backbone.weights import find_weights
    from ner_retriever.config import load_preset

    settings = load_preset(str(preset))
    save_head(
        tmp_path / "head",
        ProjectionHead(32, 8, 4),
        backbone=find_weights(settings.backbone).fingerprint,
        site=settings.site_fingerprint,
        notes={},
    )
    index = make_index(tmp_path, preset)
    weights = tmp_path / "head" / "head.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-4] + b"\xff\xff\xff\xff")
    assert "head.safetensors is damaged or another file (sha256" in error("search", index, "thing")
    weights.write_bytes(content)
    assert found(index) == ALL
    (tmp_path / "head" / "head.json").write_text("[]")
    assert "head.json cannot be read" in error("search", index, "thing")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x80\x02cos\nsystem\n", b"\0" * 99])
def test_a_file_that_is_no_published_head(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "head.pth"
    file.write_bytes(content)
    assert "head.pth is not a PyTorch state dict" in error("heads", "import", file)


def test_bad_training_data(tmp_path: Path, toy_preset: Path) -> None:
    arguments = ["train", "--preset", toy_preset, "--out", tmp_path / "head", "--data"]
    assert f"no file {tmp_path}" in error(*arguments, tmp_path / "no.jsonl")
    data = write_jsonl(tmp_path / "data.jsonl", DOCUMENTS)
    assert "data.jsonl:1: not a line of typed mentions" in error(*arguments, data)
    config = tmp_path / "config.json"
    for content, message in (
        ("{", "cannot read"),
        ("[]", "must hold a JSON object"),
        ('{"stepps": 1}', "unknown key 'stepps'"),
        ('{"steps": "all"}', "steps must be a whole number, not 'all'"),
    ):
        config.write_text(content)
        assert message in error(*arguments, data, "--config", config)
    assert not (tmp_path / "head").exists()


def test_a_published_head_that_is_not_there(tmp_path: Path) -> None:
    assert "no file" in error("heads", "import", tmp_path / "head.pth")
    assert "no file" in error("heads", "import", tmp_path)
    assert "unknown preset" in error("heads", "import", tmp_path, "--preset", "tiny")


# --- the index -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["search", "x"], ["info"], ["delete", "x"]], ids=lambda c: c[0]
)
def test_what_is_no_index(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file.txt").write_text("mine")
    name, *rest = command
    for place in (tmp_path, tmp_path / "file.txt", tmp_path / "nowhere"):
        message = error(name, place, *rest)
        assert message.startswith(f"no index at {place}; make one with: ner-retriever index")


def test_a_place_where_no_index_can_be(tmp_path: Path, toy_preset: Path) -> None:
    (tmp_path / "file.txt").write_text("mine")
    arguments = ["index", "-", "--preset", toy_preset, "--out"]
    assert "is not empty and holds no index" in error(*arguments, tmp_path, stdin=b"Oslo")
    assert "is a file" in error(*arguments, tmp_path / "file.txt", stdin=b"Oslo")
    below = tmp_path / "file.txt" / "index"
    assert "cannot make the folder" in error(*arguments, below, stdin=b"Oslo")
    assert "cannot make the folder" in error(*arguments, "/proc/index", stdin=b"Oslo")
    assert "not UTF-8" in error(*arguments, tmp_path / "\udcff", stdin=b"Oslo")
    assert (tmp_path / "file.txt").read_text() == "mine"


def test_an_index_of_another_version(index: Path) -> None:
    manifest = index / "manifest.json"
    content = manifest.read_text()
    manifest.write_text(content.replace('"schema_version": 3', '"schema_version": 99'))
    message = error("search", index, "x")
    assert "layout version 99, this package reads 3" in message
    assert "--replace" in message
    manifest.write_text(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", "["),
        ('"settings"', '"setings"'),
        ('"backbone"', '"back"'),
        ('"settings": {', '"settings": {}, "x": {'),
        ('"settings": {\n    "detector"', '"settings": {\n    "detektor"'),
    ],
)
def test_a_damaged_manifest(index: Path, old: str, new: str) -> None:
    manifest = index / "manifest.json"
    content = manifest.read_text()
    assert old in content
    manifest.write_text(content.replace(old, new))
    for command in (["search", index, "x"], ["info", index], ["index", "-", "--out", index]):
        assert "manifest.json is damaged" in error(*command, stdin=b"Oslo")
    manifest.write_text(content)


def test_other_settings_than_the_index_was_made_with(
    index: Path, tmp_path: Path, toy_preset: Path
) -> None:
    other = tmp_path / toy_preset.name
    other.write_text(json.dumps(json.loads(toy_preset.read_text()) | {"prefix": "x"}))
    source = tmp_path / "documents.jsonl"
    for option, value in (
        ("--preset", "minilm"),
        ("--preset", str(other)),
        ("--detector", "spacy"),
    ):
        message = error("index", source, "--out", index, option, value)
        assert f"the index was made with {option[2:]} " in message
        assert "--replace" in message
    same = tmp_path / "renamed.json"
    same.write_text(toy_preset.read_text())
    outcome = run("index", source, "--out", index, "--preset", same, "--spans-field", "spans")
    assert "3 unchanged" in outcome.err


def test_an_index_that_another_process_writes(index: Path) -> None:
    with write_lock(index):
        assert "another process is writing" in add(index, "-", stdin=LINE)
        assert "another process is writing" in error("delete", index, "a")


@pytest.fixture
def more(tmp_path: Path) -> Path:
    records = [
        {"id": f"more-{n}", "text": f"{n} Oslo " + "x" * 400, "spans": [[0, 1]]} for n in range(300)
    ]
    return write_jsonl(tmp_path / "more.jsonl", records)


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """Let no file grow beyond some bytes, which fails as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk(index: Path, more: Path) -> None:
    with full_disk(bytes_left=4096):
        message = add(index, more)
    assert "cannot write to" in message
    assert "what was stored before is safe" in message
    assert found(index) == ALL
    assert run("index", more, "--out", index, "--spans-field", "spans").code == 0
    assert len(found(index)) == 302
    run("delete", index, *(f"more-{n}" for n in range(300)))


def test_a_disk_that_is_full_from_the_start(tmp_path: Path, toy_preset: Path) -> None:
    arguments = ["--out", tmp_path / "index", "--preset", toy_preset, "--detector", "spans"]
    with full_disk(bytes_left=0):
        assert "cannot" in error("index", "-", *arguments, stdin=b"Oslo")
    outcome = run("index", "-", *arguments, "--spans-field", "spans", stdin=LINE)
    assert "1 new" in outcome.err


def test_an_index_that_cannot_be_written(index: Path) -> None:
    found(index)
    lock, view = index / "write.lock", index / "scan"
    lock.unlink()
    lock.mkdir()
    shutil.rmtree(view)
    view.write_text("in the way")
    assert "make the folder writable" in add(index, "-", stdin=LINE)
    assert "make the folder writable" in error("delete", index, "a")
    # Searching goes on, with a view in temporary files.
    assert found(index) == ALL
