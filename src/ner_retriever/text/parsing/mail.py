"""Mail: the body, and each attachment of a kind that is read as a document of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from email.parser import BytesFeedParser
from typing import Any

from ner_retriever.text.parsing import kinds
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.decoding import decode_html, decode_text
from ner_retriever.text.parsing.mail_headers import fields_of, file_name
from ner_retriever.text.parsing.outcome import (
    Failure,
    Found,
    Job,
    Notice,
    Parsed,
    SignOfLife,
    Text,
    Unparsable,
    damaged,
    too_large,
    without_text,
)
from ner_retriever.text.parsing.visible_text import add_visible

DEEPEST = 5
MOST_ATTACHMENTS = 1_000
MOST_PARTS = 10_000
LARGEST_ATTACHMENT = 64 << 20
_MAIL = ".eml"
_CHUNK_BYTES = 1 << 16
# Which of several alternatives of a text is read; Apple's programs put files among them.
_WANTED = ("text/plain", "text/html", "multipart/")
_WITH_FILES = "multipart/mixed"
# As they come where a mail program did not name them.
_SUFFIXES = {
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "text/html": ".html",
    "text/plain": ".txt",
}


@dataclass
class _Content:
    """What a mail is made of."""

    body: list[str] = field(default_factory=list)
    attached: list[tuple[str, Message]] = field(default_factory=list)
    parts: int = 0


def parse_mail(content: bytes, job: Job) -> Parsed:
    """Yield the mail, then its attachments, and those of mails that are attached.

    Raises:
        Unparsable: it is no mail, or nests too deep, or nothing of it is text.
    """
    mail = _parse(content)
    del content
    if not mail.keys():
        raise damaged("mail", "it has no headers")
    yield from _read(mail, job)


def _parse(content: bytes) -> Message:
    # All at once, the standard library would copy it to four bytes a character.
    parser = BytesFeedParser()
    for start in range(0, len(content), _CHUNK_BYTES):
        parser.feed(content[start : start + _CHUNK_BYTES])
    mail: Message = parser.close()
    return mail


def _read(mail: Message, job: Job) -> Parsed:
    content = _Content()
    _sort(mail, content)
    named = list(_with_names(content.attached[:MOST_ATTACHMENTS]))
    fields = fields_of(mail)
    text = "\n\n".join(content.body)
    # What has no body is still to be found by what it is about.
    text = text or str(fields["title"])
    readable = [(name, part) for name, part in named if kinds.is_readable(_suffix(name))]
    if text:
        others = [name for name, _ in named if not kinds.is_readable(_suffix(name))]
        yield Text(text=text, fields={**fields, "attachments": others})
    elif not readable:
        raise without_text()
    if len(content.attached) > MOST_ATTACHMENTS:
        yield Notice(message=f"{MOST_ATTACHMENTS:,} of its attachments are read")
    inherited = {name: fields[name] for name in ("title", "date")}
    for name, part in readable:
        for found in _attachment(name, part, job):
            yield _with_fields(found, inherited)
        yield SignOfLife()


def _sort(part: Message, content: _Content) -> None:
    """Part a mail into body and attachments, in their order."""
    content.parts += 1
    if content.parts > MOST_PARTS:
        raise too_large(f"has over {MOST_PARTS:,} parts")
    kind = part.get_content_type()
    if kind == "message/rfc822":
        content.attached.append((file_name(part) or "message.eml", part))
    elif part.is_multipart():
        inner = _payload(part)
        if kind == "multipart/alternative":
            inner = _best(inner)
        for found in inner:
            _sort(found, content)
    elif name := file_name(part):
        content.attached.append((name, part))
    elif part.get_content_disposition() == "attachment":
        content.attached.append((f"attachment{_SUFFIXES.get(kind, '')}", part))
    elif kind in {"text/plain", "text/html"} and (text := _body_text(part).strip()):
        content.body.append(text)


def _payload(part: Message) -> list[Message]:
    payload = part.get_payload()
    return (
        [inner for inner in payload if isinstance(inner, Message)]
        if isinstance(payload, list)
        else []
    )


def _best(alternatives: list[Message]) -> list[Message]:
    """Choose plain text before anything else, with the files that stand among the alternatives."""
    texts = [part for part in alternatives if not file_name(part)]
    chosen = next(
        (
            part
            for wanted in _WANTED
            for part in texts
            if part.get_content_type().startswith(wanted)
            and (part.is_multipart() or _body_text(part).strip())
        ),
        None,
    )
    if chosen is None:
        return alternatives
    others = [
        part
        for part in alternatives
        if part is not chosen and (file_name(part) or part.get_content_type() == _WITH_FILES)
    ]
    return [chosen, *others]


def _body_text(part: Message) -> str:
    raw = _decoded(part)
    charset = _charset(part)
    if part.get_content_type() == "text/html":
        blocks = Blocks()
        add_visible(decode_html(raw, charset), blocks)
        return blocks.text
    return decode_text(raw, charset).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(part: Message) -> bytes:
    """Undo base64, quoted-printable and the like; what is broken stays as it is."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset("")
    except (LookupError, UnicodeError, ValueError):
        return ""


def _attachment(name: str, part: Message, job: Job) -> Iterator[Found]:
    """Parse an attachment; an error of it is none of the mail."""
    suffix = _suffix(name)
    inner = replace(job, suffix=suffix, text_columns=(), is_utf8=False, depth=job.depth + 1)
    if inner.depth > DEEPEST:
        yield Notice(message=f"mails nested more than {DEEPEST} deep are not read", path=(name,))
        return
    # A quarter less than what it is encoded as.
    if _encoded_size(part) * 3 // 4 > LARGEST_ATTACHMENT:
        yield Notice(
            message=f"left out: an attachment of over {LARGEST_ATTACHMENT >> 20} MiB", path=(name,)
        )
        return
    try:
        for found in _parsed(part, inner):
            yield _nested(found, name)
    except ImportError as error:
        yield Notice(
            message=f"left out: {error.name or error} is not installed; "
            "pip install 'ner-retriever[documents]'",
            path=(name,),
        )
    except Unparsable as error:
        yield Failure(message=str(error), reason=error.reason, path=(name,))
    except MemoryError:
        raise
    # Parsers of broken files raise what nobody foresaw.
    except Exception as error:
        told = damaged(suffix.removeprefix(".").upper(), f"{type(error).__name__}: {error}")
        yield Failure(message=str(told), reason=told.reason, path=(name,))


def _with_fields(found: Found, inherited: Mapping[str, Any]) -> Found:
    """Give what is attached the fields of its mail that it lacks."""
    if not isinstance(found, Text) or found.attached_to != ():
        return found
    own = {name: value for name, value in found.fields.items() if value}
    return replace(found, fields={**inherited, **own})


def _nested(found: Found, name: str) -> Found:
    """Tell of what was found in an attachment that it was there."""
    match found:
        case Text(attached_to=None):
            return replace(found, path=(name, *found.path), attached_to=())
        case Text(attached_to=tuple(mail)):
            return replace(found, path=(name, *found.path), attached_to=(name, *mail))
        case Failure() | Notice():
            return replace(found, path=(name, *found.path))
    return found


def _parsed(part: Message, job: Job) -> Parsed:
    if job.suffix == _MAIL and part.is_multipart():
        mails = _payload(part)
        return _read(mails[0], job) if mails else iter(())
    return kinds.parser_of(job.suffix)(_decoded(part), job)


def _encoded_size(part: Message) -> int:
    payload = part.get_payload()
    return len(payload) if isinstance(payload, str) else 0


def _suffix(name: str) -> str:
    _, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot else ""


def _with_names(attached: list[tuple[str, Message]]) -> Iterator[tuple[str, Message]]:
    """Tell attachments of the same name apart: ``a.pdf``, ``a (2).pdf``."""
    taken: set[str] = set()
    for given, part in attached:
        is_mail = part.get_content_type() == "message/rfc822"
        name = f"{given}{_MAIL}" if is_mail and _suffix(given) != _MAIL else given
        stem, dot, last = name.rpartition(".")
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{stem} ({number}){dot}{last}" if dot else f"{name} ({number})"
        taken.add(unique)
        yield unique, part
