"""Texts cut into pieces, marked or not, as templates show them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ner_retriever.documents import Hit, Mention
from ner_retriever.text.windows import sentence_starts

_LONGEST_SENTENCE = 360
_CONTEXT = 140
_LISTED_FORMS = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text.

    Attributes:
        text: as it stands there.
        kind: ``best`` or ``other`` for a mention, empty for what stands between.
        title: what a pointer shows of it.
    """

    text: str
    kind: str = ""
    title: str = ""


def sentence(hit: Hit) -> list[Piece]:
    """Cut the sentence of a hit's best mention into pieces; a long one is shortened."""
    best = hit.mentions[0]
    first, last = _sentence_around(hit.text, best)
    start, end = _shortened(hit.text, first, last, best)
    cut_before, cut_after = int(start > first), int(end < last)
    pieces = pieces_of(hit.text, start, end, hit.mentions, strong=1)
    return [Piece("… ")] * cut_before + pieces + [Piece(" …")] * cut_after


def pieces_of(
    text: str, start: int, end: int, mentions: Sequence[Mention], *, strong: int
) -> list[Piece]:
    """Cut a part of a text at its mentions.

    Args:
        mentions: the first of those that overlap is marked.
        strong: how many of them, from the first on, are marked as ``best``.
    """
    chosen: list[tuple[Mention, str]] = []
    covered = bytearray(len(text))
    for rank, mention in enumerate(mentions):
        inside = start <= mention.start and mention.end <= end
        if inside and not any(covered[mention.start : mention.end]):
            covered[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
            chosen.append((mention, "best" if rank < strong else "other"))
    pieces, place = [], start
    for mention, kind in sorted(chosen, key=lambda item: item[0].start):
        pieces.append(Piece(text[place : mention.start]))
        title = f"{mention.score:.3f} · {mention.start}–{mention.end}"
        pieces.append(Piece(mention.text, kind, title))
        place = mention.end
    pieces.append(Piece(text[place:end]))
    return [piece for piece in pieces if piece.text]


def other_forms(hit: Hit) -> str:
    """Name a hit's other mentions, each surface form once, but not those that overlap the best."""
    best = hit.mentions[0]
    forms = {
        mention.text.casefold(): mention.text
        for mention in reversed(hit.mentions)
        if mention.end <= best.start or best.end <= mention.start
    }
    forms.pop(best.text.casefold(), None)
    listed = list(forms.values())[::-1]
    more = len(listed) - _LISTED_FORMS
    return ", ".join(listed[:_LISTED_FORMS]) + (f" and {more} more" if more > 0 else "")


def _sentence_around(text: str, mention: Mention) -> tuple[int, int]:
    starts = [*sentence_starts(text), len(text)]
    start = starts[bisect_right(starts, mention.start, hi=len(starts) - 1) - 1]
    end = starts[min(bisect_right(starts, mention.end - 1), len(starts) - 1)]
    end = max(mention.end, start + len(text[start:end].rstrip()))
    return start, end


def _shortened(text: str, start: int, end: int, mention: Mention) -> tuple[int, int]:
    if end - start <= _LONGEST_SENTENCE:
        return start, end
    first = max(start, mention.start - _CONTEXT)
    last = min(end, mention.end + _CONTEXT)
    # Cut between words where there are any.
    if first > start:
        first += text[first : mention.start].find(" ") + 1
    if last < end:
        space = text.rfind(" ", mention.end, last)
        last = space if space > 0 else last
    return first, last
