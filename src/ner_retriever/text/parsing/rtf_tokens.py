"""What RTF is made of: control words, braces, bytes; and what the words mean."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?"
    rb"|\\'([0-9a-fA-F]{2})"
    rb"|\\([^a-zA-Z])"
    rb"|([{}])"
    rb"|[\r\n\0]+"
    rb"|([^\\{}\r\n\0]+)",
    re.DOTALL,
)
# Groups that hold nothing of the text.
HIDDEN = frozenset(
    {
        "annotation", "atnauthor", "atndate", "atnid", "atnref", "atrfend", "atrfstart", "bkmkend",
        "bkmkstart", "blipuid", "colorschememapping", "colortbl", "datafield", "datastore",
        "factoidname", "falt", "fldinst", "footer", "footerf", "footerl", "footerr", "generator",
        "header", "headerf", "headerl", "headerr", "latentstyles", "listoverridetable", "listtable",
        "mmathPr", "nonshppict", "objdata", "object", "operator", "panose", "passwordhash",
        "pgdsctbl", "pict", "private", "revtbl", "rsidtbl", "stylesheet", "template", "themedata",
        "tc", "userprops", "wgrffmtfilter", "xe", "xmlnstbl", "filetbl",
    }
)  # fmt: skip
LETTERS = {
    "tab": "\t",
    "line": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}
SYMBOLS = {"~": "\u00a0", "_": "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}
# Which bytes a font's letters are, by the numbers that Windows gave to scripts.
CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_BINARY = "bin"


@dataclass(slots=True)
class Token:
    """One of: a control word with its number, a symbol, a brace, a byte, or bytes of text."""

    word: str = ""
    number: int | None = None
    symbol: str | None = None
    brace: str | None = None
    hex: int | None = None
    raw: bytes | None = None


def tokens_of(content: bytes) -> Iterator[Token]:
    """Yield the tokens; pictures that are written as bytes are passed over."""
    position = 0
    while match := _TOKEN.match(content, position):
        position = match.end()
        word, number, byte, symbol, brace, raw = match.groups()
        if word is not None:
            name, value = word.decode("ascii"), None if number is None else int(number)
            if name == _BINARY and value and value > 0:
                position += value
                continue
            yield Token(word=name, number=value)
        elif byte is not None:
            yield Token(hex=int(byte, 16))
        elif symbol is not None:
            yield Token(symbol=symbol.decode("latin-1"))
        elif brace is not None:
            yield Token(brace=brace.decode("ascii"))
        elif raw is not None:
            yield Token(raw=raw)
