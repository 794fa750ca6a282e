"""Folders that the library datasets has written with ``save_to_disk``, read without it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.arrow import arrow_rows
from ner_retriever.text.formats.arrow_rows import Row, documents_of
from ner_retriever.text.formats.dataset_features import with_class_names
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import READ_ERRORS, unreadable
from ner_retriever.text.seekable import Shares
from ner_retriever.text.sources import Source

_LARGEST_JSON = 64 << 20
# As the library called it in turn; such a file says which rows count, and in which order.
_INDICES = ("_indices_files", "_indices_data_files")


def read_saved_dataset(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the rows of the folder's tables, in the order that ``state.json`` gives."""
    return documents_of(_rows(source, options), source, options)


def _rows(source: Source, options: ReadOptions) -> Iterator[Row | DocumentError]:
    try:
        features = _json(source, "dataset_info.json").get("features")
        rows = _rows_of(_files(source), source, options)
        yield from with_class_names(rows, features) if isinstance(features, dict) else rows
    except DocumentError as error:
        yield error


def _rows_of(
    files: list[Path], source: Source, options: ReadOptions
) -> Iterator[Row | DocumentError]:
    number = 0
    for path in files:
        try:
            shares = Shares(path.stat().st_size, options.progress)
            with path.open("rb") as file:
                for row in arrow_rows(file, source, options, shares=shares, before=number):
                    number += 1
                    yield row
        # Which rows the next file begins with, nobody knows, so none of it is read.
        except READ_ERRORS as error:
            raise unreadable(f"{source.label}/{path.name}", error) from error


def _files(source: Source) -> list[Path]:
    state = _json(source, "state.json")
    for key in _INDICES:
        if state.get(key):
            raise DocumentError(
                f"{source.label}: only some of its rows count, as an old version of datasets saves "
                "them; load it there, call flatten_indices(), and save it again"
            )
    listed = state.get("_data_files")
    if not isinstance(listed, list) or not all(isinstance(file, dict) for file in listed):
        raise DocumentError(
            f"{source.label}/state.json: names no files under _data_files; save the dataset again"
        )
    names = [file.get("filename") for file in listed]
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or "\\" in name:
            raise DocumentError(
                f"{source.label}/state.json: names {name!r}, which is no file of the folder; save "
                "the dataset again"
            )
    return [source.path / name for name in names]


def _json(source: Source, name: str) -> dict[str, Any]:
    where = f"{source.label}/{name}"
    try:
        with (source.path / name).open("rb") as file:
            found = json.loads(file.read(_LARGEST_JSON))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(where, error) from error
    if not isinstance(found, dict):
        raise DocumentError(f"{where}: not a JSON object; save the dataset again")
    return found
