"""WebAnno's and INCEpTION's TSV 3: a file a document, its sentences, tokens and layers of marks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import read_lines, too_long, without_line_end
from ner_retriever.text.sources import Source

FIRST_LINE = b"#FORMAT=WebAnno TSV 3"
_SPANS, _TEXT = "#T_SP=", "#Text="
_LAYER = re.compile(r"#T_(SP|CH|RL)=")
_NAMED_ENTITY = "NamedEntity"
# The token's number, its place and its form come before the layers.
_BEFORE_LAYERS = 3
_PLACE = re.compile(r"(\d{1,12})-(\d{1,12})")
_STACKED = re.compile(r"(?<!\\)\|")
_OVER_TOKENS = re.compile(r"(?<!\\)\[(\d{1,12})\]$")
_ESCAPED = re.compile(r"\\(.)")
_NONE = "_"
# A token's line holds more than the token.
_MOST_PER_CHARACTER = 100
_WRITTEN = {"n": "\n", "r": "\r", "t": "\t"}


def read_webanno(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read a file as a document with the mentions of its layer of named entities.

    Without such a layer they are those of the first layer of spans; without any layer of spans they
    are left to the detector.
    """
    try:
        text, spans = _Reading(source, options).read()
        if text.strip():
            yield Document(
                id=source.name, text=text, spans=spans, origin=source.label, source=source.name
            )
    except DocumentError as error:
        yield error


@dataclass(slots=True)
class _Sentence:
    """A sentence as it stands in the file, with the first character that its tokens name."""

    lines: list[str] = field(default_factory=list)
    tokens: list[tuple[int, list[str]]] = field(default_factory=list)


class _Reading:
    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._limit = options.max_characters
        self._lines = read_lines(
            source, max_characters=options.max_characters, progress=options.progress
        )
        self._columns: tuple[int, int] | None = None
        self._pieces: list[str] = []
        self._length = 0
        # Java counts UTF-16's units, of which an emoji takes two.
        self._units = 0
        self._spans: set[tuple[int, int]] = set()
        self._over_tokens: dict[str, tuple[int, int]] = {}

    def read(self) -> tuple[str, tuple[Span, ...] | None]:
        layers: list[str] = []
        sentence = _Sentence()
        held = 0
        for number, given in self._lines:
            if isinstance(given, DocumentError):
                raise given
            line = without_line_end(given)
            held += len(line)
            if held > _MOST_PER_CHARACTER * self._limit:
                raise too_long(self._source.label, self._limit)
            if _LAYER.match(line) and not sentence.lines:
                layers.append(line)
                self._columns = _columns(layers)
            elif line.startswith(_TEXT):
                if sentence.tokens:
                    self._take(sentence)
                    sentence = _Sentence()
                sentence.lines.append(line.removeprefix(_TEXT))
            elif line and not line.startswith("#"):
                sentence.tokens.append((number, line.split("\t")))
        self._take(sentence)
        self._spans.update(self._over_tokens.values())
        spans = tuple(Span(start, end) for start, end in sorted(self._spans))
        return "".join(self._pieces), spans if self._columns else None

    def _take(self, sentence: _Sentence) -> None:
        if not sentence.tokens:
            return
        text = _ESCAPED.sub(
            lambda found: _WRITTEN.get(found[1], found[1]), "\n".join(sentence.lines)
        )
        places = [self._place(number, columns) for number, columns in sentence.tokens]
        first = min(start for start, _ in places)
        units = _units_of(text)
        # Blanks may come before the first token.
        start = first - len(text) + len(text.lstrip())
        gap = start - self._units
        if gap < 0:
            raise self._error(sentence.tokens[0][0], "the sentence begins within the one before")
        if self._length + gap + len(text) > self._limit:
            raise too_long(self._source.label, self._limit)
        # What was between sentences is not in the file, only how much.
        self._pieces += ["\n" * min(gap, 2), " " * max(gap - 2, 0), text]
        begins = self._length + gap
        self._length = begins + len(text)
        self._units = start + units[-1]
        at = {unit: begins + character for character, unit in enumerate(units)}
        for (number, columns), place in zip(sentence.tokens, places, strict=True):
            token = tuple(at.get(unit - start, -1) for unit in place)
            if -1 in token or token[0] >= token[1]:
                raise self._error(number, f"{place[0]}-{place[1]} does not lie in its sentence")
            self._mark(columns, (token[0], token[1]))

    def _mark(self, columns: list[str], token: tuple[int, int]) -> None:
        """Take the marks of a token; those over several tokens have a number in brackets."""
        for value in columns[slice(*self._columns)] if self._columns else ():
            for mark in _STACKED.split(value):
                numbered = _OVER_TOKENS.search(mark)
                if numbered:
                    start, end = self._over_tokens.get(numbered[1], token)
                    self._over_tokens[numbered[1]] = (min(start, token[0]), max(end, token[1]))
                elif mark not in {"", _NONE}:
                    self._spans.add(token)

    def _place(self, number: int, columns: list[str]) -> tuple[int, int]:
        found = _PLACE.fullmatch(columns[1]) if len(columns) >= _BEFORE_LAYERS else None
        if found is None:
            raise self._error(number, "no token with its number, its place and its form")
        return int(found[1]), int(found[2])

    def _error(self, number: int, what: str) -> DocumentError:
        return DocumentError(
            f"{self._source.label}:{number}: not usable as WebAnno TSV 3 ({what}); export it again"
        )


def _columns(layers: list[str]) -> tuple[int, int] | None:
    """Where the columns of the layer of mentions begin and end; ``None`` without layers of spans.

    A layer has a column for each of its features, and one where it has none.
    """
    found = None
    start = _BEFORE_LAYERS
    for layer in layers:
        name, *features = layer.split("|")
        end = start + max(len(features), 1)
        if layer.startswith(_SPANS) and (found is None or name.endswith(_NAMED_ENTITY)):
            found = (start, end)
            if name.endswith(_NAMED_ENTITY):
                return found
        start = end
    return found


def _units_of(text: str) -> list[int]:
    """How many units of UTF-16 come before each character, and before the end."""
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if ord(character) > 0xFFFF else 1))
    return units
