"""Paragraphs of training texts, most of which are single sentences."""

from collections.abc import Collection, Sequence
from itertools import groupby

import numpy as np

from ner_retriever.documents import Span
from ner_retriever.training.typed_mentions import TypedText

_FEWEST, _MOST = 2, 8
_MEAN = (_FEWEST + _MOST) / 2
# Most paragraphs of this length are read in one window.
_MOST_CHARACTERS = 900
_ENDS = (".", "!", "?", '."', '!"', '?"')


def join_paragraphs(
    texts: Sequence[TypedText], share: float, seed: int, *, apart: Collection[str] = ()
) -> list[TypedText]:
    """Join some texts with those that follow them, which are of the same source.

    A head that has seen single sentences alone does worse on paragraphs. Neighbours are often of
    one article or domain. Only texts that end like a sentence are joined.

    Args:
        share: of the texts that end like a sentence, how many are joined; about so many.
        seed: of every draw.
        apart: sources whose texts stay as they are.

    Returns:
        The texts in their order, each of them once, alone or in a paragraph.
    """
    generator = np.random.default_rng(seed)
    begins = share / (_MEAN * (1 - share) + share)
    made: list[TypedText] = []
    for (source, sentence), run in groupby(texts, key=_kind):
        waiting = list(run)
        if not share or not sentence or source in apart:
            made += waiting
            continue
        while waiting:
            count = int(generator.integers(_FEWEST, _MOST + 1)) if _drawn(generator, begins) else 1
            paragraph = _fitting(waiting[:count])
            made.append(_joined(paragraph))
            waiting = waiting[len(paragraph) :]
    return made


def _kind(text: TypedText) -> tuple[str, bool]:
    return text.source, text.text.rstrip().endswith(_ENDS)


def _drawn(generator: np.random.Generator, share: float) -> bool:
    return bool(generator.random() < share)


def _fitting(texts: Sequence[TypedText]) -> Sequence[TypedText]:
    """Return the first of texts, and those after it that make no overlong paragraph with it."""
    lengths = np.cumsum([len(text.text) for text in texts])
    return texts[: max(1, int(np.searchsorted(lengths, _MOST_CHARACTERS, side="right")))]


def _joined(texts: Sequence[TypedText]) -> TypedText:
    whole = ""
    spans: list[Span] = []
    for text in texts:
        if whole:
            whole = whole.rstrip() + " "
        spans += [Span(len(whole) + span.start, len(whole) + span.end) for span in text.spans]
        whole += text.text
    types = tuple(types for text in texts for types in text.types)
    return TypedText(texts[0].id, texts[0].source, whole, tuple(spans), types)
