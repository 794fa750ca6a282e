"""What is accepted, or all of an answer, as a file to keep."""

import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from fastapi.responses import Response

from ner_retriever.documents import Hit
from ner_retriever.search.export import write_brat, write_conll, write_csv, write_jsonl
from ner_retriever.search.report import review_markdown
from ner_retriever.search.saved import SavedQuery
from ner_retriever.web.questions import CutoffChoice, Question
from ner_retriever.web.service import Service

Format = Literal["jsonl", "csv", "conll", "brat"]
What = Literal["accepted", "answer"]
ReportFormat = Literal["md", "json"]
REPORT_TYPES: dict[ReportFormat, str] = {
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
MEDIA_TYPES: dict[Format, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "conll": "text/plain; charset=utf-8",
    "brat": "application/zip",
}
_SUFFIXES: dict[Format, str] = {"jsonl": "jsonl", "csv": "csv", "conll": "conll", "brat": "zip"}


def export_saved(service: Service, saved: SavedQuery, *, format: Format, what: What) -> Response:
    """Return a saved query's accepted documents, or all down to its cut-off, as a file.

    Raises:
        QueryError: the query cannot be answered.
    """
    if what == "accepted":
        names = service.fields().names
        return as_file(service.accepted(saved.feedback), saved.name, format, fields=names)
    cutoff: CutoffChoice = "auto" if isinstance(saved.cutoff, str) else saved.cutoff
    question = Question(
        query=saved.query,
        feedback=saved.feedback,
        cutoff=cutoff,
        min_detection=saved.min_detection,
    )
    results = service.answer(question).results
    return as_file(results, saved.name, format, fields=results.fields().names)


def report_saved(service: Service, saved: SavedQuery, *, format: ReportFormat) -> Response:
    """Return the report of a saved query's review as a file.

    Raises:
        QueryError: the query cannot be answered.
    """
    record = service.review(saved)
    if format == "json":
        content = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    else:
        content = review_markdown(record)
    name = f"{_file_name(saved.name)}-review.{format}"
    return Response(
        content.encode(),
        media_type=REPORT_TYPES[format],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def as_file(hits: Iterable[Hit], label: str, format: Format, *, fields: Sequence[str]) -> Response:
    """Return documents as a file that a browser saves.

    Args:
        label: the type in words; names the spans and the file.
        fields: of the documents, for formats with columns.
    """
    if format == "brat":
        archive = io.BytesIO()
        write_brat(hits, archive, label=label)
        content = archive.getvalue()
    else:
        stream = io.StringIO(newline="")
        match format:
            case "jsonl":
                write_jsonl(hits, stream)
            case "csv":
                write_csv(hits, stream, fields=fields)
            case "conll":
                write_conll(hits, stream, label=label)
        content = stream.getvalue().encode()
    name = _file_name(label)
    return Response(
        content,
        media_type=MEDIA_TYPES[format],
        headers={"content-disposition": f'attachment; filename="{name}.{_SUFFIXES[format]}"'},
    )


def _file_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", label).strip("-")[:60] or "answer"
