"""A text with everything that annotators marked in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ner_retriever.documents import Span


@dataclass(frozen=True, slots=True)
class GoldMention:
    """A mention that annotators marked.

    Attributes:
        span: where it stands, in characters of the text.
        types: the types that it was given; empty where it was marked without one.
    """

    span: Span
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldText:
    """A text with everything that annotators marked in it.

    Attributes:
        id: unique in a corpus.
        text: the text.
        mentions: in the order of the text.
    """

    id: str
    text: str
    mentions: tuple[GoldMention, ...]


def merge(mentions: Iterable[GoldMention]) -> tuple[GoldMention, ...]:
    """One mention a span, with the types of all, in the order of the text."""
    types: dict[tuple[int, int], dict[str, None]] = {}
    for mention in mentions:
        key = (mention.span.start, mention.span.end)
        types.setdefault(key, {}).update(dict.fromkeys(mention.types))
    return tuple(
        GoldMention(Span(start, end), tuple(types[start, end])) for start, end in sorted(types)
    )
