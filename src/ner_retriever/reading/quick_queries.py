"""The vectors of queries without a model library, where the preset allows it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.numpy_bert import NumpyBert, load_numpy_bert
from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import Preset
from ner_retriever.errors import WeightsCorrupted
from ner_retriever.heads.projection.projector import (
    Projector,
    load_context_projector,
    load_projector,
)
from ner_retriever.heads.projection.record import (
    ADAPTER_NAME,
    check_head,
    find_head,
    read_record,
    shares,
)
from ner_retriever.reading.query_template import TemplatedQuery


class QuickEncoder:
    """From templated queries to unit vectors; loads in a tenth of a second.

    Args:
        heads: the type head, and the context head if there is one.
        weights: what their vectors are multiplied by.

    Attributes:
        fingerprints: of backbone, site and head, as the encoder's.
    """

    def __init__(
        self,
        preset: Preset,
        bert: NumpyBert,
        heads: Sequence[Projector],
        weights: Sequence[float],
        fingerprints: dict[str, str],
    ) -> None:
        self.fingerprints = fingerprints
        self._preset = preset
        self._bert = bert
        self._heads = heads
        self._weights = weights

    def vectors(self, queries: Sequence[TemplatedQuery]) -> list[NDArray[np.float32] | None]:
        """Return what the encoder gives for queries, which are read together.

        Returns:
            One (dimensions,) float32 array a query; ``None`` where the encoder must read it.
        """
        read = self._bert.read(
            [query.text for query in queries],
            [query.span for query in queries],
            prefix=self._preset.prefix,
            most_tokens=self._preset.max_tokens,
        )
        return [None if states is None else self._made(states) for states in read]

    def _made(self, states: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        made = [
            head.queries(row[None]) * np.float32(weight)
            for head, row, weight in zip(self._heads, states, self._weights, strict=False)
        ]
        row: NDArray[np.float32] = np.concatenate(made, axis=1)[0]
        return row


def load_quick_encoder(preset: Preset) -> QuickEncoder | None:
    """Find and load what a preset's queries need.

    Returns:
        ``None`` where the preset has no head, its backbone is no plain BERT, or a file is damaged,
        which the encoder then says.

    Raises:
        ModelError: weights or head are nowhere to be had.
        FingerprintMismatch: the head was trained on another backbone or site.
    """
    if preset.head is None:
        return None
    folder = find_head(preset.head)
    record = read_record(folder)
    weights = find_weights(preset.backbone)
    check_head(record, backbone=weights.fingerprint, site=preset.site_fingerprint)
    try:
        heads = [load_projector(folder)[0]]
        context = load_context_projector(folder, record)
    except WeightsCorrupted:
        return None
    adapter = folder / ADAPTER_NAME if record.adapter else None
    bert = load_numpy_bert(weights.folder, preset.site, adapter)
    if bert is None:
        return None
    fingerprints = {
        "backbone": weights.fingerprint,
        "site": preset.site_fingerprint,
        "head": record.fingerprint,
    }
    if context:
        heads.append(context)
    return QuickEncoder(preset, bert, heads, shares(record.context_weight), fingerprints)
