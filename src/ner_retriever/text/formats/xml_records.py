"""Large XML files as a stream of their records, with memory that is bounded by one of them.

Entities are refused where they are declared: nothing that these files hold needs any, and a few
lines of them can make up terabytes, or fetch other files.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ner_retriever.errors import DocumentError
from ner_retriever.text.lines import READ_ERRORS, open_bytes, too_long, unreadable
from ner_retriever.text.sources import Source

_CHUNK_BYTES = 1 << 16
_DEEPEST = 100
# A single tag, with its attributes, is held whole.
_LARGEST_TAG = 16 << 20
# Names, attributes and what is not read of a record count as well.
_MOST_PER_CHARACTER = 4
# What an element takes beside its text.
_PER_ELEMENT = 100


def read_records(
    source: Source,
    *,
    records: Callable[[str], Collection[str] | None],
    max_characters: int,
    progress: Callable[[int], None],
) -> Iterator[Element | DocumentError]:
    """Return a file's records, their tags and those within them without namespaces.

    Args:
        records: tells by the root's tag which elements below it are records, at any depth; ``None``
            where the file is of no known kind.

    Yields:
        Each record, or its error where it is too large. An error that ends the file is last.
    """
    limit = _MOST_PER_CHARACTER * max_characters
    handler = _Handler(source.label, records, limit, too_long(source.label, max_characters))
    # Such a file says its own encoding, unless it is told from outside.
    opened = source if source.encoding else replace(source, encoding="utf-8")
    parser = _parser(handler, "utf-8" if source.encoding else None)
    fed = 0
    try:
        with open_bytes(opened, progress) as stream:
            ended = False
            while not ended:
                chunk = stream.read(_CHUNK_BYTES)
                ended = not chunk
                fed += len(chunk)
                parser.Parse(chunk, ended)
                if fed - parser.CurrentByteIndex > _LARGEST_TAG:
                    raise _Refused("a single tag takes more than 16 MiB")
                yield from handler.take()
    except _Unknown as error:
        yield DocumentError(str(error))
    except _Refused as error:
        yield from handler.take()
        yield DocumentError(f"{source.label}: not read as XML ({error}); check the file")
    except expat.ExpatError as error:
        yield from handler.take()
        yield unreadable(source.label, error)
    except READ_ERRORS as error:
        yield unreadable(source.label, error)


class _Refused(Exception):
    """What no such file needs."""


class _Unknown(Exception):
    """A file of another kind."""


def _parser(handler: "_Handler", encoding: str | None) -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding, namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.data
    parser.EntityDeclHandler = handler.entity
    return parser


class _Handler:
    def __init__(
        self,
        label: str,
        records: Callable[[str], Collection[str] | None],
        limit: int,
        too_large: DocumentError,
    ) -> None:
        self._label = label
        self._records = records
        self._limit = limit
        self._too_large = too_large
        self._wanted: Collection[str] = ()
        self._depth = 0
        self._found: list[Element | DocumentError] = []
        self._builder: TreeBuilder | None = None
        # How deep the record is that is being read, and how large it is so far.
        self._record_depth = self._size = 0

    def take(self) -> list[Element | DocumentError]:
        """Return what has been found since the last time."""
        found, self._found = self._found, []
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition("}")[2]
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused(f"elements nest more than {_DEEPEST} deep")
        if self._depth == 1:
            wanted = self._records(tag)
            if wanted is None:
                raise _Unknown(
                    f"{self._label}: an XML file whose root is <{tag[:40]}>; known are "
                    "<mediawiki>, a dump of a wiki, and <PubmedArticleSet>; convert it, such as to "
                    "JSON lines"
                )
            self._wanted = wanted
        elif not self._record_depth and tag in self._wanted:
            self._record_depth = self._depth
            self._size = 0
            self._builder = TreeBuilder()
        if self._builder is not None:
            own = {key.rpartition("}")[2]: value for key, value in attributes.items()}
            self._count(_PER_ELEMENT + sum(map(len, own.values())))
        if self._builder is not None:
            self._builder.start(tag, own)

    def data(self, text: str) -> None:
        if self._builder is not None:
            self._count(len(text))
        if self._builder is not None:
            self._builder.data(text)

    def end(self, name: str) -> None:
        if self._builder is not None:
            self._builder.end(name.rpartition("}")[2])
        if self._depth == self._record_depth:
            built = self._builder
            self._found.append(built.close() if built is not None else self._too_large)
            self._builder = None
            self._record_depth = 0
        self._depth -= 1

    def entity(self, name: str, *_: object) -> None:
        raise _Refused(f"it declares the entity {name[:40]!r}")

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            # The rest of it is read over.
            self._builder = None
