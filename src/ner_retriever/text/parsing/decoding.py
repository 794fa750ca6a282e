"""Bytes as text, where what is said of their encoding may be wrong."""

import re

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SAID = re.compile(rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""")
_HEAD_BYTES = 4096
# As browsers take it: what is called Latin-1 is Windows-1252.
_LATIN_1 = {"iso-8859-1", "iso8859-1", "latin-1", "latin1"}


def decode_text(content: bytes, charset: str = "") -> str:
    """Decode a text: as its mark says, or as told if that fits, or as UTF-8 or Windows-1252."""
    return _decoded(content, [charset])


def decode_html(content: bytes, charset: str = "") -> str:
    """Decode a page: as its mark says, as told, as it says itself, or as :func:`decode_text`."""
    said = _SAID.search(content[:_HEAD_BYTES].lower())
    inside = said[1].decode("ascii", errors="replace") if said else ""
    # What names UTF-16 in letters of one byte each cannot be that.
    return _decoded(content, [charset, "" if inside.startswith("utf-16") else inside])


def _decoded(content: bytes, charsets: list[str]) -> str:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    for name in filter(None, (marked, *charsets, "utf-8", "cp1252")):
        try:
            return content.decode("cp1252" if name.lower() in _LATIN_1 else name)
        except (ValueError, LookupError):
            continue
    return content.decode("cp1252", errors="replace")
