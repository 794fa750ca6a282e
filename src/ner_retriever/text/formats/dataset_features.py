"""What the library datasets says of a dataset's columns: which hold text, and names of classes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.arrow_rows import Row

_READABLE = {"Value", "ClassLabel", "List", "LargeList", "Sequence"}


def readable_columns(features: Mapping[str, Any]) -> list[str]:
    """Return the columns that hold no images, sounds or other things that are no text.

    Args:
        features: as ``Features.to_dict`` gives them, and ``dataset_info.json`` holds them.
    """
    return [name for name, feature in features.items() if _is_readable(feature)]


def with_class_names(
    rows: Iterable[Row | DocumentError], features: Mapping[str, Any]
) -> Iterator[Row | DocumentError]:
    """Put a class's name in the place of its number, which says nothing by itself."""
    classes = {
        name: feature["names"]
        for name, feature in features.items()
        if isinstance(feature, Mapping)
        and feature.get("_type") == "ClassLabel"
        and isinstance(feature.get("names"), list)
    }
    for row in rows:
        if not isinstance(row, DocumentError):
            for name, names in classes.items():
                number = row.get(name)
                if isinstance(number, int) and 0 <= number < len(names):
                    row[name] = names[number]
        yield row


def _is_readable(feature: Any) -> bool:
    if isinstance(feature, list):
        return all(map(_is_readable, feature))
    if not isinstance(feature, Mapping):
        return False
    kind = feature.get("_type")
    # A column that holds objects is a mapping from their fields' names.
    return kind in _READABLE or not isinstance(kind, str)
