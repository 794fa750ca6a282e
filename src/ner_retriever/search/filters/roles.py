"""What fields are about, by their names: a corpus calls a title headline, a date published_at."""

from collections.abc import Sequence
from difflib import get_close_matches

from ner_retriever.errors import QueryError

_ALIASES = {
    "title": ("title", "headline", "subject", "heading", "name"),
    "url": ("url", "link", "href", "uri", "permalink", "canonical_url", "web_url"),
    "author": ("author", "authors", "byline", "creator", "by", "from"),
    "date": (
        "date",
        "published",
        "published_at",
        "publication_date",
        "pub_date",
        "pubdate",
        "date_published",
        "datetime",
        "timestamp",
        "created_at",
        "created",
        "time",
        "day",
    ),
}
_LISTED = 20


def field_of_role(names: Sequence[str], role: str) -> str | None:
    """Return the field that holds a document's title, url, author or date, if one does.

    Args:
        names: of the fields there are.
        role: ``title``, ``url``, ``author`` or ``date``.
    """
    by_key = {_key(name): name for name in reversed(names)}
    aliases = _ALIASES.get(role, ())
    return next((by_key[_key(alias)] for alias in aliases if _key(alias) in by_key), None)


def find_field(names: Sequence[str], asked: str) -> str:
    """Return the field that a name means.

    A field of exactly that name comes first, then one that is written otherwise (``Published At``),
    then the one that has the role of that name.

    Raises:
        QueryError: there is none.
    """
    if asked in names:
        return asked
    alike = next((name for name in names if _key(name) == _key(asked)), None)
    found = alike or field_of_role(names, asked.casefold())
    if found is not None:
        return found
    if not names:
        raise QueryError(f"no field {asked!r}: the documents of this index have no fields")
    close = get_close_matches(asked, names, n=1)
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise QueryError(f"no field {asked!r}; {meant}fields are {listed}")


def _key(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
