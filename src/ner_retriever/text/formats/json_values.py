"""JSON files: an array of records, one record, or one after the other, read as a stream."""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import ijson
from ijson.common import ObjectBuilder

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import READ_ERRORS, bytes_to_read, open_bytes, unreadable
from ner_retriever.text.sources import Source

_DEEPEST = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OPENING, _CLOSING = {"start_map", "start_array"}, {"end_map", "end_array"}


def read_json(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the records of a JSON file, with memory that is bounded by one of them."""
    values = read_json_values(
        source, max_characters=options.max_characters, progress=options.progress
    )
    for number, value in values:
        origin = f"{source.label}:{number}"
        if isinstance(value, DocumentError):
            yield value
        elif isinstance(value, str):
            name = options.columns.default_id(source, number, value)
            yield Document(id=name, text=value, origin=origin, source=source.name)
        elif isinstance(value, dict):
            yield options.document(value, source, number)
        else:
            yield DocumentError(
                f"{origin}: a record must be a JSON object such as "
                f'{{"text": "…"}}, or a text, not {type(value).__name__}'
            )


def read_json_values(
    source: Source, *, max_characters: int, progress: Callable[[int], None]
) -> Iterator[tuple[int, Any]]:
    """Read the values of a JSON file, with memory that is bounded by one of them.

    Yields:
        Number (from 1) and value: each item of an array, or each value that stands in the file by
        itself. An error, which ends the file, comes as its ``DocumentError``.
    """
    number = 0
    try:
        with open_bytes(source, progress) as stream:
            for number, value in enumerate(_values(_Bounded(stream, max_characters)), 1):
                yield number, value
    except READ_ERRORS as error:
        yield number + 1, unreadable(source.label, error)
    except (ijson.JSONError, UnicodeDecodeError, _Unusable) as error:
        reason = " ".join(str(error).split())[:200]
        behind = f" after record {number}" if number else ""
        yield (
            number + 1,
            DocumentError(f"{source.label}: not usable as JSON{behind} ({reason}); correct it"),
        )


class _Unusable(Exception):
    """A value is larger or deeper than any record should be."""


class _Bounded:
    """What the parser reads from: without a byte-order mark, and so much of a record at most."""

    def __init__(self, stream: BinaryIO, max_characters: int) -> None:
        self._stream = stream
        self._max_characters = max_characters
        self._record_bytes = 0
        self._begun = False

    def begin_record(self) -> None:
        """Count anew."""
        self._record_bytes = 0

    def read(self, size: int) -> bytes:
        # What was read with the record before counts too, which is less than a chunk.
        if self._record_bytes > bytes_to_read(self._max_characters):
            raise _Unusable(f"a record of more than {self._max_characters:,} characters")
        chunk = self._stream.read(size)
        self._record_bytes += len(chunk)
        if size and not self._begun:
            self._begun = True
            return chunk.removeprefix(_BYTE_ORDER_MARK)
        return chunk


def _values(stream: _Bounded) -> Iterator[Any]:
    depth = 0
    in_array = False
    builder: ObjectBuilder | None = None
    # Events alone: with each one's path, memory would grow with the square of the depth.
    for event, value in ijson.basic_parse(stream, use_float=True, multiple_values=True):
        if builder is None and depth == 0 and event == "start_array":
            in_array, depth = True, 1
            continue
        if builder is None and in_array and event == "end_array":
            in_array, depth = False, 0
            continue
        if builder is None:
            builder = ObjectBuilder()
        builder.event(event, value)
        depth += (event in _OPENING) - (event in _CLOSING)
        if depth > _DEEPEST:
            raise _Unusable(f"a record that nests more than {_DEEPEST} deep")
        if depth == int(in_array):
            stream.begin_record()
            yield builder.value
            builder = None
