"""What pages show of documents' fields: facets to filter by, and what a document is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from ner_retriever.documents import FieldValue
from ner_retriever.index.details import FILE_FIELD
from ner_retriever.index.field_roles import field_of_role
from ner_retriever.index.field_table import as_text
from ner_retriever.search.filters.facets import Facet, facets
from ner_retriever.search.results import Results

_MOST_FACETS = 8
# What is said of one document, even if some have it in common.
_NAMES_OF_ONE = {FILE_FIELD, "title", "url"}
_SAFE_SCHEMES = ("http://", "https://")
_LONGEST_TITLE = 200
_LONGEST_SHOWN = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """A document by its fields.

    Attributes:
        title: its title; empty where it has none.
        url: where it can be read; empty for none, or for one that is no web address.
        author, date: in words; empty where there is none.
        others: names and values of all other fields.
    """

    title: str
    url: str
    author: str
    date: str
    others: tuple[tuple[str, str], ...]


def about(fields: Mapping[str, FieldValue]) -> About:
    """Return what a document is about, by its fields."""
    names = list(fields)
    found = {role: field_of_role(names, role) for role in ("title", "url", "author", "date")}
    values = {role: as_text(fields[name]) if name else "" for role, name in found.items()}
    others = tuple(
        (name, as_text(value)[:_LONGEST_SHOWN])
        for name, value in fields.items()
        if name not in found.values() and name != FILE_FIELD
    )
    return About(
        title=values["title"][:_LONGEST_TITLE],
        # A script as an address must not become a link.
        url=values["url"] if values["url"].lower().startswith(_SAFE_SCHEMES) else "",
        author=values["author"][:_LONGEST_TITLE],
        date=values["date"][:_LONGEST_TITLE],
        others=others,
    )


def shown_facets(results: Results) -> list[Facet]:
    """Return the facets of an answer that help to narrow it."""
    found = facets(results.fields(), results.rows)
    narrowing = [
        facet for facet in found if len(facet.values) > 1 and facet.field not in _NAMES_OF_ONE
    ]
    return narrowing[:_MOST_FACETS]
