"""Files of a token a line and a blank line between sentences, as both kinds of CoNLL are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import read_lines, too_long, without_line_end
from ner_retriever.text.sources import Source

# A token's line holds more than the token.
_MOST_PER_CHARACTER = 100
_DOCUMENT = "-DOCSTART-"
_NEW_DOCUMENT = "newdoc"
_IDS = ("sent_id", "id")


@dataclass(slots=True)
class Block:
    """What stands between blank lines.

    Attributes:
        label: the file, for messages.
        comments: by their names; one without a name has an empty one.
        rows: numbers and lines of tokens.
        begins_document: whether a document begins with it.
        error: why it cannot be used, if it cannot.
    """

    label: str
    comments: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, str]] = field(default_factory=list)
    begins_document: bool = False
    error: DocumentError | None = None
    characters: int = 0

    @property
    def line(self) -> int:
        """Number of the first token's line."""
        return self.rows[0][0] if self.rows else 0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence; ``spans`` is ``None`` where nobody has marked any."""

    text: str
    spans: tuple[Span, ...] | None


def read_sentences(
    source: Source, options: ReadOptions, parse: Callable[[Block], Sentence]
) -> Iterator[Document | DocumentError]:
    """Read the documents of a file: those that it marks, or else each sentence.

    Args:
        parse: raises DocumentError for a sentence that cannot be used.
    """
    held = _Held(source, options)
    for block in _blocks(source, options):
        if block.begins_document:
            yield from held.end()
            held.begin(block.comments.get(f"{_NEW_DOCUMENT} id", ""))
        if block.error is not None:
            yield block.error
        elif block.rows:
            try:
                sentence = parse(block)
            except DocumentError as error:
                yield error
                continue
            held.add(sentence, block)
            if not held.is_marked:
                yield from held.end()
    yield from held.end()


class _Held:
    """The sentences of a document so far.

    Attributes:
        is_marked: whether the file says where the document begins.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.is_marked = False
        self._source = source
        self._options = options
        self._id = ""
        self._line = 0
        self._characters = 0
        self._sentences: list[Sentence] = []

    def begin(self, identifier: str) -> None:
        """Begin a document that the file marks."""
        self.is_marked = True
        self._clear(identifier)

    def add(self, sentence: Sentence, block: Block) -> None:
        self._line = self._line or block.line
        if not self.is_marked:
            self._id = next((block.comments[name] for name in _IDS if name in block.comments), "")
        self._characters += len(sentence.text) + 1
        # One that is too long is told at its end, and not held till then.
        if self._characters <= self._options.max_characters + 1:
            self._sentences.append(sentence)

    def end(self) -> Iterator[Document | DocumentError]:
        """Return the document, if it holds anything."""
        if self._sentences or self._characters:
            yield self._document()
        self._clear("")

    def _clear(self, identifier: str) -> None:
        self._id = identifier
        self._line = self._characters = 0
        self._sentences = []

    def _document(self) -> Document | DocumentError:
        source, options = self._source, self._options
        origin = f"{source.label}:{self._line}"
        if self._characters > options.max_characters + 1:
            return too_long(origin, options.max_characters)
        spans: list[Span] = []
        start = 0
        for sentence in self._sentences:
            spans += (Span(start + s.start, start + s.end) for s in sentence.spans or ())
            start += len(sentence.text) + 1
        text = "\n".join(sentence.text for sentence in self._sentences)
        marked = any(sentence.spans is not None for sentence in self._sentences)
        try:
            return Document(
                id=self._name(text),
                text=text,
                spans=tuple(spans) if marked else None,
                source=source.name,
                origin=origin,
            )
        except DocumentError as error:
            return error

    def _name(self, text: str) -> str:
        if not self._id:
            return self._options.columns.default_id(self._source, self._line, text)
        # Files that number their sentences all begin with the same number.
        return f"{self._source.name}:{self._id}" if self._id.isdecimal() else self._id


def _blocks(source: Source, options: ReadOptions) -> Iterator[Block]:
    lines = read_lines(source, max_characters=options.max_characters, progress=options.progress)
    block = Block(source.label)
    for number, given in lines:
        if isinstance(given, DocumentError):
            block.error = block.error or given
            continue
        line = without_line_end(given)
        if not line.strip():
            yield block
            block = Block(source.label)
        elif line.startswith(_DOCUMENT):
            # Not always is there a blank line before it.
            yield block
            block = Block(source.label, begins_document=True)
        elif not block.rows and _is_comment(line):
            _comment(line, block)
        else:
            block.characters += len(line)
            if block.characters > _MOST_PER_CHARACTER * options.max_characters:
                block.error = too_long(f"{source.label}:{block.line}", options.max_characters)
            else:
                block.rows.append((number, line))
    yield block


def _is_comment(line: str) -> bool:
    # A token may be a number sign, with its tag behind it.
    return line.startswith("#") and (line[1:2] != "\t") and len(line.split()) != 2


def _comment(line: str, block: Block) -> None:
    content = line.lstrip("#").strip()
    words = content.split(maxsplit=2)
    if words[:1] == [_NEW_DOCUMENT]:
        block.begins_document = True
    if words[:1] == ["id"] and len(words) > 1 and not words[1].startswith("="):
        # As MultiCoNER has it: ``# id 8d7c domain=en``.
        block.comments.setdefault("id", words[1])
    else:
        name, _, value = content.partition("=")
        block.comments.setdefault(name.strip(), value.strip())
