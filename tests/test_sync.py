"""An index kept in step with files."""

import gzip
import os
import shutil
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.index.file_records import FILES_NAME
from ner_retriever.index.store import Store
from ner_retriever.reading.reader import Read
from ner_retriever.source_sync import SourceSync, Synced
from ner_retriever.text.formats.columns import Columns
from ner_retriever.text.formats.options import ReadOptions, TextFiles


class Reader:
    """Finds the first letter of each text, and remembers what it was given."""

    name = fingerprint = "letters"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        return [(Span(0, 1),) for _ in documents]

    def read(self, documents: Sequence[Document]) -> list[Read]:
        self.seen += [document.text for document in documents]
        vector = np.array([[1, 0]], np.float32)
        context = np.zeros((1, 0), np.float32)
        return [Read((Span(0, 1),), vector, np.zeros(1, np.int32), context) for _ in documents]


LINES = ReadOptions(text_files=TextFiles.LINES)


class Index:
    """An index folder beside a folder of files, which is the current one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "index"
        self.store = Store.create(self.path, 2)

    def plan(self, *sources: str, options: ReadOptions = LINES) -> SourceSync:
        return SourceSync(self.path, self.store, sources, options)

    def sync(self, *sources: str, options: ReadOptions = LINES, skip: bool = False) -> Synced:
        self.reader = Reader()
        errors: list[DocumentError] = []
        sync = self.plan(*sources, options=options)
        return sync.run(lambda: self.reader, on_error=errors.append if skip else None)

    def texts(self) -> dict[str, str]:
        documents = self.store.read(range(self.store.count()))
        return {document.id: document.text for document in documents}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.chdir(tmp_path)
    return Index(tmp_path)


def write(name: str, content: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_files_come_change_and_go(index: Index) -> None:
    write("a/x.txt", "one\ntwo\n")
    write("a/y.txt", "three\n")
    write("b/x.txt", "four\n")
    done = index.sync("a", "b")
    assert (done.added.new, done.removed, done.plan.unchanged) == (4, 0, 0)
    assert index.texts() == {
        "a/x.txt:1": "one",
        "a/x.txt:2": "two",
        "a/y.txt:1": "three",
        "b/x.txt:1": "four",
    }
    assert index.sync("a", "b").plan.unchanged == 3
    assert index.reader.seen == []

    write("a/x.txt", "one\n")
    Path("b/x.txt").unlink()
    write("b/z.txt", "five\n")
    planned = index.plan("a", "b")
    assert [source.name for source in planned.plan.read] == ["a/x.txt", "b/z.txt"]
    assert (planned.plan.gone, planned.documents_of_gone()) == (("b/x.txt",), ["b/x.txt:1"])
    done = index.sync("a", "b")
    assert (done.added.new, done.added.unchanged, done.removed) == (1, 1, 2)
    assert index.reader.seen == ["five"]
    assert index.texts() == {"a/x.txt:1": "one", "a/y.txt:1": "three", "b/z.txt:1": "five"}


def test_other_sources_are_left_alone(index: Index) -> None:
    write("a/x.txt", "one\n")
    write("ab/x.txt", "two\n")
    index.sync("a", "ab")
    shutil.rmtree("a")
    Path("a").mkdir()
    write("ab/x.txt", "changed\n")
    assert index.sync("a").removed == 1
    assert index.texts() == {"ab/x.txt:1": "two"}
    # What came without a file is nobody's to remove.
    shutil.rmtree("ab")
    with pytest.raises(InputError, match="no such file"):
        index.sync("nowhere")


def test_a_folder_that_is_gone_takes_its_documents_along(index: Index) -> None:
    write("a/deep/x.txt", "one\n")
    write("y.txt", "two\n")
    index.sync("a", "y.txt")
    shutil.rmtree("a")
    assert index.sync("a", "y.txt").removed == 1
    assert index.texts() == {"y.txt:1": "two"}


def test_a_file_that_was_only_touched_is_not_read(index: Index) -> None:
    path = write("a/x.txt", "one\n")
    index.sync("a")
    later = time.time() + 100
    os.utime(path, (later, later))
    assert index.sync("a").plan.unchanged == 1
    # As long, and other: its time tells, and its content.
    path.write_text("two\n")
    assert index.sync("a").added.replaced == 1


def test_other_options_read_everything_again(index: Index) -> None:
    write("a/x.jsonl", '{"text": "one", "title": "two"}\n')
    index.sync("a")
    options = ReadOptions(columns=Columns(text=("title",)))
    assert index.sync("a", options=options).added.replaced == 1
    assert index.texts() == {"a/x.jsonl:1": "two"}


def test_a_file_with_errors_loses_nothing_and_is_read_again(index: Index) -> None:
    path = write("a/x.jsonl", '{"text": "one"}\n{"text": "two"}\n')
    index.sync("a")
    path.write_text('{"text": "one"}\nnot JSON\n{"text": "three"}\n')
    done = index.sync("a", skip=True)
    assert (done.added.new, done.removed) == (1, 0)
    assert set(index.texts().values()) == {"one", "two", "three"}
    assert [source.name for source in index.plan("a").plan.read] == ["a/x.jsonl"]
    path.write_text('{"text": "one"}\n')
    assert index.sync("a", skip=True).removed == 2


def test_parts_of_files_belong_to_them(index: Index) -> None:
    Path("a").mkdir()
    with zipfile.ZipFile("a/x.zip", "w") as archive:
        archive.writestr("inner/one.txt", "one\n")
        archive.writestr("inner/two.txt", "two\n")
    Path("a/y.txt.gz").write_bytes(gzip.compress(b"three\n"))
    index.sync("a")
    assert len(index.texts()) == 3
    assert index.sync("a").plan == index.plan("a").plan
    assert index.plan("a").plan.unchanged == 2
    with zipfile.ZipFile("a/x.zip", "w") as archive:
        archive.writestr("inner/two.txt", "two\n")
    done = index.sync("a")
    assert (done.added.unchanged, done.removed) == (1, 1)
    Path("a/x.zip").unlink()
    assert index.sync("a").removed == 1
    assert len(index.texts()) == 1


def test_lines_put_in_above_move_the_others_unless_named_by_content(index: Index) -> None:
    for ids_by_content, read in ((False, 3), (True, 1)):
        options = ReadOptions(
            columns=Columns(ids_by_content=ids_by_content), text_files=TextFiles.LINES
        )
        path = write(f"{ids_by_content}/x.txt", "one\ntwo\n")
        index.sync(str(ids_by_content), options=options)
        path.write_text("zero\none\ntwo\n")
        done = index.sync(str(ids_by_content), options=options)
        assert done.by_place is not ids_by_content
        assert len(index.reader.seen) == read


def test_a_damaged_record_means_reading_again(index: Index) -> None:
    write("a/x.txt", "one\n")
    index.sync("a")
    record = index.path / FILES_NAME
    record.write_bytes(record.read_bytes()[:-20])
    assert index.sync("a").added.unchanged == 1
    record.write_bytes(b'\xff\n{"file": 1}\n[]\n')
    assert index.sync("a").added.unchanged == 1
    assert index.plan("a").plan.unchanged == 1


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_stopped_anywhere_the_next_run_ends_the_same(
    index: Index, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner_retriever.indexing._BATCH_DOCUMENTS", 2)
    write("a/gone.txt", "gone\n")
    write("a/less.txt", "one\ntwo\n")
    index.sync("a")
    Path("a/gone.txt").unlink()
    write("a/less.txt", "two\n")
    for number in range(4):
        write(f"a/{number}.txt", f"{number}a\n{number}b\n")
    batches = 0

    def stop(_: object) -> None:
        nonlocal batches
        batches += 1
        if batches > after:
            raise Killed

    with pytest.raises(Killed):
        index.plan("a").run(Reader, progress=stop)
    index.store = Store.open(index.path)
    index.sync("a")
    expected = {f"{number}{letter}" for number in range(4) for letter in "ab"} | {"two"}
    assert sorted(index.texts().values()) == sorted(expected)
    # Files whose documents were stored were not read again.
    assert len(index.reader.seen) <= 9 - 2 * after
    assert index.sync("a").plan.unchanged == 5


def test_standard_input_has_nothing_to_keep_in_step_with(index: Index) -> None:
    with pytest.raises(InputError, match="standard input cannot be kept in step"):
        index.sync("-")


NAMES = st.sampled_from(["a.txt", "b.txt", "c/d.txt", "e.jsonl"])
CONTENTS = st.lists(st.sampled_from("pqrst"), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, CONTENTS),
        st.tuples(st.just("remove"), NAMES, st.just([])),
        st.tuples(st.just("sync"), NAMES, st.just([])),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_in_step_is_what_a_new_index_would_hold(
    steps: Iterable[tuple[str, str, list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    before = Path.cwd()
    os.chdir(folder)
    try:
        kept = Index(folder)
        write("files/always.txt", "always\n")
        for step, name, lines in [*steps, ("sync", "", [])]:
            path = Path("files", name)
            if step == "write":
                form = '{{"text": "{}"}}\n' if name.endswith("jsonl") else "{}\n"
                write(str(path), "".join(map(form.format, lines)))
            elif step == "remove":
                path.unlink(missing_ok=True)
            else:
                kept.sync("files")
        anew = Index(folder / "anew")
        anew.sync("files")
        assert kept.texts() == anew.texts()
        assert kept.store.sources() == anew.store.sources()
    finally:
        os.chdir(before)
