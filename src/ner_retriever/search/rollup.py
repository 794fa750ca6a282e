"""An answer rolled up by entity: mentions whose surface forms match, taken together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ner_retriever.documents import Hit

Order = Literal["score", "documents", "mentions", "name"]


@dataclass(frozen=True, slots=True)
class Entity:
    """Mentions that name the same thing, as far as their letters tell.

    Attributes:
        name: the most frequent surface form, without article and possessive.
        forms: all surface forms as they stand in the texts, most frequent first.
        documents: ids of the documents that mention it, best first.
        mentions: how many mentions there are.
        score: of the best mention.
    """

    name: str
    forms: tuple[str, ...]
    documents: tuple[str, ...]
    mentions: int
    score: float


def rollup(hits: Iterable[Hit], *, order: Order = "score") -> list[Entity]:
    """Group the listed mentions of documents by entity.

    Args:
        hits: an answer; each mention that a hit lists counts.
        order: what comes first: the best score, most documents, most mentions, or A before Z;
            equal ones by name.
    """
    raise NotImplementedError


def entity_key(surface: str) -> str:
    """Return what joins surface forms: folded case, no article, no possessive, single spaces."""
    raise NotImplementedError
