"""What is found below folders: order, links, and what is no file."""

import os
import sys
from pathlib import Path

import pytest

from ner_retriever.errors import DocumentError, InputError
from ner_retriever.text.sources import find_sources
from reading_documents import read_documents

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")


def write(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def found(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    passed: list[tuple[str, str]] = []
    sources = find_sources(
        [folder],
        pass_over=lambda path, why: passed.append((path.relative_to(folder).as_posix(), why)),
    )
    return [source.path.relative_to(folder).as_posix() for source in sources], passed


def test_order_is_that_of_the_parts_of_paths(tmp_path):
    names = ["a/z.txt", "a.txt", "a-b/c.txt", "a/b/c.txt", "B.txt", "é.txt", "a/b.txt"]
    for name in names:
        write(tmp_path / name)
    assert found(tmp_path)[0] == sorted(names, key=lambda name: name.split("/"))


def test_links(tmp_path):
    folder = tmp_path / "folder"
    write(folder / "b" / "kept.txt")
    other = write(folder / "other.data")
    outside = write(tmp_path / "outside.txt")
    (folder / "a.txt").symlink_to(folder / "b" / "kept.txt")
    (folder / "c.txt").symlink_to(other)
    (folder / "d.txt").symlink_to(other)
    (folder / "e.txt").symlink_to(outside)
    (folder / "broken.txt").symlink_to(folder / "gone.txt")
    (folder / "circle.txt").symlink_to(folder / "circle.txt")
    (folder / "loop").symlink_to(folder)
    assert found(folder) == (
        ["b/kept.txt", "c.txt"],
        [
            ("a.txt", "link to a file that is read"),
            ("broken.txt", "broken link"),
            ("circle.txt", "broken link"),
            ("d.txt", "link to a file that is read"),
            ("e.txt", "link out of the folder"),
            ("loop", "link to a folder"),
            ("other.data", "unknown kind"),
        ],
    )


def test_pipes_and_closed_folders_are_passed_over(tmp_path):
    write(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    expected = [("pipe.txt", "no ordinary file")]
    if os.geteuid():
        expected.insert(0, ("closed", "folder that may not be read"))
    try:
        assert found(tmp_path) == (["a.txt"], expected)
    finally:
        closed.chmod(0o700)


def test_file_that_may_not_be_read_is_its_error(tmp_path):
    if not os.geteuid():
        pytest.skip("may read everything")
    write(tmp_path / "a.txt").chmod(0)
    write(tmp_path / "b.txt", "kept")
    errors: list[DocumentError] = []
    assert [d.text for d in read_documents([tmp_path], on_error=errors.append)] == ["kept"]
    assert [error.reason for error in errors] == ["damaged"]


def test_nothing_to_read_is_an_error(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(InputError, match="no file to read"):
        find_sources([tmp_path])


def test_names_in_the_folder_that_one_is_in(tmp_path, monkeypatch):
    write(tmp_path / "sub" / "a.txt")
    monkeypatch.chdir(tmp_path)
    assert [source.name for source in find_sources(["."])] == ["sub/a.txt"]
    assert [source.name for source in find_sources(["sub/"])] == ["sub/a.txt"]
    assert [source.name for source in find_sources(["sub/../sub"])] == ["sub/a.txt"]
