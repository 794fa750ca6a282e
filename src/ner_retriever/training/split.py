"""Holding out types: what a head is chosen on, it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import ConfigError
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.hierarchy import estimate_hierarchy

_FEWEST_MENTIONS = 12
_LARGEST_SHARE = 0.02
_SHARE_OF_TEXTS = 0.25


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


def split(
    annotations: Annotations,
    *,
    held_out: int,
    seed: int,
    sources: Sequence[str] = (),
    held_out_sources: Sequence[str] = (),
) -> Split:
    """Hold out types, with all their descendants and every text that mentions one.

    Validation searches the held-out types' texts among a quarter of all others. Very common types
    are not held out: training without ``person`` would tell nothing.

    Args:
        held_out: how many types to hold out; 0 trains on everything.
        sources: validate on texts of these sources alone; all, where none is named. A head is for
            sentences, which dictionary entries are not.
        held_out_sources: texts of these sources are not trained on.

    Raises:
        ConfigError: no type is neither too rare nor too common to be held out.
    """
    counts = np.bincount(annotations.types, minlength=len(annotations.names))
    total = annotations.count
    trainable = ~np.isin(annotations.sources, held_out_sources)
    if held_out == 0:
        none = np.empty(0, dtype=np.int64)
        return Split(np.ones(len(counts), bool), none, trainable, none)
    generator = np.random.default_rng(seed)
    wanted = np.isin(annotations.sources, sources) if sources else np.ones(total, bool)
    wanted_types = annotations.types[wanted[annotations.owners]]
    wanted_counts = np.bincount(wanted_types, minlength=len(counts))
    most = int(_LARGEST_SHARE * total)
    eligible = np.flatnonzero((wanted_counts >= _FEWEST_MENTIONS) & (counts <= most))
    if not len(eligible):
        raise ConfigError(
            f"no type has {_FEWEST_MENTIONS} to {most} mentions, so none can be held out; "
            "train on more data, or with held_out 0"
        )
    chosen = np.sort(generator.choice(eligible, min(held_out, len(eligible)), replace=False))
    known = trainable[annotations.owners]
    hierarchy = estimate_hierarchy(
        annotations.owners[known], annotations.types[known], mentions=total, count=len(counts)
    )
    held_types = np.zeros(len(counts), bool)
    held_types[chosen] = True
    held_types[hierarchy.descendants.of(chosen)[1]] = True
    held_mentions = np.zeros(total, bool)
    held_mentions[annotations.owners[held_types[annotations.types]]] = True
    # The rest of a held-out mention's text goes with it: its context has been seen otherwise.
    held = np.isin(annotations.texts, annotations.texts[held_mentions])
    background = np.unique(annotations.texts[wanted & ~held])
    background = background[generator.random(len(background)) < _SHARE_OF_TEXTS]
    kept_apart = held | np.isin(annotations.texts, background)
    return Split(~held_types, chosen, trainable & ~kept_apart, np.flatnonzero(kept_apart & wanted))
