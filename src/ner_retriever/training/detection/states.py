"""The states of all words of texts, read once and kept on disk.

With them at hand an epoch takes a minute. Texts that a backbone reads alike, as one that folds
case does "Rome" and "rome", are read once. A reading that is cut off goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.backbone.batching import batches
from ner_retriever.backbone.forward import Window
from ner_retriever.config import fingerprint
from ner_retriever.reading.encoder import Extractor
from ner_retriever.reading.one_pass import Stretch, read_words, stretches
from ner_retriever.training.matrix import fill_matrix

_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class WordStates:
    """Stretches of texts with the states of their words.

    Attributes:
        stretches: of all texts, in their order.
        first_row: where the words of each stretch begin in ``rows``, (stretches,) int64.
        rows: mean states of words, (words, hidden) float16, memory-mapped.
    """

    stretches: list[Stretch]
    first_row: NDArray[np.int64]
    rows: NDArray[np.float16]

    def of(self, stretch: int) -> NDArray[np.float16]:
        """Return the states of a stretch's words, (words, hidden)."""
        first = self.first_row[stretch]
        return self.rows[first : first + len(self.stretches[stretch].words.tokens)]


def read_states(
    extractor: Extractor,
    texts: Sequence[str],
    cache: Path,
    *,
    adapter: str,
    progress: Callable[[int, int], None] | None = None,
) -> WordStates:
    """Read, or take from the cache, the states of the words of texts.

    Args:
        cache: a folder; each (texts, backbone, adapter, site) gets a folder of its own in it.
        adapter: names the low-rank updates that the backbone has.
        progress: called with (stretches done, stretches in all).
    """
    parts = list(stretches(extractor, texts))
    unique: dict[bytes, int] = {}
    numbers = [unique.setdefault(_key(part), len(unique)) for part in parts]
    distinct = _first_of_each(parts, numbers)
    sizes = [len(part.words.tokens) for part in distinct]
    first_row = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    key = fingerprint(
        {
            "backbone": extractor.fingerprint,
            "adapter": adapter,
            "site": extractor.preset.site_fingerprint,
            "texts": list(texts),
        }
    )
    folder = cache / key
    folder.mkdir(parents=True, exist_ok=True)
    rows = _fill(extractor, distinct, first_row, folder, progress)
    return WordStates(parts, first_row[numbers], rows)


def _key(part: Stretch) -> bytes:
    return part.window.ids.tobytes() + part.words.tokens.tobytes()


def _first_of_each(parts: Sequence[Stretch], numbers: Sequence[int]) -> list[Stretch]:
    """Return the first stretch of each number, which are given as they first come up."""
    first: dict[int, Stretch] = {}
    for part, number in zip(parts, numbers, strict=True):
        first.setdefault(number, part)
    return list(first.values())


def _fill(
    extractor: Extractor,
    parts: Sequence[Stretch],
    first_row: NDArray[np.int64],
    folder: Path,
    progress: Callable[[int, int], None] | None,
) -> NDArray[np.float16]:
    backbone = extractor.backbone

    def write(rows: NDArray[np.float16], part: range) -> None:
        numbered = [_Numbered(number, parts[number]) for number in part]
        for batch in batches(numbered, backbone.batch_tokens):
            with torch.inference_mode():
                _, words = read_words(backbone, [item.part for item in batch])
            places = [
                np.arange(first_row[item.number], first_row[item.number + 1]) for item in batch
            ]
            rows[np.concatenate(places)] = words.float().cpu().numpy().astype(np.float16)

    return fill_matrix(
        folder / "states.f16",
        np.float16,
        (int(first_row[-1]), _width(extractor, parts[0])),
        write,
        items=len(parts),
        chunk=_CHUNK,
        progress=progress,
    )


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    part: Stretch

    @property
    def window(self) -> Window:
        return self.part.window


def _width(extractor: Extractor, part: Stretch) -> int:
    with torch.inference_mode():
        _, words = read_words(extractor.backbone, [part])
    return int(words.shape[1])
