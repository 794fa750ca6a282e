"""What a benchmark is: distinct texts, gold mentions with types, and a query for each type."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, InputError
from ner_retriever.text.gold import GoldText
from ner_retriever.text.gold.records import merge

# MultiCoNER 2's catch-all classes; Few-NERD's are recognised by their ending.
_OTHER_CLASSES = frozenset({"OtherPER", "OtherLOC", "OtherPROD"})


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A pool of texts, the types asked for, and which text mentions which.

    Attributes:
        name: the benchmark's name on the command line.
        texts: the pool, every text once.
        queries: the query's text for each type, sorted by type.
        other_types: catch-all types, which the macro average leaves out.
        notes: which file was read and what was left out, one sentence each.

    Raises:
        InputError: there is no text or no type, or no text mentions one of the types.
    """

    name: str
    texts: tuple[GoldText, ...]
    queries: Mapping[str, str]
    other_types: frozenset[str]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.texts or not self.queries:
            raise InputError(
                f"the benchmark {self.name} has {len(self.texts)} texts and {len(self.queries)} "
                "types; at least one of each is needed: check that the file is the right one"
            )
        mentioned = {label for text in self.texts for label in _types(text)}
        if missing := sorted(set(self.queries) - mentioned):
            raise InputError(
                f"no text of the benchmark {self.name} mentions {', '.join(missing)}; R-Precision "
                "is not defined without a relevant text: leave the type out"
            )

    @property
    def averaged(self) -> list[str]:
        """The types that the macro average is over: all but catch-all types."""
        return [label for label in self.queries if label not in self.other_types]

    def relevant(self) -> dict[str, NDArray[np.int64]]:
        """For each type, the positions in ``texts`` that mention it: (R,) int64, ascending."""
        positions: dict[str, list[int]] = {label: [] for label in self.queries}
        for position, text in enumerate(self.texts):
            for label in _types(text) & positions.keys():
                positions[label].append(position)
        return {label: np.array(found, dtype=np.int64) for label, found in positions.items()}

    def documents(self, *, spans: Sequence[Sequence[Span]] | None = None) -> list[Document]:
        """The pool as documents.

        Args:
            spans: mentions for each text; ``None`` leaves finding them to the system.
        """
        if spans is None:
            return [Document(id=text.id, text=text.text) for text in self.texts]
        return [
            Document(id=text.id, text=text.text, spans=tuple(found))
            for text, found in zip(self.texts, spans, strict=True)
        ]

    def gold_spans(self) -> list[tuple[Span, ...]]:
        """The gold mentions of each text."""
        return [tuple(mention.span for mention in text.mentions) for text in self.texts]

    def sample(self, size: int, *, seed: int) -> "Benchmark":
        """A random part of the pool, in its order; types that it does not mention are dropped.

        Args:
            size: how many texts; a pool that is no larger is returned whole.

        Raises:
            ConfigError: the size is not positive.
        """
        if size < 1:
            raise ConfigError(f"a sample must hold at least one text, not {size}")
        if size >= len(self.texts):
            return self
        chosen = np.random.default_rng(seed).choice(len(self.texts), size=size, replace=False)
        texts = [self.texts[position] for position in sorted(chosen.tolist())]
        return self._restricted(
            texts, f"A sample of {size} of {len(self.texts)} texts (seed {seed})."
        )

    def without_short(self, fewest_words: int) -> "Benchmark":
        """The pool without texts of fewer words; types that it no longer mentions are dropped.

        Args:
            fewest_words: how many words, with single spaces between them, a text must have.

        Raises:
            InputError: nothing is left.
        """
        texts = [text for text in self.texts if text.text.count(" ") + 1 >= fewest_words]
        short = len(self.texts) - len(texts)
        if not short:
            return self
        return self._restricted(
            texts, f"Texts of fewer than {fewest_words} words, left out: {short}."
        )

    def _restricted(self, texts: Sequence[GoldText], note: str) -> "Benchmark":
        mentioned = {label for text in texts for label in _types(text)}
        queries = {label: query for label, query in self.queries.items() if label in mentioned}
        notes = [*self.notes, note]
        if dropped := sorted(set(self.queries) - set(queries)):
            notes.append(f"Types that no text left mentions: {', '.join(dropped)}.")
        return replace(
            self,
            texts=tuple(texts),
            queries=queries,
            other_types=self.other_types & queries.keys(),
            notes=tuple(notes),
        )


def is_other(label: str) -> bool:
    """Whether a type is a catch-all (``person-other``, ``OtherPER``), not something to ask for."""
    return label.endswith("-other") or label in _OTHER_CLASSES


def assemble(
    name: str,
    texts: Iterable[GoldText],
    *,
    queries: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Benchmark:
    """Make a benchmark of texts as they were read.

    Identical texts become one, with the mentions of all under the id of the first. Types that no
    text mentions get no query.

    Args:
        queries: the query's text for every type that the texts may mention.

    Raises:
        InputError: two different texts have the same id, or nothing is left to ask for.
    """
    merged: dict[str, GoldText] = {}
    owners: dict[str, str] = {}
    total = 0
    for text in texts:
        total += 1
        if owners.setdefault(text.id, text.text) != text.text:
            raise InputError(
                f"two different texts of the benchmark {name} have the id {text.id!r}; "
                "give every text an id of its own"
            )
        known = merged.get(text.text)
        if known is not None:
            text = replace(known, mentions=(*known.mentions, *text.mentions))  # noqa: PLW2901
        merged[text.text] = replace(text, mentions=merge(text.mentions))
    distinct = tuple(merged.values())
    mentioned = sorted({label for text in distinct for label in _types(text)})
    notes = list(notes)
    if total > len(distinct):
        notes.append(f"{total} texts, {len(distinct)} of them distinct.")
    return Benchmark(
        name=name,
        texts=distinct,
        queries={label: queries[label] for label in mentioned},
        other_types=frozenset(filter(is_other, mentioned)),
        notes=tuple(notes),
    )


def _types(text: GoldText) -> set[str]:
    return {label for mention in text.mentions for label in mention.types}
