"""The states of all words of texts, read once and kept on disk.

With them at hand an epoch takes a minute. Texts that a backbone reads alike, as one that folds
case does "Rome" and "rome", are read once. A reading that is cut off goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.windows import Window
from ner_retriever.config import fingerprint
from ner_retriever.reading.extractor import Extractor
from ner_retriever.reading.passes import read_windows
from ner_retriever.reading.word_windows import WordWindow, word_states, word_windows
from ner_retriever.training.matrix import fill_matrix

_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class WordStates:
    """Windows of texts with the states of their words.

    Attributes:
        windows: of all texts, in their order.
        first_row: where the words of each window begin in ``rows``, (windows,) int64.
        rows: mean states of words, (words, hidden) float16, memory-mapped.
    """

    windows: list[WordWindow]
    first_row: NDArray[np.int64]
    rows: NDArray[np.float16]

    def of(self, number: int) -> NDArray[np.float16]:
        """Return the states of a window's words, (words, hidden)."""
        first = self.first_row[number]
        return self.rows[first : first + len(self.windows[number].words.tokens)]


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
        progress: called with (windows done, windows in all).
    """
    parts = list(word_windows(extractor, texts))
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


def _key(part: WordWindow) -> bytes:
    return part.window.ids.tobytes() + part.words.tokens.tobytes()


def _first_of_each(parts: Sequence[WordWindow], numbers: Sequence[int]) -> list[WordWindow]:
    """Return the first window of each number, which are given as they first come up."""
    first: dict[int, WordWindow] = {}
    for part, number in zip(parts, numbers, strict=True):
        first.setdefault(number, part)
    return list(first.values())


def _fill(
    extractor: Extractor,
    parts: Sequence[WordWindow],
    first_row: NDArray[np.int64],
    folder: Path,
    progress: Callable[[int, int], None] | None,
) -> NDArray[np.float16]:
    backbone = extractor.backbone

    def write(rows: NDArray[np.float16], part: range) -> None:
        numbered = [_Numbered(number, parts[number]) for number in part]
        for batch, states in read_windows(backbone, [numbered]):
            words = word_states(states, [item.part for item in batch])
            places = [
                np.arange(first_row[item.number], first_row[item.number + 1]) for item in batch
            ]
            rows[np.concatenate(places)] = words.astype(np.float16)

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
    part: WordWindow

    @property
    def window(self) -> Window:
        return self.part.window


def _width(extractor: Extractor, part: WordWindow) -> int:
    ((batch, states),) = read_windows(extractor.backbone, [[part]])
    return int(word_states(states, batch).shape[1])
