"""Reading documents in tests, each option by itself."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ner_retriever.documents import Document
from ner_retriever.text import readers
from ner_retriever.text.formats.columns import Columns
from ner_retriever.text.formats.options import ReadOptions, TextFiles
from ner_retriever.text.sources import Source, find_sources

_OF_OPTIONS = {"dialect", "max_characters", "ocr_languages", "progress", "notice"}


def read_documents(
    sources: list[Any],
    *,
    text_field: str = "text",
    id_field: str = "id",
    spans_field: str | None = None,
    kept: tuple[str, ...] | None = None,
    ids_by_content: bool = False,
    whole_file: bool = False,
    paragraphs: bool = False,
    lines: bool = False,
    **others: Any,
) -> Iterator[Document]:
    """Call the reader with options made of what is given.

    Sources are named by their paths behind the folder of tests' files, which are different ones
    each time.
    """
    kinds = {
        TextFiles.WHOLE: whole_file,
        TextFiles.PARAGRAPHS: paragraphs,
        TextFiles.LINES: lines,
    }
    options = ReadOptions(
        columns=Columns(
            text=(text_field,),
            id=id_field,
            spans=spans_field,
            kept=kept,
            ids_by_content=ids_by_content,
        ),
        text_files=next((kind for kind, asked in kinds.items() if asked), None),
        **{name: others.pop(name) for name in _OF_OPTIONS & others.keys()},
    )
    return readers.read_documents(_named(sources), options, **others)


def _named(sources: list[Any]) -> list[Any]:
    if any(str(source) == "-" for source in sources):
        return sources
    return [
        found if isinstance(source, Source) else replace(found, name=_short(found.path, source))
        for source in sources
        for found in find_sources([source])
    ]


def _short(path: Path, source: Any) -> str:
    given = Path(source)
    return path.relative_to(given).as_posix() if given.is_dir() else path.name
