"""From the scores of mentions to a ranking of documents: a document is as good as its best mention.

The paper's search: exact cosine over all mention vectors, a text's score is its best mention's.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import QueryError, StoreError
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.search.algebra import Conditions, constrain
from ner_retriever.search.cutoff import GENERAL, CutoffParameters, Trust
from ner_retriever.search.query import check_detection
from ner_retriever.search.results import Results


def search(
    scan: Scan,
    store: Store,
    query_vector: NDArray[np.floating[Any]],
    *,
    query: str,
    limit: int | None,
    min_score: float | Literal["auto"] | None,
    min_detection: float | None = None,
    names_only: bool = False,
    refined: NDArray[np.floating[Any]] | None = None,
    conditions: Conditions | None = None,
    known: Mapping[int, bool] | None = None,
    parameters: CutoffParameters = GENERAL,
    best: NDArray[np.float32] | None = None,
    kept: NDArray[np.bool_] | None = None,
    fold: bool = False,
    fields: Callable[[], FieldTable] = FieldTable.empty,
) -> Results:
    """Rank the documents of a store by their best mention.

    Documents of equal score stand in the store's row order. A hit lists every mention of its
    document at or above ``min_score``, or, without one, every mention that would have brought its
    document into the results.

    Args:
        scan: the store's mentions.
        store: where texts are read; it may move on while the results are in use.
        query_vector: shape (dimensions,).
        query: what was asked, for the results to say.
        limit: most documents to return; ``None`` for all.
        min_score: least score of a document's best mention; ``"auto"`` for the automatic cut-off,
            ``None`` for any.
        min_detection: least detection score of a mention; others count neither for the ranking nor
            for conditions. ``None`` for any.
        names_only: the same for mentions that are no names.
        refined: what judgements made of the query vector; it ranks in its place.
        conditions: what mentions must fulfil besides.
        known: rows of judged documents, and whether they are relevant.
        parameters: what cut-offs are found with.
        best: each document's best score for the query vector, where a pass for several queries has
            found it already; of use without ``refined`` and conditions.
        kept: the documents that a filter keeps, of shape (documents,); ``None`` for all.
        fields: gives the documents' fields, for the results.
        fold: whether one of several documents that are equal, or nearly so, stands for all.

    Raises:
        QueryError: a limit below 1, a least score outside [-1, 1], a least detection score outside
            [0, 1], or a vector that does not fit.
        StoreError: the scan is not of the store's present state.
    """
    _check(limit, min_score, min_detection)
    if scan.state != store.state:
        raise StoreError("the search view is of another state of the store; open it again")
    if min_detection is not None:
        scan = scan.detected(min_detection)
    if names_only:
        scan = scan.names()
    if kept is not None:
        scan = scan.of_documents(kept)
        best = None if best is None else np.where(kept, best, -np.inf)
    ranking = query_vector if refined is None else refined
    lowered = None
    if conditions is None or not scan.mention_count:
        unmoved: list[NDArray[np.float32]] = []
        if best is None:
            # One pass for both; the second tells what the judgements say.
            vectors = np.stack([ranking, query_vector] if known else [ranking])
            best, *unmoved = scan.best_scores(vectors)
        trust = Trust(
            best,
            parameters=parameters,
            known=known,
            unmoved=unmoved[0] if unmoved else None,
        )
    else:
        scores = scan.scores(ranking)
        base = scan.best(scores)
        cutoff = Trust(base, parameters=parameters, known=known).automatic.score
        lowered = constrain(scan, scores, conditions, cutoff=cutoff, parameters=parameters)
        best = scan.best(lowered)
        trust = Trust(best, parameters=parameters, base=base, known=known)
    least = trust.automatic.score if min_score == "auto" else min_score
    rows = np.flatnonzero(best >= (-1.0 if least is None else least))
    folded: Mapping[int, int] = {}
    if fold:
        rows, folded = fold_duplicates(rows, best[rows], scan.groups())
    ranked = rows[_top(best[rows], limit)]
    threshold = least if least is not None else float(best[ranked].min(initial=1.0))
    return Results(
        query=query,
        documents=len(best) if kept is None else int(np.count_nonzero(kept)),
        mentions=scan.mentions_counted,
        matching=len(rows),
        threshold=threshold,
        rows=ranked,
        folded=folded,
        vector=ranking,
        lowered=lowered,
        document_scores=best,
        trust=trust,
        scan=scan,
        store=store.snapshot(),
        fields=fields,
    )


def fold_duplicates(
    rows: NDArray[np.int64], scores: NDArray[np.float32], groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], dict[int, int]]:
    """Leave out documents of which there is one in the answer that is equal, or nearly so.

    Args:
        rows: of the documents that answer, in order, int64 of shape (n,).
        scores: theirs, of shape (n,).
        groups: of all documents, as :class:`~ner_retriever.index.scan.Scan` has them.

    Returns:
        The rows that stay, the best of each group, in order; and for each that stands for others,
        how many those are.
    """
    shared = np.bincount(groups, minlength=len(groups))[groups[rows]] > 1
    alone, rows, scores = rows[~shared], rows[shared], scores[shared]
    # Most documents are like no other, and need not be sorted.
    if not len(rows):
        return alone, {}
    group = groups[rows]
    order = np.lexsort((rows, -scores, group))
    ordered = group[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(rows)))
    several = sizes > 1
    kept = rows[order[starts]]
    counts = zip(kept[several].tolist(), (sizes[several] - 1).tolist(), strict=True)
    return np.sort(np.concatenate([alone, kept])), dict(counts)


def _check(limit: int | None, min_score: float | str | None, min_detection: float | None) -> None:
    if limit is not None and limit < 1:
        raise QueryError(f"the limit must be 1 or more, or none for all documents, not {limit}")
    if isinstance(min_score, str):
        if min_score != "auto":
            raise QueryError(f"a cut-off is a cosine in [-1, 1] or 'auto', not {min_score!r}")
    elif min_score is not None and not -1.0 <= min_score <= 1.0:
        raise QueryError(f"the least score must be a cosine in [-1, 1], not {min_score}")
    check_detection(min_detection)


def _top(scores: NDArray[np.float32], limit: int | None) -> NDArray[np.int64]:
    """Positions of the ``limit`` highest scores, highest first, equal ones in order."""
    if limit is None or limit >= len(scores):
        return np.argsort(-scores, kind="stable")
    last = np.partition(scores, -limit)[-limit]
    above = np.flatnonzero(scores > last)
    level = np.flatnonzero(scores == last)[: limit - len(above)]
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], level])
