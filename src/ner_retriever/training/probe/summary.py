"""What is written down of a measure: its mean over types and how sure it is."""

from typing import Any

from ner_retriever.training.metric import bootstrap_interval
from ner_retriever.training.probe.measures import Values

_RESAMPLES = 2000


def summary(by_type: Values, of_preset: Values, *, seed: int) -> dict[str, Any]:
    """Return the mean over types, how far it is ahead of the preset's, and both 95 % intervals."""
    ahead = by_type - of_preset
    return {
        "value": _rounded(by_type.mean()),
        "interval": _interval(by_type, seed),
        "ahead": _rounded(ahead.mean()),
        "ahead_interval": _interval(ahead, seed),
    }


def _interval(by_type: Values, seed: int) -> list[float]:
    bounds = bootstrap_interval(by_type.tolist(), seed=seed, resamples=_RESAMPLES)
    return [_rounded(bound) for bound in bounds]


def _rounded(value: float) -> float:
    return round(float(value), 4)
