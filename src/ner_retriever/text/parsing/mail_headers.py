"""Headers of mails, decoded; those that are broken as far as they can be read."""

import re
from email.errors import HeaderParseError
from email.header import Header, decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Any

from ner_retriever.text.parsing.blocks import one_line
from ner_retriever.text.parsing.dates import iso_of_mail
from ner_retriever.text.parsing.decoding import decode_text

_MOST_ADDRESSES = 500
_LONGEST = 100_000
_NO_NAME = re.compile(r"[/\\\0]")


def fields_of(mail: Message) -> dict[str, Any]:
    """Return title, author, receivers, date and message ID."""
    return {
        "title": header(mail, "Subject"),
        "author": ", ".join(addresses(mail, "From")),
        "to": addresses(mail, "To"),
        "cc": addresses(mail, "Cc"),
        "date": iso_of_mail(header(mail, "Date")),
        "message_id": header(mail, "Message-ID"),
    }


def header(mail: Message, name: str) -> str:
    """Return a header on one line; nothing where there is none."""
    return one_line(decoded(mail.get(name, "")))


def addresses(mail: Message, name: str) -> list[str]:
    """Return the addresses of a header: ``Jane Roe <jane@example.org>``."""
    given = [_written(value) for value in mail.get_all(name, [])]
    try:
        # Parted before they are decoded: a name may hold commas.
        found = getaddresses(given, strict=False)
    except TypeError:
        found = getaddresses(given)
    shown = []
    for person, address in found[:_MOST_ADDRESSES]:
        person_ = one_line(decoded(person))
        shown.append(f"{person_} <{address}>" if person_ and address else person_ or address)
    return [text for text in shown if text]


def decoded(value: Any) -> str:
    """Decode what RFC 2047 has encoded, and bytes that stand there as they are."""
    text = _written(value)
    try:
        return "".join(_told(part, charset or "") for part, charset in decode_header(text))
    except (ValueError, HeaderParseError):
        return text


def file_name(part: Message) -> str:
    """Return the name of an attachment, without folders; nothing where it has none."""
    try:
        given = part.get_filename("")
    except (ValueError, LookupError, TypeError):
        return ""
    return _NO_NAME.sub("_", one_line(decoded(given)))[:200]


def _written(value: Any) -> str:
    # As a header comes that has bytes above 127 in it.
    if isinstance(value, Header):
        value = "".join(_told(part, "") for part, _ in decode_header(value))
    return str(value)[:_LONGEST]


def _told(part: Any, charset: str) -> str:
    if isinstance(part, bytes):
        return decode_text(part, charset)
    return str(part)
