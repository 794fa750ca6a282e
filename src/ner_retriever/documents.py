"""What the package reads and what it answers: frozen records with character offsets.

Offsets count Python characters (Unicode code points) of the document's text exactly as it was
given; ``end`` is exclusive, so ``text[start:end]`` is the surface form.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ner_retriever.errors import DocumentError

# From here on a mention counts as a name.
LEAST_NAME_SCORE = 0.5

# What is known of a document beside its text; a date is text, as ISO 8601 writes it.
FieldValue = str | int | float | bool | tuple[str, ...]


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
        fields: what else is known of it, such as its title, date and author.
        pages: the first character of each page, in order; empty where it has none.
        source: the file it was read from, as the source was named; empty where it came otherwise.
        origin: where the document was read (``corpus.jsonl:12``); for messages only.

    Raises:
        DocumentError: the id is empty, the text cannot be stored as UTF-8, or a span or a page does
            not lie in the text.
    """

    id: str
    text: str
    spans: tuple[Span, ...] | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict, hash=False)
    pages: tuple[int, ...] = ()
    source: str = field(default="", compare=False)
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
        bounds = (0, *self.pages, len(self.text))
        if any(earlier > later for earlier, later in pairwise(bounds)):
            raise self._error(
                f"its pages do not begin one after the other in its {len(self.text)} characters"
            )

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
        page: the page it stands on, from 1; ``None`` in a document without pages.
    """

    start: int
    end: int
    text: str
    score: float
    detection_score: float = 1.0
    name_score: float = 1.0
    page: int | None = None

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
        fields: what else is known of the document.
        duplicates: how many more documents that answer are equal to it, or nearly so, and left out
            for that.
    """

    id: str
    score: float
    text: str
    mentions: tuple[Mention, ...]
    fields: Mapping[str, FieldValue] = field(default_factory=dict, hash=False)
    duplicates: int = 0


def page_of(pages: Sequence[int], start: int) -> int | None:
    """Return the page that a character stands on, from 1; ``None`` where there are no pages.

    Args:
        pages: the first character of each page.
        start: the character.
    """
    return max(bisect_right(pages, start), 1) if pages else None


def read_span(item: Any, where: str) -> Span:
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
