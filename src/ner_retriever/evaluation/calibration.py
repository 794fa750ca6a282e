"""Fitting what automatic cut-offs are found with, on texts whose every mention is annotated."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Span
from ner_retriever.errors import InputError, MissingExtra
from ner_retriever.evaluation.cutoffs import Labelled
from ner_retriever.reading.encoder import Encoder
from ner_retriever.search.cutoff import GENERAL, CutoffParameters, deviations
from ner_retriever.training.typed_mentions import TypedText

_FEWEST_TEXTS = 10
_OFFSETS = np.linspace(-4.0, 4.0, 41)


def label(encoder: Encoder, texts: Sequence[TypedText]) -> list[Labelled]:
    """Score texts for each of their types that ten texts or more mention.

    Args:
        encoder: must not have been trained on the texts.
        texts: with every entity annotated, for what isn't named counts as wrong.

    Raises:
        InputError: there is no such type.
    """
    texts = [text for text in texts if text.spans]
    spans: list[tuple[Span, ...]] = [text.spans for text in texts]
    vectors = encoder.mentions([text.text for text in texts], spans)
    holders: dict[str, set[int]] = {}
    for number, text in enumerate(texts):
        for name in {name for types in text.types for name in types}:
            holders.setdefault(name, set()).add(number)
    names = sorted(name for name, found in holders.items() if len(found) >= _FEWEST_TEXTS)
    if not names:
        raise InputError(
            f"no type stands in {_FEWEST_TEXTS} of the {len(texts)} texts; give more, or others"
        )
    starts = np.cumsum([0, *map(len, vectors[:-1])])
    scores = np.maximum.reduceat(np.concatenate(vectors) @ encoder.queries(names).T, starts)
    return [
        Labelled(name, scores[:, column], np.isin(np.arange(len(texts)), list(holders[name])))
        for column, name in enumerate(names)
    ]


def fit(labelled: Sequence[Labelled], *, head: str) -> CutoffParameters:
    """Fit intercept, slope and spread by maximum likelihood, offsets integrated out.

    Args:
        labelled: a type each.
        head: fingerprint of the head that the parameters are for.

    Raises:
        MissingExtra: scipy is not installed.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtra("Fitting cut-offs", "evaluation") from error
    deviated = [deviations(one.scores, one.scores).astype(np.float64) for one in labelled]
    signs = [np.where(one.relevant, 1.0, -1.0) for one in labelled]
    prior = -(_OFFSETS**2) / 2

    def cost(values: NDArray[np.float64]) -> float:
        intercept, slope, spread = values[0], np.exp(values[1]), np.exp(values[2])
        total = 0.0
        for z, sign in zip(deviated, signs, strict=True):
            odds = intercept + slope * z + spread * _OFFSETS[:, None]
            likelihood = -np.logaddexp(0.0, -sign * odds).sum(axis=1)
            total -= np.logaddexp.reduce(prior + likelihood)
        return total / len(labelled)

    start = [GENERAL.intercept, np.log(GENERAL.slope), np.log(GENERAL.spread)]
    found = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3}).x
    return CutoffParameters(
        head=head,
        intercept=round(float(found[0]), 3),
        slope=round(float(np.exp(found[1])), 3),
        spread=round(float(np.exp(found[2])), 3),
    )
