"""The one path from text and spans, or from a type query, to vectors.

text → tokens → windows → truncated forward pass → site vectors → head → unit vectors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ner_retriever.backbone.batching import batches, one_ahead
from ner_retriever.backbone.forward import Window
from ner_retriever.backbone.model import Backbone, Tokens, load_backbone
from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import EngineName, Preset
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.files import load_head
from ner_retriever.heads.projection.network import Head
from ner_retriever.heads.projection.record import ADAPTER_NAME, check_head, find_head
from ner_retriever.reading.query_template import pose
from ner_retriever.text.windows import sentence_starts, token_windows, window_of

Vectors = NDArray[np.float32]

_OVERLAP = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """A window and where the vectors of its mentions belong: (text, mention) pairs."""

    window: Window
    owners: list[tuple[int, int]]


class Extractor:
    """From text and spans to vectors at a preset's site, before any head."""

    def __init__(self, preset: Preset, backbone: Backbone, fingerprint: str) -> None:
        self.preset = preset
        self.fingerprint = fingerprint
        self.backbone = backbone
        prefix = backbone.tokenize([preset.prefix])[0].ids
        self._before = np.concatenate([backbone.before, prefix])
        self._after = backbone.after
        # A text of nothing but characters that the tokenizer drops is read as a full stop.
        self.stand_in = backbone.tokenize(["."])[0]
        self._room = preset.max_tokens - len(self._before) - len(self._after)
        if self._room < 8:
            raise ConfigError(
                f"max_tokens {preset.max_tokens} leaves {self._room} tokens for text beside "
                "special tokens and prefix; raise it or shorten the prefix"
            )

    def reading(self, preset: Preset) -> "Extractor":
        """Return an extractor with the same backbone and site and another prefix or template."""
        return Extractor(preset, self.backbone, self.fingerprint)

    @cached_property
    def width(self) -> int:
        """Width of the vectors; the first time, this costs the reading of a query."""
        return int(self.queries(["type"]).shape[1])

    def mentions(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Return the site's vectors of each text's mentions.

        A text that is longer than a window is read in several, cut at sentence borders; each
        mention's vector comes from the window in which it has the most context on both sides. Text
        without mentions is not read at all.

        Args:
            spans: the mentions of each text, in characters.

        Returns:
            One (mentions, width) float32 array a text.
        """
        rows: dict[tuple[int, int], Vectors] = {}
        for owners, vectors in one_ahead(self._passes(texts, spans)):
            rows.update(zip(owners, vectors.float().cpu().numpy(), strict=True))
        width = len(next(iter(rows.values()))) if rows else self.width
        return [
            np.stack([rows[index, mention] for mention in range(len(its_spans))])
            if its_spans
            else np.empty((0, width), dtype=np.float32)
            for index, its_spans in enumerate(spans)
        ]

    def queries(self, types: Sequence[str]) -> Vectors:
        """Return the site's vectors of type queries, (types, width) float32.

        The query stands in the preset's template; its own tokens are pooled like a mention's.

        Raises:
            QueryError: a query is empty or absurdly long.
        """
        texts, spans = self.posed(types)
        if not texts:
            return np.empty((0, self.width), dtype=np.float32)
        return np.concatenate(self.mentions(texts, spans))

    def slots(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Slot]:
        """Return the windows that hold texts' mentions.

        Args:
            spans: the mentions of each text, in characters.
        """
        tokens = self.backbone.tokenize(texts)
        return [
            slot
            for index, (text, its_tokens, its_spans) in enumerate(
                zip(texts, tokens, spans, strict=True)
            )
            for slot in self._slots(index, text, its_tokens, its_spans)
        ]

    def _passes(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> Iterator[tuple[list[tuple[int, int]], Tensor]]:
        """Run batch after batch; yield vectors, still where the model is, and whose they are."""
        size = self.backbone.buffer_texts
        for start in range(0, len(texts), size):
            slots = self.slots(texts[start : start + size], spans[start : start + size])
            for batch in batches(slots, self.backbone.batch_tokens):
                with torch.inference_mode():
                    vectors = self.backbone.tensors([slot.window for slot in batch])
                owners = [owner for slot in batch for owner in slot.owners]
                yield [(start + text, mention) for text, mention in owners], vectors

    def posed(self, types: Sequence[str]) -> tuple[list[str], list[list[Span]]]:
        """Put queries into the preset's template; also return where they stand in it.

        Raises:
            QueryError: a query is empty or absurdly long.
        """
        posed = [pose(self.preset, query) for query in types]
        return [query.text for query in posed], [[query.span] for query in posed]

    def _slots(
        self, index: int, text: str, tokens: Tokens, spans: Sequence[Span]
    ) -> Iterator[Slot]:
        if not spans:
            return
        if not len(tokens.ids):
            tokens = self.stand_in
        ranges = [self.token_range(tokens, span) for span in spans]
        windows = self.windows(text, tokens)
        chosen: dict[int, list[int]] = {}
        for mention, (first, last) in enumerate(ranges):
            chosen.setdefault(window_of(windows, first, last), []).append(mention)
        for number, mentions in chosen.items():
            its_ranges = np.array([ranges[mention] for mention in mentions])
            yield Slot(
                self.window(tokens, windows[number], its_ranges),
                [(index, mention) for mention in mentions],
            )

    def windows(self, text: str, tokens: Tokens) -> list[tuple[int, int]]:
        """Return the ranges of a text's tokens that are read at once; together they are all."""
        return token_windows(
            tokens.spans,
            sentence_starts(text) if len(tokens.ids) > self._room else [],
            max_tokens=self._room,
            overlap=min(_OVERLAP, self._room // 4),
        )

    def window(self, tokens: Tokens, held: tuple[int, int], ranges: NDArray[np.int64]) -> Window:
        """Return what the backbone reads of a text, special tokens and prefix before it.

        Args:
            held: the range of the text's tokens.
            ranges: tokens [first, last) of the text, (n, 2); cut off at the ends of what is held.
        """
        first, last = held
        ids = np.concatenate([self._before, tokens.ids[first:last], self._after])
        inside = ranges.clip(first, last)
        return Window(ids=ids, ranges=inside - first + len(self._before))

    @staticmethod
    def token_range(tokens: Tokens, span: Span) -> tuple[int, int]:
        """Return the tokens [first, last) that share a character with a span.

        A span of characters that the tokenizer drops has none: it gets its neighbour, the next
        token or, at the end of the text, the last.
        """
        starts, ends = tokens.spans[:, 0], tokens.spans[:, 1]
        first = int(np.searchsorted(ends, span.start, side="right"))
        last = int(np.searchsorted(starts, span.end, side="left"))
        if first < last:
            return first, last
        neighbour = min(first, len(tokens.ids) - 1)
        return neighbour, neighbour + 1


class Encoder:
    """From text and spans, or type queries, to unit vectors in the type-aware space."""

    def __init__(self, extractor: Extractor, head: Head | None, head_fingerprint: str) -> None:
        self.preset = extractor.preset
        self.fingerprints = {
            "backbone": extractor.fingerprint,
            "site": extractor.preset.site_fingerprint,
            "head": head_fingerprint,
        }
        self.extractor = extractor
        self._head = head

    @property
    def dimensions(self) -> int:
        """Width of the vectors."""
        return self._head.dimensions if self._head else self.extractor.width

    def mentions(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Return one (mentions, dimensions) float32 array a text, rows of length 1."""
        if not texts:
            return []
        vectors = self.extractor.mentions(texts, spans)
        flat = [span for its_spans in spans for span in its_spans]
        projected = self.project(np.concatenate(vectors), flat)
        return np.split(projected, np.cumsum([len(rows) for rows in vectors])[:-1])

    def queries(self, types: Sequence[str]) -> Vectors:
        """Return (types, dimensions) float32, rows of length 1.

        Raises:
            QueryError: a query is empty or absurdly long.
        """
        rows = torch.from_numpy(self.extractor.queries(types))
        with torch.inference_mode():
            return (self._head.queries(rows) if self._head else _unit(rows)).numpy()

    def project(self, vectors: Vectors, spans: Sequence[Span]) -> Vectors:
        """Bring mentions' vectors at the site into the space.

        Args:
            vectors: (n, width).
            spans: the mentions, for their detection scores.

        Returns:
            (n, dimensions) float32, rows of length 1.
        """
        rows = torch.from_numpy(vectors)
        scores = torch.tensor([span.detection_score for span in spans])
        with torch.inference_mode():
            return (self._head.mentions(rows, scores) if self._head else _unit(rows)).numpy()


def _unit(rows: Tensor) -> Tensor:
    return functional.normalize(rows, dim=-1)


def load_extractor(
    preset: Preset,
    *,
    device: str | None = None,
    adapter: Path | None = None,
    engine: EngineName = "torch",
    whole_floats: bool = False,
) -> Extractor:
    """Find and load a preset's backbone.

    Args:
        adapter: a file of low-rank updates that are merged into the backbone.
        engine: what runs the backbone.
        whole_floats: float32 weights on every device, as training needs them.

    Raises:
        ModelError: its weights cannot be found, are damaged, or are of no known family.
    """
    weights = find_weights(preset.backbone)
    backbone = load_backbone(
        weights,
        preset.site,
        device=device,
        adapter=adapter,
        engine=engine,
        whole_floats=whole_floats,
    )
    return Extractor(preset, backbone, weights.fingerprint)


def load_encoder(
    preset: Preset,
    *,
    device: str | None = None,
    engine: EngineName = "torch",
    whole_floats: bool = False,
) -> Encoder:
    """Find and load a preset's backbone and head.

    Args:
        engine: what runs the backbone; vectors are the same to a cosine of 0.9999.
        whole_floats: float32 weights on every device, as training needs them.

    Raises:
        ModelError: weights cannot be found, are damaged, or are of no known family.
        FingerprintMismatch: the head was trained on another backbone or site.
    """
    if preset.head is None:
        plain = load_extractor(preset, device=device, engine=engine, whole_floats=whole_floats)
        return Encoder(plain, None, "none")
    folder = find_head(preset.head)
    head, record = load_head(folder)
    adapter = folder / ADAPTER_NAME if record.adapter else None
    extractor = load_extractor(
        preset, device=device, adapter=adapter, engine=engine, whole_floats=whole_floats
    )
    check_head(record, backbone=extractor.fingerprint, site=preset.site_fingerprint)
    return Encoder(extractor, head, record.fingerprint)
