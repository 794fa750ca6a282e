"""From document ids and offsets to rows and vectors of the searched version."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Hit, Mention, Span, page_of
from ner_retriever.errors import QueryError
from ner_retriever.index.records import StoredDocument
from ner_retriever.index.scan import Scan, document_key
from ner_retriever.index.store import Store
from ner_retriever.search.feedback import Feedback, Judgement
from ner_retriever.search.query import Example

Embed = Callable[[Sequence[str], Sequence[Sequence[Span]]], Sequence[NDArray[Any]]]


def locate(scan: Scan, store: Store, ids: Iterable[str]) -> dict[str, int]:
    """Return the row of each of some documents; those that are not there are left out.

    Args:
        scan: of the store's present state.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    keys = np.array(sorted({document_key(identifier) for identifier in wanted}), np.uint64)
    rows = np.flatnonzero(np.isin(scan.documents["key"], keys)).tolist()
    # Two ids may share a key, so the store has the last word.
    found = zip(rows, store.read(rows), strict=True)
    return {document.id: row for row, document in found if document.id in wanted}


def mention_row(scan: Scan, document: int, start: int, end: int) -> int | None:
    """Return the row of the mention that has these offsets, or ``None`` where there is none.

    Args:
        document: row of the document.
    """
    mentions = scan.mentions_of(document)
    fits = np.flatnonzero((mentions["start"] == start) & (mentions["end"] == end))
    return int(scan.firsts[document] + fits[0]) if len(fits) else None


def example_vectors(
    scan: Scan, store: Store, examples: Sequence[Example], embed: Embed
) -> NDArray[np.float32]:
    """Return the vectors of examples, (examples, dimensions).

    Args:
        embed: gives the vectors of spans that are no detected mention.

    Raises:
        QueryError: an example's document is not in the index, or is shorter than its offsets say.
    """
    rows = locate(scan, store, (example.id for example in examples))
    vectors = np.empty((len(examples), scan.dimensions), np.float32)
    for place, example in enumerate(examples):
        if example.id not in rows:
            raise QueryError(f"no document {example.id!r} in the index to take an example from")
        row = mention_row(scan, rows[example.id], example.start, example.end)
        if row is None:
            text = store.read([rows[example.id]])[0].text
            vectors[place] = _embedded(text, example, embed)
        else:
            vectors[place] = scan.joined(np.array([row]))[0]
    return vectors


def judged_vectors(
    scan: Scan, rows: dict[str, int], judgements: Iterable[Judgement]
) -> NDArray[np.float32]:
    """Return the vectors of judged mentions, (mentions found, dimensions).

    A mention that is no longer there, because its document changed or went, is left out.

    Args:
        rows: of the judged documents, as :func:`locate` gives them.
    """
    found = [
        mention_row(scan, rows[judgement.id], judgement.start, judgement.end)
        for judgement in judgements
        if judgement.id in rows
    ]
    return scan.joined(np.array([row for row in found if row is not None], np.int64))


def accepted_hits(scan: Scan, store: Store, feedback: Feedback) -> list[Hit]:
    """Return the documents judged yes, oldest judgement first, each with the judged mention.

    Scores are 1. A document that is gone, or no longer reaches so far, is left out.
    """
    rows = locate(scan, store, (judgement.id for judgement in feedback.accepted))
    judged = [judgement for judgement in feedback.accepted if judgement.id in rows]
    documents = store.read([rows[judgement.id] for judgement in judged])
    return [
        Hit(document.id, 1.0, document.text, (_mention(document, judgement),), document.fields)
        for judgement, document in zip(judged, documents, strict=True)
        if judgement.end <= len(document.text)
    ]


def _mention(document: StoredDocument, judgement: Judgement) -> Mention:
    start, end = judgement.start, judgement.end
    page = page_of(document.pages, start)
    return Mention(start, end, document.text[start:end], 1.0, page=page)


def _embedded(text: str, example: Example, embed: Embed) -> NDArray[np.float32]:
    if example.end > len(text):
        raise QueryError(
            f"the example {example} does not lie in its text of {len(text)} characters; offsets "
            "are characters, end exclusive"
        )
    return np.asarray(embed([text], [[Span(example.start, example.end)]])[0][0], np.float32)
