"""Workers that parse: whatever happens to one costs a file, and none is left behind."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ner_retriever.errors import MissingExtra
from ner_retriever.text.formats import parsed
from ner_retriever.text.parsing.outcome import Failure, Found, Job, Text
from ner_retriever.text.parsing.pool import LibraryMissing, Pool
from parsing_helpers import read_one
from reading_documents import read_documents

HOSTILE = (sys.executable, str(Path(__file__).with_name("hostile_worker.py")))
SECONDS = 20.0


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(HOSTILE, seconds=SECONDS)
    yield made
    made.close()
    gc.collect()
    assert not workers()


def workers() -> list[psutil.Process]:
    """This process's workers, zombies among them."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "hostile_worker" in " ".join(cmdline(child))]


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else ["hostile_worker"]
    except psutil.NoSuchProcess:
        return []


def ask(pool: Pool, suffix: str, content: bytes = b"x") -> list[Found]:
    return list(pool.parse(Job(suffix=suffix), [content]))


def text_of(pool: Pool, suffix: str) -> str:
    (found,) = ask(pool, suffix)
    assert isinstance(found, Text), found
    return found.text


def test_a_worker_is_kept_and_what_it_prints_goes_nowhere(pool: Pool) -> None:
    assert len({text_of(pool, ".print_much") for _ in range(3)}) == 1


def test_a_parser_that_hangs() -> None:
    pool = Pool(HOSTILE, seconds=2)
    begun, failure = ask(pool, ".hang")
    assert begun == Text(text="begun")
    assert isinstance(failure, Failure)
    assert (failure.reason, "2 seconds" in failure.message) == ("too slow", True)
    assert text_of(pool, ".print_much")
    pool.close()


def test_waiting_for_who_takes_the_texts_is_not_counted() -> None:
    pool = Pool(HOSTILE, seconds=3)
    found = pool.parse(Job(suffix=".md"), [b"text"])
    next(found)
    time.sleep(3.5)
    assert list(found) == []
    pool.close()


def test_a_parser_that_crashes(pool: Pool) -> None:
    _, failure = ask(pool, ".crash")
    assert isinstance(failure, Failure)
    assert failure.reason == "parser failed"
    assert text_of(pool, ".print_much")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound memory")
def test_a_parser_that_wants_all_memory(pool: Pool) -> None:
    (failure,) = ask(pool, ".eat")
    assert isinstance(failure, Failure)
    assert (failure.reason, "2 GiB" in failure.message) == ("too large", True)
    assert text_of(pool, ".print_much")


@pytest.mark.parametrize(
    ("suffix", "message"), [(".connect", "no network"), (".start_program", "no programs")]
)
def test_parsers_reach_nothing(pool: Pool, suffix: str, message: str) -> None:
    (failure,) = ask(pool, suffix)
    assert isinstance(failure, Failure)
    assert message in failure.message


def test_a_worker_that_is_killed_in_the_middle(pool: Pool) -> None:
    found = pool.parse(Job(suffix=".hang"), [b"x"])
    next(found)
    workers()[0].kill()
    (failure,) = found
    assert isinstance(failure, Failure)
    assert text_of(pool, ".print_much")


def test_a_worker_that_is_killed_while_it_waits(pool: Pool) -> None:
    first = text_of(pool, ".print_much")
    os.kill(int(first), signal.SIGKILL)
    time.sleep(0.2)
    assert text_of(pool, ".print_much") != first


def test_who_stops_taking_texts_leaves_no_worker(pool: Pool) -> None:
    found = pool.parse(Job(suffix=".hang_with_child"), [b"x"])
    child = next(found)
    assert isinstance(child, Text)
    found.close()  # type: ignore[attr-defined]
    assert not workers()
    assert has_ended(int(child.text))


def test_files_are_parsed_at_the_same_time(pool: Pool) -> None:
    first, second = (pool.parse(Job(suffix=".md"), [b"a"]) for _ in range(2))
    assert next(first) == next(second) == Text(text="a")
    assert (list(first), list(second)) == ([], [])
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(text_of(pool, ".print_much")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 4
    assert len(workers()) <= 2


def test_a_source_that_breaks_off_leaves_the_worker_usable(pool: Pool) -> None:
    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise OSError("the disk is gone")

    first = text_of(pool, ".print_much")
    with pytest.raises(OSError, match="the disk is gone"):
        list(pool.parse(Job(suffix=".md"), broken()))
    assert text_of(pool, ".print_much") == first


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no parent")
def test_workers_end_with_who_started_them(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from ner_retriever.text.parsing.outcome import Job\n"
        "from ner_retriever.text.parsing.pool import Pool\n"
        f"pool = Pool({HOSTILE!r})\n"
        "found = pool.parse(Job(suffix='.hang_with_child'), [b'x'])\n"
        "print(next(found).text, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        worker = psutil.Process(child).parent()
        assert worker is not None
        parent.kill()
    assert has_ended(child)
    assert has_ended(worker.pid)


def has_ended(process: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_programs_beside_the_documents_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "email.py", "yaml.py", "lxml.py"):
        (tmp_path / name).write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    pool = Pool()
    for suffix, content in ((".md", b"---\na: 1\n---\nx"), (".eml", b"Subject: a\n\nx")):
        (found,) = ask(pool, suffix, content)
        assert isinstance(found, Text)
        assert found.text == "x"
    pool.close()


def test_a_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys\n"
        "sys.modules['pypdfium2'] = sys.modules['yaml'] = sys.modules['lxml'] = None\n"
        "from ner_retriever.text.parsing.worker import main\n"
        "main()\n"
    )
    pool = Pool([sys.executable, "-c", script])
    with pytest.raises(LibraryMissing, match="pypdfium2"):
        ask(pool, ".pdf")
    monkeypatch.setattr(parsed, "POOL", pool)
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(MissingExtra, match=r"pip install 'ner-retriever\[documents\]'"):
        list(read_documents([tmp_path / "a.pdf"]))
    # What the standard library reads needs nothing else.
    assert read_one(tmp_path / "a.md", b"text").text == "text"
    assert read_one(tmp_path / "a.eml", b"Subject: x\n\ntext").text == "text"
    pool.close()
