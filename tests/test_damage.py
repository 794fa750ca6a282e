"""Every file of an index is damaged in many ways; an answer is then right, or an error.

A disk that loses a bit, a copy that stops half way and a program that writes into the wrong file
look like this. What must never come of it is a wrong answer, or a traceback.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli_helpers import DOCUMENTS, Outcome, run, write_jsonl
from ner_retriever import Retriever
from ner_retriever.search.feedback import Feedback, Judgement
from ner_retriever.search.query import Query
from ner_retriever.search.saved import SavedQuery
from toys import headed

SEARCH = ["search", "INDEX", "thing", "--like", "a:8-21", "--limit", "all", "--format", "jsonl"]
COMMANDS = {
    "search": [*SEARCH, "--near", "city", "--with", "museum"],
    "run a saved query": ["queries", "run", "INDEX", "museums", "--format", "jsonl"],
    "list saved queries": ["queries", "list", "INDEX"],
    "index again": ["index", "SOURCE", "--out", "INDEX", "--spans-field", "spans"],
}
# Which commands read the files of a folder of the index, in the order in which they are asked.
READERS = {
    "scan": ("search",),
    "queries": ("run a saved query", "list saved queries"),
}
OTHER_READERS = ("search", "index again")
LOCKS = {"lock", "write.lock"}


@pytest.fixture(scope="module", autouse=True)
def remembered_queries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """Have queries' vectors kept, so that hundreds of searches load the model once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NER_RETRIEVER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield patch


@pytest.fixture(autouse=True)
def own_cache(remembered_queries: pytest.MonkeyPatch) -> None:
    """In the place of the fixture that forgets queries."""
    remembered_queries.setenv("NER_RETRIEVER_QUERY_CACHE", "1")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("source") / "documents.jsonl", DOCUMENTS)


@pytest.fixture(scope="module")
def whole(source: Path, remembered_queries: pytest.MonkeyPatch) -> Path:
    """An index with all kinds of files: deletions, an index over ids, saved queries."""
    index = source.parent / "index"
    headed(source.parent, context_weight=0.4)
    preset = str(source.parent / "toy.json")
    retriever = Retriever.create(index, preset=preset, detector="spans")
    retriever.add([*DOCUMENTS, {"id": "gone", "text": "Rome", "spans": [[0, 4]]}])
    # The purge makes an index over the ids, and forgets versions that nobody reads.
    retriever.delete(["gone"], purge=True)
    more = ("too", "many")
    retriever.add({"id": name, "text": f"{name} in Rome", "spans": [[0, 3]]} for name in more)
    retriever.delete(["many"])
    judged = [("a", 8, 21, True), ("b", 17, 22, False)]
    feedback = Feedback(
        history=tuple(
            Judgement(id=name, start=start, end=end, relevant=relevant)
            for name, start, end, relevant in judged
        )
    )
    for name, query in (("museums", "museum"), ("cities", "city")):
        saved = SavedQuery(name=name, query=Query(describe=query), feedback=feedback)
        retriever.queries.create(saved)
    for command in COMMANDS:
        assert ask(command, index, source).code == 0
    return index


@pytest.fixture(scope="module")
def right(whole: Path, source: Path) -> dict[str, Outcome]:
    return {command: ask(command, whole, source) for command in COMMANDS}


def flipped(place: float) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        byte = min(int(len(content) * place), len(content) - 1)
        return content[:byte] + bytes([content[byte] ^ 0x10]) + content[byte + 1 :]

    return flip


DAMAGES: dict[str, Callable[[bytes], bytes] | None] = {
    "first byte flipped": flipped(0),
    "bit flipped at a quarter": flipped(0.25),
    "bit flipped in the middle": flipped(0.5),
    "bit flipped at three quarters": flipped(0.75),
    "last byte flipped": flipped(1),
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda _: b"",
    "zeroed": lambda content: bytes(len(content)),
    "a page zeroed": lambda content: content[:-64] + bytes(min(64, len(content))),
    "grown": lambda content: content + content[:100],
    "swapped": None,
    "removed": None,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_answers_from_a_damaged_index_are_right_or_errors(
    whole: Path, right: dict[str, Outcome], source: Path, tmp_path: Path, damage: str
) -> None:
    names = [file.relative_to(whole) for file in sorted(whole.rglob("*")) if file.is_file()]
    names = [name for name in names if name.name not in LOCKS]
    assert all((whole / name).stat().st_size for name in names)
    folders = {"/".join(name.parts[:-1][:2]) for name in names}
    assert {f"store.lance/{part}" for part in ("data", "_deletions", "_indices")} < folders
    wrong = []
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        index = tmp_path / "index"
        shutil.copytree(whole, index)
        spoil(index, name, other, damage)
        for command in READERS.get(name.parts[0], OTHER_READERS):
            outcome = ask(command, index, source)
            if not is_right(outcome, right[command]) and not is_missing(name, damage, command):
                wrong.append((str(name), command, outcome))
        shutil.rmtree(index)
    assert wrong == []


def spoil(index: Path, name: Path, other: Path, damage: str) -> None:
    file = index / name
    if damage == "removed":
        file.unlink()
    elif damage == "swapped":
        content = file.read_bytes()
        file.write_bytes((index / other).read_bytes())
        (index / other).write_bytes(content)
    else:
        change = DAMAGES[damage]
        assert change is not None
        file.write_bytes(change(file.read_bytes()))


def is_right(outcome: Outcome, expected: Outcome) -> bool:
    """Whether an outcome is the expected one, or an error on one line."""
    if outcome.code == 2:
        (line,) = outcome.err.splitlines()
        return line.startswith("error: ") and outcome.out == ""
    return (outcome.code, outcome.out) == (0, expected.out) and (
        expected.out != "" or told(outcome) == told(expected)
    )


def told(outcome: Outcome) -> str:
    """What indexing says of documents, without its time and memory."""
    return outcome.err.partition(":")[2].partition(";")[0]


def is_missing(name: Path, damage: str, command: str) -> bool:
    """A saved query whose file is gone is one that was deleted."""
    return (name.parent.name, damage, command) == ("queries", "removed", "list saved queries")


def ask(command: str, index: Path, source: Path) -> Outcome:
    places = {"INDEX": str(index), "SOURCE": str(source)}
    return run(*(places.get(argument, argument) for argument in COMMANDS[command]))
