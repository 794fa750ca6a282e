"""From a record, such as a JSON object or a table's row, to a document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a record hold what.

    Attributes:
        text: the document's text.
        id: its id; a record without this field gets a default id.
        spans: its mentions, as a list or as JSON text of one; ``None`` leaves finding them to the
            detector.
    """

    text: str
    id: str
    spans: str | None

    def document(
        self, record: Mapping[str, Any], *, default_id: str, origin: str
    ) -> Document | DocumentError:
        """Read one record; a bad one is returned as its error, so that reading can go on."""
        try:
            return Document.from_mapping(
                self._with_parsed_spans(record, origin),
                default_id=default_id,
                text_field=self.text,
                id_field=self.id,
                spans_field=self.spans,
                origin=origin,
            )
        except DocumentError as error:
            return error

    def missing_column(self, columns: list[str], label: str) -> DocumentError | None:
        """Say which of the columns that a table needs is not there, if one is not."""
        here = ", ".join(columns) or "none"
        if self.text not in columns:
            return DocumentError(
                f"{label}: no column {self.text!r} (columns here: {here}); "
                "name the text's column with --text-field"
            )
        if self.spans is not None and self.spans not in columns:
            return DocumentError(
                f"{label}: no column {self.spans!r} (columns here: {here}); "
                "name the spans' column with --spans-field, or leave it out to detect mentions"
            )
        return None

    def _with_parsed_spans(self, record: Mapping[str, Any], origin: str) -> Mapping[str, Any]:
        if self.spans is None or record.get(self.spans) is None:
            return record
        spans = record[self.spans]
        if isinstance(spans, str):
            spans = parse_json(spans, f"{origin}: field {self.spans!r}")
        if not isinstance(spans, list):
            raise DocumentError(
                f"{origin}: the field {self.spans!r} must hold a list of spans, "
                f"not {type(spans).__name__}"
            )
        return {**record, self.spans: spans}


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
