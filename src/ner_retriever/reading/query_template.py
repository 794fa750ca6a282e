"""A type query as a preset's model reads it: cleaned, and standing in a template."""

import unicodedata
from dataclasses import dataclass

from ner_retriever.config import Preset
from ner_retriever.documents import Span
from ner_retriever.errors import QueryError

_LONGEST_QUERY = 1000


@dataclass(frozen=True, slots=True)
class TemplatedQuery:
    """A query in its template.

    Attributes:
        text: the template, filled in.
        span: where the query itself stands in it.
    """

    text: str
    span: Span


def fill_template(preset: Preset, query: str) -> TemplatedQuery:
    """Put a query into a preset's template.

    Raises:
        QueryError: the query is empty or absurdly long.
    """
    before, _ = preset.query_template.split("{query}")
    cleaned = _clean(query)
    cleaned = cleaned.lower() if preset.lower_case_queries else cleaned
    text = preset.query_template.replace("{query}", cleaned)
    return TemplatedQuery(text, Span(len(before), len(before) + len(cleaned)))


def _clean(query: str) -> str:
    cleaned = " ".join(query.split())
    if any(unicodedata.category(character) == "Cs" for character in cleaned):
        raise QueryError(f"the query {query!r} holds half of a surrogate pair; replace it")
    if not any(unicodedata.category(character)[0] in "LNS" for character in cleaned):
        raise QueryError(f"the query {query!r} holds no word; name a type, such as 'museum'")
    if len(cleaned) > _LONGEST_QUERY:
        raise QueryError(
            f"a query of {len(cleaned)} characters; name a type in at most {_LONGEST_QUERY}"
        )
    return cleaned
