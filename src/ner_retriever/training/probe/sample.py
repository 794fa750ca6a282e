"""Which types the probe asks about, and which mentions count for and against each.

Typed mentions name only some of a mention's types: absent is not negative. So a mention counts as
*unlike* a type if its types are known and none of them is related to the type. Two types are
related if, anywhere in the data, one mention in fifty of the rarer has both. What neither has a
type nor is unlike it counts neither for nor against it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import ConfigError
from ner_retriever.training.typed_mentions import TypedText, sample

_RELATED = 1 / 50
_FEWEST_MENTIONS = 5


@dataclass(frozen=True, slots=True)
class Ranking:
    """A type's prototype in one half of the texts, and what it must find in the other.

    Attributes:
        shown: the type's mentions of one half, of which the prototype is made.
        searched: mentions of the other half that have the type or are unlike it, those apart whose
            surface form was shown.
        relevant: positions in ``searched`` of those that have the type.
    """

    shown: NDArray[np.int64]
    searched: NDArray[np.int64]
    relevant: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ProbeSample:
    """Mentions and the types that the probe asks about.

    Attributes:
        texts: each with its typed mentions alone, at least one.
        names: the types.
        has: (types, mentions) bool, which mentions have a type.
        unlike: (types, mentions) bool, which mentions count as not having it.
        text: (mentions,) int64, the text that a mention stands in.
        surface: (mentions,) int64, equal for equal surface forms, case folded.
        rankings: for each type, both ways round.
    """

    texts: tuple[TypedText, ...]
    names: tuple[str, ...]
    has: NDArray[np.bool_]
    unlike: NDArray[np.bool_]
    text: NDArray[np.int64]
    surface: NDArray[np.int64]
    rankings: tuple[tuple[Ranking, Ranking], ...]


def choose_sample(
    data: Sequence[TypedText], *, sources: Sequence[str] = (), limit: int | None = None, seed: int
) -> ProbeSample:
    """Draw texts and choose every type that they mention often enough.

    Often enough is: each half of the texts has five mentions of the type, and five with a surface
    form that the other half does not have.

    Args:
        data: all texts; which types are related is learned from all of them.
        sources: draw texts of these sources alone; of all, where none is named.
        limit: draw at most so many texts.
        seed: of the draw and of the halves.

    Raises:
        ConfigError: a source is not there, or fewer than two types are mentioned often enough.
    """
    _check_sources(data, sources)
    natural = (text for text in data if not sources or text.source in sources)
    texts = sample([text for text in map(_typed, natural) if text.spans], limit, seed)
    types_of = [types for text in texts for types in text.types]
    names = sorted({name for types in types_of for name in types})
    number = {name: index for index, name in enumerate(names)}
    has = np.zeros((len(names), len(types_of)), bool)
    for mention, types in enumerate(types_of):
        has[[number[name] for name in types], mention] = True
    related = _related(data, number).astype(np.float32)
    unlike = related @ has.astype(np.float32) == 0
    text = np.repeat(np.arange(len(texts)), [len(text.spans) for text in texts])
    _, surface = np.unique(list(_surfaces(texts)), return_inverse=True)
    second_half = (np.random.default_rng(seed).permutation(len(texts)) % 2 == 1)[text]
    rankings = [
        (
            _ranking(its, others, surface, second_half),
            _ranking(its, others, surface, ~second_half),
        )
        for its, others in zip(has, unlike, strict=True)
    ]
    chosen = [index for index in range(len(names)) if all(map(_is_enough, rankings[index]))]
    if len(chosen) < 2:
        raise ConfigError(
            f"{len(chosen)} types are mentioned often enough in {len(texts)} texts, and the probe "
            "needs two; raise --limit-texts, or name more --sources"
        )
    return ProbeSample(
        texts=tuple(texts),
        names=tuple(names[index] for index in chosen),
        has=has[chosen],
        unlike=unlike[chosen],
        text=text,
        surface=surface,
        rankings=tuple(rankings[index] for index in chosen),
    )


def _check_sources(data: Sequence[TypedText], sources: Sequence[str]) -> None:
    there = {text.source for text in data}
    for source in sources:
        if source not in there:
            raise ConfigError(
                f"no text is of the source {source!r}; sources in the data: "
                f"{', '.join(sorted(there))}"
            )


def _typed(text: TypedText) -> TypedText:
    """Leave out the mentions whose type is not given."""
    kept = [index for index, types in enumerate(text.types) if types]
    return TypedText(
        id=text.id,
        source=text.source,
        text=text.text,
        spans=tuple(text.spans[index] for index in kept),
        types=tuple(text.types[index] for index in kept),
    )


def _surfaces(texts: Sequence[TypedText]) -> Iterator[str]:
    for text in texts:
        for span in text.spans:
            yield text.text[span.start : span.end].casefold()


def _related(data: Sequence[TypedText], number: dict[str, int]) -> NDArray[np.bool_]:
    """Return which types are related, (types, types); each is to itself."""
    counts: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for text in data:
        for types in text.types:
            known = sorted({number[name] for name in types if name in number})
            counts.update(known)
            together.update(combinations(known, 2))
    related = np.eye(len(number), dtype=bool)
    for (one, other), both in together.items():
        related[one, other] = related[other, one] = (
            both >= min(counts[one], counts[other]) * _RELATED
        )
    return related


def _ranking(
    has: NDArray[np.bool_],
    unlike: NDArray[np.bool_],
    surface: NDArray[np.int64],
    shown_half: NDArray[np.bool_],
) -> Ranking:
    shown = np.flatnonzero(has & shown_half)
    new = ~np.isin(surface, surface[shown])
    searched = np.flatnonzero((has | unlike) & ~shown_half & new)
    return Ranking(shown, searched, np.flatnonzero(has[searched]))


def _is_enough(ranking: Ranking) -> bool:
    relevant, searched = len(ranking.relevant), len(ranking.searched)
    return (
        len(ranking.shown) >= _FEWEST_MENTIONS
        and relevant >= _FEWEST_MENTIONS
        and relevant < searched
    )
