"""The spans that came with the documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from ner_retriever.detect.base import tidy
from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError


@dataclass(frozen=True, kw_only=True)
class GivenSpans:
    """Detects nothing; returns the documents' own spans."""

    name: str = "spans"
    fingerprint: str = "spans"

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Return each document's spans.

        Raises:
            DocumentError: a document came without spans.
        """
        return [tidy(document.text, _spans(document)) for document in documents]


def _spans(document: Document) -> tuple[Span, ...]:
    if document.spans is None:
        where = f"{document.origin}: " if document.origin else ""
        raise DocumentError(
            f"{where}document {document.id!r} has no spans, and the detector 'spans' finds none; "
            "name the field that holds them with --spans-field, or choose another --detector"
        )
    return document.spans
