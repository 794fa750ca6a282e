"""What fields are about, by their names: a corpus calls a title headline, a date published_at."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache

from ner_retriever.documents import FieldValue
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
_ISO_LENGTH = len("2020-01-31")


def by_role(fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """Return a document's fields with those that have a role called by it.

    So documents of several sources can be compared. A field keeps its name where there is one of
    the role's own name already, or what it holds is not of the role's kind.
    """
    found = _roles(tuple(fields))
    names = {name: role for role, name in found if _fits(role, fields[name])}
    return (
        {names.get(name, name): value for name, value in fields.items()} if names else dict(fields)
    )


# Most documents of a corpus have the same fields.
@lru_cache(maxsize=1_024)
def _roles(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Roles that no field is called by, each with the field that has it."""
    found = ((role, field_of_role(names, role)) for role in _ALIASES if role not in names)
    return tuple((role, name) for role, name in found if name is not None)


def parse_date(text: str) -> datetime | None:
    """Read a date or a time as ISO 8601 writes it, in UTC; ``None`` where it is something else."""
    # Digits alone are a number, whatever they may stand for.
    if len(text) < _ISO_LENGTH or text[4] != "-" or text[7] != "-":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


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
    then the one of the same role: ``published_at`` is among what is called ``date``.

    Raises:
        QueryError: there is none.
    """
    if asked in names:
        return asked
    alike = next((name for name in names if _key(name) == _key(asked)), None)
    found = alike or next(
        (role for role, aliases in _KEYS.items() if _key(asked) in aliases and role in names), None
    )
    if found is not None:
        return found
    if not names:
        raise QueryError(f"no field {asked!r}: the documents of this index have no fields")
    close = get_close_matches(asked, names, n=1)
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise QueryError(f"no field {asked!r}; {meant}fields are {listed}")


def _fits(role: str, value: FieldValue) -> bool:
    if role == "date":
        return isinstance(value, str) and parse_date(value) is not None
    return isinstance(value, str) or (role == "author" and isinstance(value, tuple))


def _key(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


_KEYS = {role: set(map(_key, aliases)) for role, aliases in _ALIASES.items()}
