"""From text and spans, or type queries, to unit vectors in the type-aware space.

A mention has a vector of its own, by the type head, and its sentence has one, by the context head.
Where a preset has both, they stand one behind the other in one unit vector, and so do a query's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.windows import pool
from ner_retriever.config import EngineName, PrecisionName, Preset
from ner_retriever.documents import Span
from ner_retriever.heads.projection.projector import load_context_projector, load_projector
from ner_retriever.heads.projection.record import ADAPTER_NAME, check_head, find_head
from ner_retriever.numerics import unit_rows
from ner_retriever.reading.embedding import Embedded, Embedding, Heads, Located
from ner_retriever.reading.extractor import Extractor, load_extractor
from ner_retriever.reading.passes import read_windows
from ner_retriever.text.layout import lay_out

Vectors = NDArray[np.float32]


class Encoder:
    """A backbone and a preset's heads."""

    def __init__(self, extractor: Extractor, heads: Heads) -> None:
        self.preset = extractor.preset
        self.extractor = extractor
        self.heads = heads
        self.fingerprints = {
            "backbone": extractor.fingerprint,
            "site": extractor.preset.site_fingerprint,
            "head": heads.fingerprint,
        }

    @property
    def dimensions(self) -> int:
        """Width of a mention's own vector."""
        return self.heads.type.dimensions if self.heads.type else self.extractor.width

    @property
    def context_dimensions(self) -> int:
        """Width of a sentence's vector; 0 without a context head."""
        return self.heads.context.dimensions if self.heads.context else 0

    def mentions(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Return each mention's vector and behind it its sentence's.

        Args:
            spans: the mentions of each text as it was given, in characters.

        Returns:
            One (mentions, dimensions + context dimensions) float32 array a text, rows of length 1.
        """
        layouts = [lay_out(text) for text in texts]
        as_read = [
            [layout.as_read(span) for span in its_spans]
            for layout, its_spans in zip(layouts, spans, strict=True)
        ]
        found = self.embed([layout.text for layout in layouts], as_read)
        return [each.joined for each in found]

    def embed(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Embedded]:
        """Embed mentions of texts in the form in which they are read, in the order of the spans."""
        embedding = Embedding(self.extractor, self.heads, len(texts))
        buffers = self.extractor.buffers(texts, spans)
        for batch, states in read_windows(self.extractor.backbone, buffers):
            located = [
                [
                    Located(spans[item.part.text][number], tokens, (number,))
                    for number, tokens in zip(item.mentions, item.tokens, strict=True)
                ]
                for item in batch
            ]
            embedding.add(states, [item.part for item in batch], located)
        return embedding.embedded()

    def queries(self, types: Sequence[str]) -> Vectors:
        """Return each query's vector and behind it the one for sentences.

        Returns:
            (types, dimensions + context dimensions) float32, rows of length 1.

        Raises:
            QueryError: a query is empty or absurdly long.
        """
        rows = np.empty((len(types), self.dimensions + self.context_dimensions), np.float32)
        own_share, context_share = self.heads.shares
        buffers = self.extractor.buffers(*self.extractor.templated(types))
        for batch, states in read_windows(self.extractor.backbone, buffers):
            windows = [item.window for item in batch]
            sites = self.extractor.backbone.project(states, windows)
            head = self.heads.type
            own = head.queries(sites) if head else unit_rows(sites)
            made = [own * np.float32(own_share)]
            if self.heads.context:
                means = pool(states, windows, "mean")
                made.append(self.heads.context.queries(means) * np.float32(context_share))
            rows[[item.part.text for item in batch]] = np.concatenate(made, axis=1)
        return rows


def load_encoder(
    preset: Preset,
    *,
    device: str | None = None,
    engine: EngineName = "torch",
    precision: PrecisionName = "float32",
) -> Encoder:
    """Find and load a preset's backbone and heads.

    Args:
        engine: what runs the backbone; vectors are the same to a cosine of 0.9999.
        precision: numbers that the backbone multiplies.

    Raises:
        ModelError: weights cannot be found, are damaged, or are of no known family.
        FingerprintMismatch: a head was trained on another backbone or site.
    """
    if preset.head is None:
        plain = load_extractor(preset, device=device, engine=engine, precision=precision)
        return Encoder(plain, Heads(type=None))
    folder = find_head(preset.head)
    head, record = load_projector(folder)
    context = load_context_projector(folder, record)
    adapter = folder / ADAPTER_NAME if record.adapter else None
    extractor = load_extractor(
        preset, device=device, adapter=adapter, engine=engine, precision=precision
    )
    check_head(record, backbone=extractor.fingerprint, site=preset.site_fingerprint)
    return Encoder(extractor, Heads(head, context, record.context_weight, record.fingerprint))
