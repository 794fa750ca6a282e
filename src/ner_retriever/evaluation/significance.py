"""Whether a difference could be chance: paired tests over types."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ner_retriever.errors import InputError
from ner_retriever.training.metric import RESAMPLES, values_of_types

# 2 ** 15 sign patterns cost no more than a sample of them does.
_MOST_EXACT_TYPES = 15
# Equal sums differ in the last bits when their terms are added in another order.
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Two systems on the same types.

    Attributes:
        difference: mean over types of the first system's value minus the second's.
        p_value: two-sided probability of a difference at least as large, were the systems equal.
        exact: every assignment of signs was tried, not a sample.
    """

    difference: float
    p_value: float
    exact: bool


def paired_permutation_test(
    first: Sequence[float], second: Sequence[float], *, seed: int, resamples: int = RESAMPLES
) -> PairedTest:
    """The paired permutation test: is the mean difference over types different from zero?

    Under the null hypothesis each type's difference could as well have the other sign. All sign
    patterns are tried for up to 15 types, otherwise a random sample, to which the observed pattern
    is added so that the p-value is never 0.

    Args:
        first: one value a type.
        second: the other system's values, in the same order of types.
        seed: decides the sampled patterns.
        resamples: how many patterns are sampled.

    Raises:
        InputError: there are no values, or not as many of the one as of the other.
    """
    if len(first) != len(second):
        raise InputError(
            f"a paired test needs the same types twice, not {len(first)} and {len(second)} values"
        )
    differences = values_of_types(first) - values_of_types(second)
    exact = len(differences) <= _MOST_EXACT_TYPES
    if exact:
        patterns = np.arange(2 ** len(differences))[:, None] >> np.arange(len(differences)) & 1
    else:
        rng = np.random.default_rng(seed)
        patterns = rng.integers(2, size=(resamples, len(differences)))
    sums = np.abs((1 - 2 * patterns) @ differences)
    hits = int((sums >= abs(differences.sum()) - _TOLERANCE).sum())
    p_value = hits / len(sums) if exact else (hits + 1) / (len(sums) + 1)
    return PairedTest(float(differences.mean()), p_value, exact)
