"""Documents of files that have no columns: their text, and what else is known of them."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.field_values import field_values
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import too_long
from ner_retriever.text.sources import Source


def make_document(
    text: str,
    record: Mapping[str, Any],
    *,
    source: Source,
    number: int,
    options: ReadOptions,
    identifier: str = "",
) -> Document | DocumentError:
    """Make a document; one that cannot be used is returned as its error.

    Args:
        record: what else is known, as its fields.
        number: of its record in the source, from 1.
        identifier: empty for a default one.
    """
    origin = f"{source.label}:{number}"
    if len(text) > options.max_characters:
        return too_long(origin, options.max_characters)
    if not text.strip():
        return DocumentError(f"{origin}: holds no text; leave it out", reason="no text")
    fields, _ = field_values(record, kept=options.columns.kept, without=(), untyped=False)
    try:
        return Document(
            id=identifier or options.columns.default_id(source, number, text),
            text=text,
            fields=fields,
            source=source.name,
            origin=origin,
        )
    except DocumentError as error:
        return error
