"""Datasets that the library datasets loads: ``datasets:NAME``, a row at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ner_retriever.config import offline
from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, MissingExtra, first_line
from ner_retriever.text.formats.arrow_rows import Row, documents_of
from ner_retriever.text.formats.dataset_features import readable_columns, with_class_names
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.sources import Source

_PREFIX = "datasets:"
_MOST_PARTS = 3


def read_hub_dataset(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read ``datasets:NAME``, ``datasets:NAME:SPLIT`` or ``datasets:NAME:CONFIGURATION:SPLIT``.

    NAME is that of a dataset of the hub, or of a folder of files that the library reads.

    Raises:
        MissingExtra: the library is not installed.
    """
    try:
        splits = _load(source)
    except DocumentError as error:
        yield error
        return
    for split, dataset in splits.items():
        ended = f":{split}"
        named = source.name if source.name.endswith(ended) else f"{source.name}{ended}"
        part = replace(source, name=named, shown=named)
        for item in documents_of(_rows(dataset, part, options), part, options):
            yield replace(item, source=source.name) if isinstance(item, Document) else item


def _load(source: Source) -> Mapping[str, Any]:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra(f"reading {source.name}", "datasets") from error
    name, configuration, split = _parts(source)
    if offline() and not Path(name).exists():
        raise DocumentError(
            f"{source.label}: is no folder here, and the network must not be asked; unset "
            "NER_RETRIEVER_OFFLINE and HF_HUB_OFFLINE"
        )
    try:
        loaded = datasets.load_dataset(name, configuration, split=split, streaming=True)
    # Whatever the network, the hub or the library has against it.
    except Exception as error:
        raise DocumentError(
            f"{source.label}: cannot be loaded ({first_line(error)}); check the name, and that the "
            "hub can be reached"
        ) from error
    return {split: loaded} if split is not None else loaded


def _parts(source: Source) -> tuple[str, str | None, str | None]:
    given = source.name.removeprefix(_PREFIX)
    parts = given.split(":")
    if Path(given).exists() or len(parts) == 1:
        return given, None, None
    if not all(parts) or len(parts) > _MOST_PARTS:
        raise DocumentError(
            f"{source.label}: no name of a dataset; expected datasets:NAME, datasets:NAME:SPLIT or "
            "datasets:NAME:CONFIGURATION:SPLIT"
        )
    return parts[0], parts[1] if len(parts) == _MOST_PARTS else None, parts[-1]


def _rows(dataset: Any, part: Source, options: ReadOptions) -> Iterator[Row | DocumentError]:
    number = 0
    try:
        # Not all kinds of files say beforehand which columns they have.
        features = dataset.features.to_dict() if dataset.features else {}
        if features:
            if missing := options.columns.missing(features, part.label):
                yield missing
                return
            wanted = {*readable_columns(features), *options.columns.needed()}
            dataset = dataset.select_columns([name for name in features if name in wanted])
        for row in with_class_names(dataset, features):
            number += 1
            yield row
    except Exception as error:
        yield DocumentError(
            f"{part.label}:{number + 1}: cannot be read on ({first_line(error)}); try again later",
            reason="damaged",
        )
