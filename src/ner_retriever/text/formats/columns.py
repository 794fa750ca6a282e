"""From a record, such as a JSON object or a table's row, to a document."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ner_retriever.documents import Document, Span, read_span
from ner_retriever.errors import ConfigError, DocumentError
from ner_retriever.text.formats.field_values import field_values, find, is_missing
from ner_retriever.text.sources import Source

_BETWEEN_TEXTS = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which fields of a record hold what. ``a.b`` is the field ``b`` of the object in field ``a``.

    Attributes:
        text: the document's text; several are joined by a blank line, and so are the texts of a
            list; tokens, which have no space in them, by a space.
        id: its id; a record without this field gets a default id.
        spans: its mentions, as a list or as JSON text of one; ``None`` leaves finding them to the
            detector.
        kept: what to keep of the rest as the document's fields; ``None`` for all of it.
        ids_by_content: whether a default id comes from the text and not from the record's place,
            so that it stays when records are put in before.

    Raises:
        ConfigError: no field for the text is named, or spans in more than one.
    """

    text: tuple[str, ...] = ("text",)
    id: str = "id"
    spans: str | None = None
    kept: tuple[str, ...] | None = None
    ids_by_content: bool = False

    def __post_init__(self) -> None:
        if not self.text:
            raise ConfigError("no field of the text is named; name one, such as text")
        if self.spans is not None and len(self.text) > 1:
            raise ConfigError("spans lie in one text; name a single field of the text")

    def default_id(self, source: Source, number: int, text: str) -> str:
        """Name a document that has no id.

        Args:
            number: of its line, row or record in the source, from 1.
        """
        if self.ids_by_content:
            return f"{source.name}#{content_id(text)}"
        return f"{source.name}:{number}"

    def needed(self) -> list[str]:
        """The fields that are no fields of the document."""
        return [*self.text, self.id, *([] if self.spans is None else [self.spans])]

    def missing(self, here: Iterable[str], label: str) -> DocumentError | None:
        """Say which of the columns that a table needs is not there, if one is not."""
        columns = list(here)
        listed = ", ".join(columns) or "none"
        for name in self.text:
            if name not in columns and name.split(".")[0] not in columns:
                return DocumentError(
                    f"{label}: no column {name!r} (columns here: {listed}); "
                    "name the text's column with --text-field"
                )
        if self.spans is not None and self.spans not in columns:
            return DocumentError(
                f"{label}: no column {self.spans!r} (columns here: {listed}); "
                "name the spans' column with --spans-field, or leave it out to detect mentions"
            )
        return None

    def read(
        self,
        record: Mapping[str, Any],
        *,
        source: Source | None = None,
        number: int = 0,
        default_id: str = "",
        origin: str = "",
        untyped: bool = False,
    ) -> tuple[Document, list[str]]:
        """Read one record.

        Args:
            source, number: where it stands, which names a document without an id.
            default_id: names it where there is no source.
            origin: for messages.
            untyped: texts of fields that are numbers become numbers.

        Returns:
            The document, and the names of fields that were left out since they are too long.

        Raises:
            DocumentError: a field is missing or of the wrong kind.
        """
        where = f"{origin}: " if origin else ""
        text = self._text(record, where)
        identifier = find(record, self.id)
        if is_missing(identifier) or identifier is None:
            named = source is not None
            identifier = self.default_id(source, number, text) if named else default_id  # type: ignore[arg-type]
        elif isinstance(identifier, int) and not isinstance(identifier, bool):
            identifier = str(identifier)
        fields, too_long = field_values(
            record, kept=self.kept, without=self.needed(), untyped=untyped
        )
        document = Document(
            id=identifier,
            text=text,
            spans=self._spans(record, where),
            fields=fields,
            source="" if source is None else source.name,
            origin=origin,
        )
        return document, too_long

    def _text(self, record: Mapping[str, Any], where: str) -> str:
        parts = []
        for name in self.text:
            value = find(record, name)
            if is_missing(value):
                listed = ", ".join(sorted(map(str, record))) or "none"
                raise DocumentError(
                    f"{where}no field {name!r} (fields here: {listed}); "
                    "name the text's field with --text-field"
                )
            if isinstance(value, list):
                value = _joined(value)
            if value is None and len(self.text) > 1:
                continue
            if not isinstance(value, str):
                raise DocumentError(
                    f"{where}the field {name!r} must hold a text, or a list of texts, "
                    f"not {type(value).__name__}"
                )
            parts.append(value)
        # An empty title adds no blank line; a text that stands alone is left as it is.
        return parts[0] if len(parts) == 1 else _BETWEEN_TEXTS.join(filter(str.strip, parts))

    def _spans(self, record: Mapping[str, Any], where: str) -> tuple[Span, ...] | None:
        if self.spans is None:
            return None
        spans = find(record, self.spans)
        if is_missing(spans) or spans is None:
            raise DocumentError(f"{where}no field {self.spans!r} with the document's spans")
        if isinstance(spans, str):
            spans = parse_json(spans, f"{where}field {self.spans!r}")
        if isinstance(spans, str | Mapping) or not isinstance(spans, Iterable):
            raise DocumentError(
                f"{where}the field {self.spans!r} must hold a list of spans, "
                f"not {type(spans).__name__}"
            )
        return tuple(read_span(item, where) for item in spans)


def content_id(text: str) -> str:
    """Name a text by what it holds, in 16 hexadecimal digits."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def parse_json(text: str, where: str) -> Any:
    """Parse JSON.

    Raises:
        DocumentError: the text is not JSON, or nests too deeply to parse.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at character {error.pos}"
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise DocumentError(
        f"{where}: not JSON ({reason}); correct it, or skip it with --on-error skip"
    )


def _joined(values: list[Any]) -> Any:
    if not all(isinstance(value, str) for value in values):
        return values
    tokens = not any(space in value for value in values for space in " \n\t")
    return (" " if tokens else _BETWEEN_TEXTS).join(values)
