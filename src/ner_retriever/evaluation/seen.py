"""What a head may have seen in training: which types are not new to it, and which texts."""

from collections.abc import Iterable, Mapping

from ner_retriever.evaluation.benchmarks import Benchmark
from ner_retriever.heads.projection.record import find_head
from ner_retriever.text.normal_form import letters, singular

_TYPES_NAME = "types.txt"


def read_training_types(head: str | None) -> frozenset[str] | None:
    """The names of the types that a head was trained on, a line each in ``types.txt`` beside it.

    ``None`` where there is no head, or it does not say.

    Args:
        head: a head's name or folder.

    Raises:
        WeightsNotFound: there is no such head.
    """
    if head is None:
        return None
    file = find_head(head) / _TYPES_NAME
    if not file.is_file():
        return None
    return frozenset(filter(None, file.read_text(encoding="utf-8").splitlines()))


def seen_types(queries: Mapping[str, str], training_types: Iterable[str]) -> frozenset[str]:
    """The types whose name, or its last word, is a training type, in the singular or the plural.

    Case and underscores do not matter. ``Political Party`` was seen where training had "party" or
    "political parties".

    Args:
        queries: the query's text for each type.
        training_types: the names of the types in the training data.
    """
    known = {singular(_plain(name)) for name in training_types}
    return frozenset(
        label
        for label, query in queries.items()
        if {singular(_plain(query)), singular(_plain(query).rsplit(" ", 1)[-1])} & known
    )


def training_overlap(benchmark: Benchmark, training_texts: Iterable[str]) -> tuple[str, ...]:
    """The ids of the benchmark's texts that also stand in the training data.

    Letters and digits alone are compared, in lower case, so that spacing and punctuation cannot
    hide a copy. A text without any letter or digit is never counted.
    """
    ids: dict[str, list[str]] = {}
    for text in benchmark.texts:
        ids.setdefault(letters(text.text), []).append(text.id)
    ids.pop("", None)
    found = {key for key in map(letters, training_texts) if key in ids}
    return tuple(identifier for key, own in ids.items() if key in found for identifier in own)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
