"""What the package reads and what it answers: frozen records with character offsets.

Offsets count Python characters (Unicode code points) of the document's text exactly as it was
given; ``end`` is exclusive, so ``text[start:end]`` is the surface form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ner_retriever.errors import DocumentError

# From here on a mention counts as a name.
LEAST_NAME_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a text's characters.

    Attributes:
        start: first character.
        end: one past the last character; greater than ``start``.
        detection_score: how sure the detector is that this is a mention, in [0, 1].
        name_score: how likely it is a name and no ordinary noun, in [0, 1].
    """

    start: int
    end: int
    detection_score: float = 1.0
    name_score: float = 1.0


@dataclass(frozen=True, slots=True)
class Document:
    """A text with a name.

    Attributes:
        id: unique in an index.
        text: the text, stored and returned as given.
        spans: mentions known beforehand; ``None`` leaves finding them to the detector.
        origin: where the document was read (``corpus.jsonl:12``); for messages only.

    Raises:
        DocumentError: the id is empty, the text cannot be stored as UTF-8, or a span does not lie
            in the text.
    """

    id: str
    text: str
    spans: tuple[Span, ...] | None = None
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id:
            raise self._error(f"a document's id must be a non-empty string, not {self.id!r}")
        if not isinstance(self.text, str):
            raise self._error(f"a document's text must be a string, not {type(self.text).__name__}")
        for name, value in (("id", self.id), ("text", self.text)):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise self._error(
                    f"the {name} holds half of a surrogate pair at character {error.start}; "
                    "replace it before indexing"
                ) from error
        for span in self.spans or ():
            if not 0 <= span.start < span.end <= len(self.text):
                raise self._error(
                    f"the span {span.start}-{span.end} does not lie in a text of "
                    f"{len(self.text)} characters; spans are character offsets, end exclusive"
                )

    @classmethod
    def from_mapping(
        cls,
        record: Mapping[str, Any],
        *,
        default_id: str,
        text_field: str = "text",
        id_field: str = "id",
        spans_field: str | None = None,
        origin: str = "",
    ) -> "Document":
        """Read a document from a mapping such as a parsed JSON line.

        Args:
            record: holds the text, and may hold an id (string or integer) and spans.
            default_id: the id of a record that has none.
            spans_field: where spans are: a list of ``{"start", "end"}`` or ``[start, end]``.

        Raises:
            DocumentError: a field is missing or of the wrong kind.
        """
        where = f"{origin}: " if origin else ""
        if text_field not in record:
            fields = ", ".join(sorted(map(str, record))) or "none"
            raise DocumentError(
                f"{where}no field {text_field!r} (fields here: {fields}); "
                "name the text's field with --text-field"
            )
        identifier = record.get(id_field)
        if identifier is None:
            identifier = default_id
        elif isinstance(identifier, int) and not isinstance(identifier, bool):
            identifier = str(identifier)
        spans = None
        if spans_field is not None:
            if record.get(spans_field) is None:
                raise DocumentError(f"{where}no field {spans_field!r} with the document's spans")
            if not isinstance(record[spans_field], Iterable):
                raise DocumentError(f"{where}the field {spans_field!r} must hold a list of spans")
            spans = tuple(_span(item, where) for item in record[spans_field])
        return cls(id=identifier, text=record[text_field], spans=spans, origin=origin)

    def _error(self, message: str) -> DocumentError:
        return DocumentError(f"{self.origin}: {message}" if self.origin else message)


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention that answers a query.

    Attributes:
        start: first character in the document's text.
        end: one past the last character.
        text: the surface form, ``document.text[start:end]``.
        score: cosine between the mention's vector and the query's, in [-1, 1].
        detection_score: how sure the detector was that this is a mention, in [0, 1].
        name_score: how likely it is a name and no ordinary noun, in [0, 1].
    """

    start: int
    end: int
    text: str
    score: float
    detection_score: float = 1.0
    name_score: float = 1.0

    @property
    def is_name(self) -> bool:
        """Whether it is likelier a name than an ordinary noun."""
        return self.name_score >= LEAST_NAME_SCORE


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that answers a query.

    Attributes:
        id: the document's id.
        score: cosine of the best mention.
        text: the document's whole text.
        mentions: the matching mentions, best first.
    """

    id: str
    score: float
    text: str
    mentions: tuple[Mention, ...]


def _span(item: Any, where: str) -> Span:
    try:
        start, end = (item["start"], item["end"]) if isinstance(item, Mapping) else item
    except (KeyError, TypeError, ValueError):
        start = end = None
    if not _is_offset(start) or not _is_offset(end):
        raise DocumentError(
            f'{where}a span must be {{"start", "end"}} or [start, end] in whole characters, '
            f"not {item!r}"
        )
    return Span(int(start), int(end))


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
