"""Augmentation: the same text without case, in capitals, without punctuation, misread."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ner_retriever.training.detection.examples import Example, Range

T = TypeVar("T")

_WORD = re.compile(r"\w+")
_MISTAKEN = 0.04
_CONFUSED = dict(zip("lIoOe5SbhnuvgqctaBE0", "1l00cS5hbunyqgefo8FO", strict=True))
_KEPT_SIGNS = frozenset("-'’&/+")


def augmented(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], NDArray[np.int64]]:
    """Augment a share of examples, drawn by chance, each in one way.

    Returns:
        The augmented ones, and which examples they were.
    """
    random = np.random.default_rng(seed)
    drawn = np.flatnonzero(random.random(len(examples)) < share)
    kinds = random.choice(len(_AUGMENTATIONS), len(drawn), p=_SHARES)
    changed = [
        _AUGMENTATIONS[kind](examples[number])
        for number, kind in zip(drawn.tolist(), kinds.tolist(), strict=True)
    ]
    return changed, drawn


def lower(example: Example) -> Example:
    """Without capitals."""
    return replace(example, text=_recased(example.text, str.lower))


def upper(example: Example) -> Example:
    """In capitals, as a headline."""
    return replace(example, text=_recased(example.text, str.upper))


def title(example: Example) -> Example:
    """With a capital at each word."""
    return replace(example, text=_recased(example.text, str.capitalize))


def bare(example: Example) -> Example:
    """In small letters and without punctuation, as a query or a transcript."""
    text = _recased(example.text, str.lower)
    kept = [
        place
        for place, sign in enumerate(text)
        if sign.isalnum() or sign.isspace() or sign in _KEPT_SIGNS
    ]
    # Where a sign's place is after those before it have gone.
    places = np.searchsorted(kept, np.arange(len(text) + 1)).tolist()
    return replace(
        example,
        text="".join(text[place] for place in kept),
        targets=_moved(example.targets, places),
        gold=frozenset(_moved(dict.fromkeys(example.gold, 1.0), places)),
        names=_moved(example.names, places),
    )


def noisy(example: Example) -> Example:
    """With signs mistaken for others, as by a scanner."""
    random = np.random.default_rng(len(example.text))
    mistaken = random.random(len(example.text)) < _MISTAKEN
    return replace(
        example,
        text="".join(
            _CONFUSED.get(sign, sign) if wrong else sign
            for sign, wrong in zip(example.text, mistaken, strict=True)
        ),
    )


def _moved(told: Mapping[Range, T], places: Sequence[int]) -> dict[Range, T]:
    moved = {(places[start], places[end]): value for (start, end), value in told.items()}
    return {(start, end): value for (start, end), value in moved.items() if start < end}


def _recased(text: str, change: Callable[[str], str]) -> str:
    return _WORD.sub(lambda match: _recased_word(match.group(), change), text)


def _recased_word(word: str, change: Callable[[str], str]) -> str:
    changed = change(word)
    # Offsets must hold: with their case a few letters change their number ("ﬁ", "İ").
    return changed if len(changed) == len(word) else word


_AUGMENTATIONS: tuple[Callable[[Example], Example], ...] = (lower, bare, upper, title, noisy)
_SHARES = (0.3, 0.35, 0.1, 0.1, 0.15)
