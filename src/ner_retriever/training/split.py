"""Holding out types: what a head is chosen on, it has not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.training.activations import Activations

_FEWEST_MENTIONS = 12
_SHARE_OF_MENTIONS = 0.25


@dataclass(frozen=True, slots=True)
class Split:
    """Types and mentions for training and for validation.

    Attributes:
        training_types: (types,) bool.
        validation_types: indices of the types that validation asks for.
        training_mentions: (mentions,) bool.
        validation_mentions: indices of the mentions that validation searches.
    """

    training_types: NDArray[np.bool_]
    validation_types: NDArray[np.int64]
    training_mentions: NDArray[np.bool_]
    validation_mentions: NDArray[np.int64]


def split(activations: Activations, *, held_out: int, seed: int) -> Split:
    """Hold out types, with all their descendants and all mentions of both.

    A type is taken for a descendant of another when nine in ten of its mentions have the other
    too. Validation searches the held-out types' mentions among a quarter of all others. Very
    common types are not held out: training without ``person`` would tell nothing.

    Args:
        held_out: how many types to hold out; 0 trains on everything.
    """
    counts = np.bincount(activations.types, minlength=len(activations.names))
    total = len(activations.mentions)
    if held_out == 0:
        none = np.empty(0, dtype=np.int64)
        return Split(np.ones(len(counts), bool), none, np.ones(total, bool), none)
    generator = np.random.default_rng(seed)
    eligible = np.flatnonzero((counts >= _FEWEST_MENTIONS) & (counts <= total // 50))
    chosen = np.sort(generator.choice(eligible, min(held_out, len(eligible)), replace=False))
    held_types = np.isin(np.arange(len(counts)), chosen) | _descendants(activations, chosen, counts)
    held_mentions = np.zeros(total, bool)
    held_mentions[activations.owners[held_types[activations.types]]] = True
    # The rest of a held-out mention's text goes with it: its context has been seen otherwise.
    of_held_texts = np.isin(activations.texts, activations.texts[held_mentions])
    background = ~of_held_texts & (generator.random(total) < _SHARE_OF_MENTIONS)
    background = np.isin(activations.texts, activations.texts[background])
    validation = of_held_texts | background
    return Split(~held_types, chosen, ~validation, np.flatnonzero(validation))


def _descendants(
    activations: Activations, chosen: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    descendants = np.zeros(len(counts), bool)
    for ancestor in chosen:
        owners = activations.owners[activations.types == ancestor]
        has_ancestor = np.isin(activations.owners, owners)
        shared = np.bincount(activations.types[has_ancestor], minlength=len(counts))
        descendants |= (shared >= 0.9 * counts) & (counts > 0)
    return descendants
