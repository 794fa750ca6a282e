"""Vectors of all mentions at all sites, on disk: too many for memory."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Site
from ner_retriever.errors import InputError
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training.typed_mentions import TypedText

# Called with a stage, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]

_CHUNK = 32
_LARGEST = float(np.finfo(np.float16).max)


class VectorFile:
    """One memory-mapped file, site after site, float16.

    Half a float's digits change a cosine in the fourth decimal. What is larger than float16 goes is
    clipped to its largest.
    """

    def __init__(
        self, file: Path, *, mentions: int, sites: Sequence[Site], widths: Sequence[int]
    ) -> None:
        """Make the file.

        Raises:
            InputError: there is no room for it.
        """
        needed = 2 * mentions * sum(widths)
        free = shutil.disk_usage(file.parent).free
        if needed > free:
            raise InputError(
                f"{len(sites)} sites of {mentions:,} mentions need {needed / 1e9:.1f} GB in "
                f"{file.parent}, which has {free / 1e9:.1f}; lower --limit-texts, or set TMPDIR to "
                "a folder with more room"
            )
        flat = np.memmap(file, np.float16, "w+", shape=(mentions * sum(widths),))
        borders = np.cumsum([0, *(mentions * width for width in widths)])
        self._columns = np.cumsum(widths)[:-1]
        self._of_site = {
            site: flat[first:last].reshape(mentions, width)
            for site, first, last, width in zip(
                sites, borders[:-1], borders[1:], widths, strict=True
            )
        }

    def write(self, first: int, vectors: NDArray[np.float32]) -> None:
        """Write vectors of mentions from ``first`` on, (mentions, widths of all sites)."""
        clipped = np.clip(vectors, -_LARGEST, _LARGEST)
        for matrix, rows in zip(
            self._of_site.values(), np.split(clipped, self._columns, axis=1), strict=True
        ):
            matrix[first : first + len(rows)] = rows

    def read(self, site: Site) -> NDArray[np.float32]:
        """Return one site's vectors, (mentions, width)."""
        return self._of_site[site].astype(np.float32)


def mention_vectors(
    extractor: Extractor, texts: Sequence[TypedText]
) -> Iterator[tuple[int, NDArray[np.float32], int]]:
    """Read texts some at a time.

    Yields:
        The number of the first mention, vectors (mentions, width), and how many texts are done.
    """
    first = 0
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        vectors = np.concatenate(
            extractor.mentions([text.text for text in chunk], [text.spans for text in chunk])
        )
        yield first, vectors, start + len(chunk)
        first += len(vectors)
