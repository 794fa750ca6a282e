"""A and not B, A near B, A together with B: how the scores of several types become one.

Each type's automatic cut-off says what counts as it, and the distance from the cut-off, its
*margin*, makes cosines of different types comparable. A mention's margin is then that of fuzzy
logic (Zadeh 1965): the least of its parts', with "not" turning a margin round. It is given back on
the scale of the core's cosines, so that the core's cut-off still divides what counts from what
doesn't; a condition that is narrowly missed costs a narrow loss of rank.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.scan import Scan
from ner_retriever.search.cutoff import CutoffParameters, Trust


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Conditions:
    """The types of a query's conditions as vectors, each (types, dimensions).

    Attributes:
        exclude: what a mention must not be.
        near: what another mention of its sentence must be.
        alongside: what another mention of its document must be.
    """

    exclude: NDArray[np.floating[Any]]
    near: NDArray[np.floating[Any]]
    alongside: NDArray[np.floating[Any]]


def constrain(
    scan: Scan,
    core: NDArray[np.float32],
    conditions: Conditions,
    *,
    cutoff: float,
    parameters: CutoffParameters,
) -> NDArray[np.float32]:
    """Lower the scores of mentions that do not fulfil conditions.

    Args:
        core: cosines with the core, (mentions,).
        cutoff: the core's.
        parameters: what the conditions' cut-offs are found with.

    Returns:
        Scores in [-1, 1], (mentions,); -1 where a sentence or document holds no other mention,
        minus infinity for mentions that don't count.
    """
    margins = [core - cutoff]
    margins += [-margin for margin in _margins(scan, conditions.exclude, parameters)]
    if len(conditions.near):
        sentences = scan.sentences
        margins += [
            best_other(margin, sentences) for margin in _margins(scan, conditions.near, parameters)
        ]
    if len(conditions.alongside):
        owners = scan.owners
        margins += [
            best_other(margin, owners)
            for margin in _margins(scan, conditions.alongside, parameters)
        ]
    lowest: NDArray[np.float32] = np.minimum.reduce(margins)
    lowered = (lowest + np.float32(cutoff)).clip(-1.0, 1.0)
    return np.where(np.isneginf(core), core, lowered)


def best_other(values: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return for each value the greatest of the *other* values of its group.

    Args:
        values: (n,).
        groups: (n,), equal for values of one group.

    Returns:
        (n,); minus infinity where a value is alone.
    """
    if not len(values):
        return values
    order = np.argsort(groups, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    sizes = np.diff(starts, append=len(values))
    best = np.maximum.reduceat(ordered, starts)
    # The first of equal best ones; the others of its group have it for their best other.
    places = np.flatnonzero(ordered == np.repeat(best, sizes))
    _, first = np.unique(np.searchsorted(starts, places, side="right"), return_index=True)
    others = np.repeat(best, sizes)
    ordered[places[first]] = -np.inf
    others[places[first]] = np.maximum.reduceat(ordered, starts)
    result = np.empty_like(values)
    result[order] = others
    return result


def _margins(
    scan: Scan, vectors: NDArray[np.floating[Any]], parameters: CutoffParameters
) -> list[NDArray[np.float32]]:
    """How far each mention is above the cut-off of each type."""
    margins = []
    for vector in vectors:
        scores = scan.scores(vector)
        trust = Trust(scan.best(scores), parameters=parameters)
        margins.append(scores - np.float32(trust.automatic.score))
    return margins
