"""Where a page of results ends, as an opaque word that leads to the next one."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from ner_retriever.web.errors import RequestError


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A place in an answer.

    Attributes:
        answer: names the query and the state of index and judgements that it was asked of.
        offset: how many results come before.
    """

    answer: str
    offset: int

    def encode(self) -> str:
        """Return the cursor as a word that is safe in an address."""
        content = json.dumps(asdict(self), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode_cursor(word: str) -> Cursor:
    """Read what :meth:`Cursor.encode` wrote.

    Raises:
        RequestError: it isn't such a word.
    """
    try:
        padded = word.encode("ascii") + b"=" * (-len(word) % 4)
        content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        cursor = Cursor(**content)
        sound = isinstance(cursor.answer, str) and type(cursor.offset) is int
    except (UnicodeError, binascii.Error, ValueError, TypeError, RecursionError):
        sound = False
    if not sound or cursor.offset < 0:
        raise RequestError(400, "bad_cursor", "the cursor isn't one that this server gave")
    return cursor
