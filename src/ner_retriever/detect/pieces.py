"""Texts longer than a model reads at once: cut, detect, shift back."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ner_retriever.detect.base import tidy
from ner_retriever.documents import Span

# Best place first; a piece ends behind the match.
_BORDERS = (
    re.compile(r"\n"),
    re.compile(r"[.!?…][\"'”’)\]]*\s|[。！？]"),
    re.compile(r"\s"),
)


def cut(text: str, *, limit: int) -> list[tuple[int, int]]:
    """Cut a text into pieces, at line breaks, sentence ends or white space where there are any.

    Args:
        text: any text; an empty one has no pieces.
        limit: characters in a piece at most, at least 1.

    Returns:
        The pieces' character offsets, end exclusive. Together they are the whole text.
    """
    pieces = []
    start = 0
    while len(text) - start > limit:
        end = _border(text, start, start + limit)
        pieces.append((start, end))
        start = end
    if start < len(text):
        pieces.append((start, len(text)))
    return pieces


def detect_in_pieces(
    texts: Sequence[str],
    *,
    cut: Callable[[str], Iterable[tuple[int, int]]],
    find: Callable[[Sequence[str]], Iterable[Iterable[Span]]],
) -> list[tuple[Span, ...]]:
    """Find spans in texts, piece by piece.

    Args:
        texts: what to read.
        cut: gives the character offsets of a text's pieces, which may overlap.
        find: gives the spans of each piece, as offsets in that piece. It is called once, with
            the pieces of all texts that hold more than white space.

    Returns:
        One tuple a text, in the same order, as ``tidy`` leaves it, with offsets in the text.
    """
    found: list[list[Span]] = [[] for _ in texts]
    places = [
        (index, start, end)
        for index, text in enumerate(texts)
        for start, end in cut(text)
        if not text[start:end].isspace()
    ]
    pieces = [texts[index][start:end] for index, start, end in places]
    for (index, offset, _), spans in zip(places, find(pieces), strict=True):
        found[index].extend(
            replace(span, start=span.start + offset, end=span.end + offset) for span in spans
        )
    return [tidy(text, spans) for text, spans in zip(texts, found, strict=True)]


def _border(text: str, start: int, end: int) -> int:
    # The second half first, lest a heading's line break leave a piece of three words.
    for low in (start + (end - start) // 2, start):
        for pattern in _BORDERS:
            matches = list(pattern.finditer(text, low, end))
            if matches:
                return matches[-1].end()
    return end
