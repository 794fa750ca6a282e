"""JSON lines: an object a line."""

from collections.abc import Iterator

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.columns import parse_json
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import filled, read_lines
from ner_retriever.text.sources import Source


def read_json_lines(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the objects of a file; blank lines are skipped."""
    lines = read_lines(source, max_characters=options.max_characters, progress=options.progress)
    for number, line in filled(lines):
        origin = f"{source.label}:{number}"
        if isinstance(line, DocumentError):
            yield line
            continue
        try:
            record = parse_json(line, origin)
        except DocumentError as error:
            yield error
            continue
        if isinstance(record, dict):
            yield options.document(record, source, number)
        else:
            yield DocumentError(
                f"{origin}: a line must hold a JSON object such as "
                f'{{"text": "…"}}, not {type(record).__name__}'
            )
