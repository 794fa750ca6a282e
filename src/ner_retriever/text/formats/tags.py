"""Mentions marked token by token: IOB and its relatives."""

import re
from collections.abc import Sequence

from ner_retriever.documents import Span

# Begin, inside, and, in tag sets that mark ends as well: end, last, single, unit.
_TAG = re.compile(r"[OBIELSU](?:-\S*)?|_|-")
_OUTSIDE = ("O", "_", "-")
_GOES_ON, _LAST, _ALONE = ("I", "E", "L"), ("E", "L"), ("S", "U")


def is_tag(value: str) -> bool:
    """Whether a column's value marks whether its token is in a mention."""
    return _TAG.fullmatch(value) is not None


def tagged_spans(tags: Sequence[str], tokens: Sequence[Span]) -> tuple[Span, ...]:
    """Return the mentions that tags mark.

    A tag that goes on with what has not begun begins a mention, as in conlleval.

    Args:
        tags: as ``is_tag`` knows them.
        tokens: where each tag's token stands.
    """
    spans: list[Span] = []
    # The kind of the mention that the next token may belong to.
    current: str | None = None
    for tag, token in zip(tags, tokens, strict=True):
        mark, _, kind = tag.partition("-")
        if tag.startswith(_OUTSIDE):
            current = None
            continue
        if mark in _GOES_ON and kind == current:
            spans[-1] = Span(spans[-1].start, max(token.end, spans[-1].end))
        else:
            spans.append(token)
        current = None if mark in (*_LAST, *_ALONE) else kind
    return tuple(spans)
