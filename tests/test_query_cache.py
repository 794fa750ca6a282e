"""The cache of queries' vectors: what was kept is found, and nothing else is believed."""

import json
import multiprocessing
import stat
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from ner_retriever import Document, Retriever, Span
from ner_retriever.evaluation.systems.loading import load_index
from ner_retriever.evaluation.systems.ner_retriever import NerRetriever
from ner_retriever.reading import query_cache as module
from ner_retriever.reading.encoder import Encoder
from ner_retriever.reading.query_cache import QueryCache

FINGERPRINTS = {"backbone": "b", "site": "s", "head": "h", "detector": "d"}
EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NER_RETRIEVER_CACHE", str(tmp_path))
    monkeypatch.delenv("NER_RETRIEVER_QUERY_CACHE")
    return tmp_path


def opened(**changes: str) -> QueryCache:
    return QueryCache({**FINGERPRINTS, **changes}, 2)


def file(folder: Path) -> Path:
    (found,) = (folder / "queries").glob("*.json")
    return found


def test_what_was_kept_is_found_by_others(tmp_path: Path) -> None:
    cache = opened()
    assert cache.find("east") is None
    cache.keep({"east": EAST})
    cache.keep({"Nörd": NORTH})
    for one in (cache, opened(), opened(detector="another")):
        np.testing.assert_array_equal(one.find("east"), EAST)
        np.testing.assert_array_equal(one.find("Nörd"), NORTH)
        assert one.find("west") is None
    assert stat.S_IMODE(file(tmp_path).stat().st_mode) == 0o600
    assert {entry.suffix for entry in (tmp_path / "queries").iterdir()} == {".json", ".lock"}


@pytest.mark.parametrize("part", ["backbone", "site", "head"])
def test_another_model_has_a_file_of_its_own(part: str) -> None:
    opened().keep({"east": EAST})
    assert opened(**{part: "another"}).find("east") is None


def test_the_oldest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_QUERIES", 3)
    cache = opened()
    for query in "abcd":
        cache.keep({query: EAST})
    assert [query for query in "abcd" if opened().find(query) is not None] == ["b", "c", "d"]


DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-5],
    "deep": lambda content: b"[" * 100_000,
    "a list": lambda content: b"[]",
    "no vectors": lambda content: content.replace(b'"vectors"', b'"others"'),
    "vectors a list": lambda content: json.dumps({**json.loads(content), "vectors": [1]}).encode(),
    "another format": lambda content: content.replace(b'"format": 1', b'"format": 2'),
    "another model": lambda content: content.replace(b'"h"', b'"x"'),
    "not base64": lambda content: content.replace(b"AACAPwAAAAA=", b"!!!!PwAAAAA="),
    "a number": lambda content: content.replace(b'"AACAPwAAAAA="', b"17"),
    "not unit": lambda content: content.replace(b"AACAPwAAAAA=", b"AAAAAAAAAAA="),
    "not finite": lambda content: content.replace(b"AACAPwAAAAA=", b"AADAfwAAwH8="),
    "too short": lambda content: content.replace(b"AACAPwAAAAA=", b"AACAPw=="),
    "not UTF-8": lambda content: content.replace(b"east", b"\xff\xfe"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_as_if_it_were_not_there(tmp_path: Path, damage: str) -> None:
    opened().keep({"east": EAST})
    content = file(tmp_path).read_bytes()
    damaged = DAMAGE[damage](content)
    assert damaged != content
    file(tmp_path).write_bytes(damaged)
    cache = opened()
    assert cache.find("east") is None
    cache.keep({"east": EAST})
    assert file(tmp_path).read_bytes() == content


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened().keep({"east": EAST})
    monkeypatch.setattr(module, "_MOST_BYTES", file(tmp_path).stat().st_size - 1)
    assert opened().find("east") is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "queries").write_text("in the way")
    cache = opened()
    cache.keep({"east": EAST})
    assert opened().find("east") is None


def test_a_lock_that_is_held_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.01)
    cache = opened()
    cache.keep({"east": EAST})
    with FileLock(file(tmp_path).with_suffix(".lock")):
        cache.keep({"north": NORTH})
    assert opened().find("north") is None


def test_two_processes_lose_nothing() -> None:
    context = multiprocessing.get_context("spawn")
    names = [[f"{process}-{number}" for number in range(20)] for process in range(2)]
    writers = [context.Process(target=_keep, args=(its,)) for its in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    cache = opened()
    assert [cache.find(name) is not None for its in names for name in its] == [True] * 40


def _keep(names: list[str]) -> None:
    cache = opened()
    for name in names:
        cache.keep({name: EAST})


@pytest.fixture
def index(tmp_path: Path, toy_preset: Path) -> Path:
    retriever = Retriever.create(tmp_path / "index", preset=str(toy_preset), detector="spans")
    retriever.add([Document("a", "Sue stands in Chicago.", (Span(0, 3), Span(14, 21)))])
    return tmp_path / "index"


def asked(
    index: Path, monkeypatch: pytest.MonkeyPatch, *queries: str, query_cache: bool = True
) -> list[str]:
    """Search, and return what the encoder had to read."""
    read: list[str] = []
    embed = Encoder.queries

    def reading(self: Encoder, types: list[str]) -> np.ndarray:
        read.extend(types)
        return embed(self, types)

    monkeypatch.setattr(Encoder, "queries", reading)
    for query in queries:
        list(Retriever.open(index, query_cache=query_cache).search(query))
    monkeypatch.setattr(Encoder, "queries", embed)
    return read


def test_a_query_that_was_asked_before_loads_no_model(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list(Retriever.open(index).search("city"))
    assert asked(index, monkeypatch, "city", " City ", "river", "CITY") == ["river"]
    again = Retriever.open(index)
    assert list(again.search("city")) == first
    assert "encoder" not in again.__dict__


@pytest.mark.parametrize("value", ["0", "off", "False", "no"])
def test_the_cache_can_be_turned_off(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("NER_RETRIEVER_QUERY_CACHE", value)
    assert asked(index, monkeypatch, "city", "city") == ["city", "city"]
    assert not (tmp_path / "queries").exists()


def test_a_retriever_can_do_without(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(index, monkeypatch, "city", "city", query_cache=False) == ["city", "city"]
    assert not (tmp_path / "queries").exists()


def test_an_evaluation_is_not_quicker_the_second_time(
    index: Path, tmp_path: Path, toy_preset: Path
) -> None:
    pool = [Document("a", "Sue stands in Chicago.", (Span(0, 3), Span(14, 21)))]
    for system in (
        NerRetriever(str(toy_preset)),
        load_index(index, spans="gold"),
    ):
        system.index(pool)
        system.rank("city")
    assert not (tmp_path / "queries").exists()
