"""An answer rolled up by entity: mentions whose surface forms match, taken together."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ner_retriever.documents import Hit
from ner_retriever.errors import QueryError
from ner_retriever.text.normal_form import singular

Order = Literal["score", "documents", "mentions", "name"]

_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=\w)\s?['’](?:s|(?<=s['’]))$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entity:
    """Mentions that name the same thing, as far as their letters tell.

    Attributes:
        name: the most frequent surface form, without article and possessive.
        forms: all surface forms as they stand in the texts, most frequent first.
        documents: ids of the documents that mention it, in the order of the answer.
        mentions: how many mentions there are.
        score: of the best mention.
        is_name: whether its mentions are likelier a name than an ordinary noun.
    """

    name: str
    forms: tuple[str, ...]
    documents: tuple[str, ...]
    mentions: int
    score: float
    is_name: bool = True


def rollup(hits: Iterable[Hit], *, order: Order = "score") -> list[Entity]:
    """Group the listed mentions of documents by entity, names before ordinary nouns.

    Args:
        hits: an answer; each mention that a hit lists counts.
        order: what comes first: the best score, most documents, most mentions, or A before Z;
            equal ones by name.

    Raises:
        QueryError: no such order.
    """
    if order not in _ORDERS:
        raise QueryError(f"unknown order {order!r}; known: {', '.join(get_args(Order))}")
    groups: dict[str, _Group] = {}
    for hit in hits:
        for mention in hit.mentions:
            key = entity_key(mention.text)
            # Nouns stand in the plural too.
            group = groups.setdefault(key if mention.is_name else singular(key), _Group())
            group.forms[mention.text] += 1
            group.names += mention.is_name
            group.documents[hit.id] = None
            group.score = max(group.score, mention.score)
    entities = [group.entity() for group in groups.values()]
    return sorted(
        entities, key=lambda entity: (not entity.is_name, _ORDERS[order](entity), entity.name)
    )


def entity_key(surface: str) -> str:
    """Return what joins surface forms.

    Case and compatible forms are folded, and articles, possessives, further spaces and invisible
    signs, such as soft hyphens, are left out.
    """
    visible = (sign for sign in surface if unicodedata.category(sign) != "Cf")
    return _bare(unicodedata.normalize("NFKC", "".join(visible)).casefold())


_ORDERS: dict[str, Callable[[Entity], Any]] = {
    "score": lambda entity: -entity.score,
    "documents": lambda entity: -len(entity.documents),
    "mentions": lambda entity: -entity.mentions,
    "name": lambda entity: entity.name.casefold(),
}


@dataclass(slots=True)
class _Group:
    """An entity in the making; documents keep the order in which they came."""

    forms: Counter[str] = field(default_factory=Counter)
    documents: dict[str, None] = field(default_factory=dict)
    score: float = -1.0
    names: int = 0

    def entity(self) -> Entity:
        forms = tuple(form for form, _ in self.forms.most_common())
        return Entity(
            name=_bare(forms[0]),
            forms=forms,
            documents=tuple(self.documents),
            mentions=self.forms.total(),
            score=self.score,
            is_name=2 * self.names >= self.forms.total(),
        )


def _bare(surface: str) -> str:
    """A surface form on one line without article and possessive."""
    return _POSSESSIVE.sub("", _ARTICLE.sub("", " ".join(surface.split())))
