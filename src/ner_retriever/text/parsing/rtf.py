"""RTF: paragraphs, items of lists and rows of tables, from the format's control words."""

from typing import Any

from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.outcome import Job, Parsed, Text, damaged, without_text
from ner_retriever.text.parsing.rtf_tokens import CHARSETS, HIDDEN, LETTERS, SYMBOLS, tokens_of

_START = b"{\\rtf"
_DEEPEST = 1_000
_DATE = ("yr", "mo", "dy")
_FIELDS = {"title", "author"}
# By where text goes already (empty: anywhere) and a word: where it goes from there on.
_DESTINATIONS = {
    ("", "listtext"): "marker",
    ("", "pntext"): "marker",
    ("", "info"): "info",
    ("", "fonttbl"): "fonts",
    ("info", "title"): "title",
    ("info", "author"): "author",
    ("info", "creatim"): "created",
}
# Destinations that a reader may skip, and whose text is read all the same.
_READ_THOUGH_OPTIONAL = {"shptxt", "listtext", "pntext"}


def parse_rtf(content: bytes, _: Job) -> Parsed:
    """Yield the document.

    Raises:
        Unparsable: it is damaged or holds no text.
    """
    start = content[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    if not start.startswith(_START):
        raise damaged("RTF", "it does not begin as RTF does")
    reader = _Reader()
    reader.read(content)
    if not reader.blocks.text:
        raise without_text()
    yield Text(text=reader.blocks.text, fields=reader.fields)


class _Group:
    """What braces enclose.

    Attributes:
        into: where its text goes: the document, nowhere, a field, or a marker of a list.
        after: how many characters stand after ``\\u`` for programs without Unicode.
        codec: what its bytes are.
    """

    __slots__ = ("after", "codec", "into", "optional")

    def __init__(self, into: str, after: int, codec: str) -> None:
        self.into, self.after, self.codec = into, after, codec
        self.optional = False

    def inner(self) -> "_Group":
        return _Group(self.into, self.after, self.codec)


class _Reader:
    def __init__(self) -> None:
        self.blocks = Blocks()
        self.fields: dict[str, Any] = {}
        self._groups = [_Group("text", 1, "cp1252")]
        self._pieces: list[str] = []
        self._bytes = bytearray()
        self._marker = ""
        self._cells: list[str] = []
        self._in_table = False
        self._to_skip = 0
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._created: dict[str, int] = {}

    def read(self, content: bytes) -> None:
        for token in tokens_of(content):
            if token.hex is not None:
                self._byte(token.hex)
                continue
            if token.raw is not None:
                self._raw(token.raw)
                continue
            self._flush_bytes()
            if token.brace == "{":
                if len(self._groups) > _DEEPEST:
                    raise damaged("RTF", f"it nests more than {_DEEPEST} deep")
                self._groups.append(self._groups[-1].inner())
                self._to_skip = 0
            elif token.brace == "}":
                if len(self._groups) > 1:
                    self._groups.pop()
                self._to_skip = 0
            elif token.symbol == "*":
                self._groups[-1].optional = True
            elif token.symbol is not None:
                self._add(SYMBOLS.get(token.symbol, ""))
            else:
                self._word(token.word, token.number)
        self._flush_bytes()
        self._end_paragraph()
        self._end_row()
        year, month, day = (self._created.get(name, 0) for name in _DATE)
        if year and month and day:
            self.fields["date"] = f"{year:04}-{month:02}-{day:02}"

    def _word(self, word: str, number: int | None) -> None:
        group = self._groups[-1]
        optional, group.optional = group.optional, False
        if into := _DESTINATIONS.get((group.into, word)) or _DESTINATIONS.get(("", word)):
            group.into = into
        elif word in HIDDEN or (optional and word not in _READ_THOUGH_OPTIONAL):
            group.into = "nowhere"
        elif group.into == "created" and word in _DATE:
            self._created[word] = number or 0
        elif group.into == "fonts":
            self._font_table(word, number)
        elif word == "u" and number is not None:
            self._add(chr(number % 65536))
            self._to_skip = group.after
        elif word == "uc":
            group.after = min(number or 0, 16)
        elif word == "ansicpg":
            group.codec = self._groups[0].codec = f"cp{number}"
        elif word == "f":
            group.codec = self._fonts.get(number or 0, self._groups[0].codec)
        elif group.into == "text":
            self._layout(word)
        if group.into != "text" and word in LETTERS:
            self._add(LETTERS[word])

    def _layout(self, word: str) -> None:
        match word:
            case "par" | "sect" | "page":
                self._end_paragraph()
            case "pard":
                self._in_table = False
            case "intbl":
                self._in_table = True
            case "cell" | "nestcell":
                self._cells.append("".join(self._pieces))
                self._pieces = []
            case "row" | "nestrow":
                self._end_row()
            case _ if word in LETTERS:
                self._add(LETTERS[word])

    def _font_table(self, word: str, number: int | None) -> None:
        if word == "f":
            self._font = number or 0
        elif word == "fcharset" and number in CHARSETS:
            self._fonts[self._font] = CHARSETS[number]

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            # Letters of Asian scripts take two, so they are decoded together.
            self._bytes.append(value)

    def _raw(self, text: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        self._bytes += text

    def _flush_bytes(self) -> None:
        if not self._bytes:
            return
        content, self._bytes = bytes(self._bytes), bytearray()
        try:
            text = content.decode(self._groups[-1].codec, errors="replace")
        except LookupError:
            text = content.decode("cp1252", errors="replace")
        self._add(text)

    def _add(self, text: str) -> None:
        into = self._groups[-1].into
        if into == "text":
            self._pieces.append(text)
        elif into == "marker":
            self._marker += text
        elif into in _FIELDS:
            self.fields[into] = self.fields.get(into, "") + text

    def _end_paragraph(self) -> None:
        text = _with_pairs("".join(self._pieces))
        marker, self._marker = self._marker.strip(), ""
        if self._in_table and self._groups[-1].into == "text":
            self._pieces = [f"{text} "] if text else []
            return
        self._pieces = []
        if marker:
            # Bullets come in letters of symbol fonts, numbers as they are.
            self.blocks.item(text, marker if any(map(str.isalnum, marker[:-1])) else "-")
        else:
            self.blocks.paragraph(text)

    def _end_row(self) -> None:
        cells, self._cells = self._cells, []
        if cells:
            self.blocks.row([_with_pairs(cell) for cell in cells])


def _with_pairs(text: str) -> str:
    """Join halves of surrogate pairs, as which RTF writes letters beyond the first 65,536."""
    return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
