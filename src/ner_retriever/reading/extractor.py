"""From text and given spans, or type queries, to vectors at a preset's site, before any head."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.loading import load_backbone
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.weights import find_weights
from ner_retriever.backbone.windows import Window
from ner_retriever.config import EngineName, PrecisionName, Preset
from ner_retriever.documents import Span
from ner_retriever.reading.passes import read_windows
from ner_retriever.reading.query_template import fill_template
from ner_retriever.reading.text_windows import TextWindow, WindowCutter

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class GivenWindow:
    """A window and those of a text's mentions that are read in it.

    Attributes:
        part: the window.
        mentions: numbers of the mentions among those of the text.
        tokens: theirs, [first, last) in the text.
    """

    part: TextWindow
    mentions: tuple[int, ...]
    tokens: tuple[tuple[int, int], ...]

    @cached_property
    def window(self) -> Window:
        """What is read, its ranges being the mentions'."""
        return self.part.window(self.tokens)


class Extractor:
    """A backbone as a preset has it read."""

    def __init__(self, preset: Preset, backbone: Backbone, fingerprint: str) -> None:
        self.preset = preset
        self.fingerprint = fingerprint
        self.backbone = backbone
        self._cutter = WindowCutter(preset, backbone)

    def with_preset(self, preset: Preset) -> "Extractor":
        """Return an extractor with the same backbone and site and another prefix or template."""
        return Extractor(preset, self.backbone, self.fingerprint)

    @cached_property
    def width(self) -> int:
        """Width of the vectors; the first time, this costs the reading of a query."""
        return int(self.queries(["type"]).shape[1])

    def windows(self, texts: Sequence[str], first_text: int = 0) -> Iterator[TextWindow]:
        """Yield all windows of texts, in their order.

        Args:
            first_text: the first text's place among others.
        """
        return self._cutter.cut(texts, first_text)

    def buffers(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> Iterator[list[GivenWindow]]:
        """Yield the windows that hold mentions, as many texts at a time as suit the device."""
        size = self.backbone.buffer_texts
        for start in range(0, len(texts), size):
            some = slice(start, start + size)
            yield list(self.given_windows(texts[some], spans[some], start))

    def given_windows(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]], first_text: int = 0
    ) -> Iterator[GivenWindow]:
        """Yield the windows that hold mentions, each mention in the one with the most context.

        Args:
            first_text: the first text's place among others.
        """
        for index, windows in groupby(self.windows(texts, first_text), key=attrgetter("text")):
            parts = list(windows)
            read = parts[0].read
            ranges = [read.token_range(span) for span in spans[index - first_text]]
            owned: dict[int, list[int]] = {}
            for mention, tokens in enumerate(ranges):
                owned.setdefault(read.owner(*tokens), []).append(mention)
            for number, mentions in sorted(owned.items()):
                yield GivenWindow(
                    parts[number], tuple(mentions), tuple(ranges[mention] for mention in mentions)
                )

    def mentions(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Vectors]:
        """Return the site's vectors of each text's mentions.

        A text that is longer than a window is read in several, cut at sentence borders. A window
        without mentions is not read at all.

        Args:
            spans: the mentions of each text, in characters.

        Returns:
            One (mentions, width) float32 array a text.
        """
        if len(texts) != len(spans):
            raise ValueError(f"cannot zip {len(texts)} texts with {len(spans)} lists of spans")
        rows: dict[tuple[int, int], Vectors] = {}
        for batch, states in read_windows(self.backbone, self.buffers(texts, spans)):
            owners = [(item.part.text, number) for item in batch for number in item.mentions]
            vectors = self.backbone.project(states, [item.window for item in batch])
            rows.update(zip(owners, vectors, strict=True))
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
        texts, spans = self.templated(types)
        if not texts:
            return np.empty((0, self.width), dtype=np.float32)
        return np.concatenate(self.mentions(texts, spans))

    def templated(self, types: Sequence[str]) -> tuple[list[str], list[list[Span]]]:
        """Put queries into the preset's template; also return where they stand in it.

        Raises:
            QueryError: a query is empty or absurdly long.
        """
        queries = [fill_template(self.preset, query) for query in types]
        return [query.text for query in queries], [[query.span] for query in queries]


def load_extractor(
    preset: Preset,
    *,
    device: str | None = None,
    adapter: Path | None = None,
    engine: EngineName = "torch",
    precision: PrecisionName = "float32",
) -> Extractor:
    """Find and load a preset's backbone.

    Args:
        adapter: a file of low-rank updates that are merged into the backbone.
        engine: what runs the backbone.
        precision: numbers that the backbone multiplies.

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
        precision=precision,
    )
    return Extractor(preset, backbone, weights.fingerprint)
