import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ner_retriever import temporary
from ner_retriever.temporary import TemporaryFolder, remove_abandoned

OWNER = """
import time
from pathlib import Path
from ner_retriever.temporary import TemporaryFolder

with TemporaryFolder() as name:
    Path(name, "large").write_text("x" * 1000)
    print(name, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files, in which no one waits for locks."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(temporary, "_SECONDS_TO_LOCK", 0)
    return tmp_path


def test_a_folder_goes_with_its_owner(folder: Path) -> None:
    with TemporaryFolder() as name:
        assert Path(name).parent == folder
        Path(name, "file").write_text("x")
        with TemporaryFolder() as other:
            assert other != name
        assert Path(name, "file").is_file()
    assert [*folder.iterdir()] == []


def test_what_a_killed_process_left_goes_at_the_next_start(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        left = Path(owner.stdout.readline().strip())
        remove_abandoned()
        assert (left / "large").is_file()
        owner.send_signal(signal.SIGKILL)
    assert (left / "large").is_file()
    remove_abandoned()
    assert not left.exists()


def test_what_may_be_anothers_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ner-retriever-mine", "ner-retriever-bench-x", "other"):
        (folder / name).mkdir()
    (folder / "other" / "owner.lock").touch()
    (folder / "ner-retriever-file").touch()
    (folder / "ner-retriever-link").symlink_to(folder / "other")
    before = sorted(folder.rglob("*"))
    remove_abandoned()
    assert sorted(folder.rglob("*")) == before

    # Of another user, or made just now.
    (folder / "ner-retriever-mine" / "owner.lock").touch()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: -1)
        remove_abandoned()
    monkeypatch.setattr(temporary, "_SECONDS_TO_LOCK", 60)
    remove_abandoned()
    assert (folder / "ner-retriever-mine").is_dir()
    later = time.time() + 61
    monkeypatch.setattr(temporary.time, "time", lambda: later)
    remove_abandoned()
    assert not (folder / "ner-retriever-mine").exists()


def test_no_folder_for_temporary_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "nowhere"))
    remove_abandoned()
    with pytest.raises(OSError, match="nowhere"):
        TemporaryFolder()
