"""Reading made-up documents in tests."""

from pathlib import Path
from typing import Any

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from reading_documents import read_documents


def read_all(path: Path, content: bytes, **options: Any) -> list[Document]:
    """Write a file and read it; an error of it is raised."""
    path.write_bytes(content)
    return list(read_documents([path], **options))


def read_one(path: Path, content: bytes, **options: Any) -> Document:
    """Read a file that holds a single document."""
    (document,) = read_all(path, content, **options)
    return document


def read_errors(path: Path, content: bytes, **options: Any) -> list[DocumentError]:
    """Return the errors of a file that holds nothing else, each told on one line."""
    found: list[DocumentError] = []
    path.write_bytes(content)
    assert not list(read_documents([path], on_error=found.append, **options))
    assert not any("\n" in str(error) for error in found)
    return found


def read_error(path: Path, content: bytes, **options: Any) -> DocumentError:
    """Return the error of a file that has a single one and no document."""
    (error,) = read_errors(path, content, **options)
    return error
