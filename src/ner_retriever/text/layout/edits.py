"""Edits of a text that keep where every character came from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Edit:
    """A run of characters, [start, end), that gives way to others."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A text after edits.

    Attributes:
        text: what has become of it.
        starts, ends: where each character begins and ends in the text before, (characters,) int64,
            both ascending.
    """

    text: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def before(self, other: "Edited") -> "Edited":
        """Return this text's edits followed by those of another one, made of what they gave."""
        if not other.text:
            return other
        return Edited(other.text, self.starts[other.starts], self.ends[other.ends - 1])


def apply(text: str, edits: Iterable[Edit]) -> Edited:
    """Apply edits, which ascend and don't overlap."""
    pieces: list[str] = []
    starts: list[NDArray[np.int64]] = []
    ends: list[NDArray[np.int64]] = []

    def keep(first: int, last: int) -> None:
        pieces.append(text[first:last])
        starts.append(np.arange(first, last))
        ends.append(np.arange(first + 1, last + 1))

    done = 0
    for edit in edits:
        keep(done, edit.start)
        pieces.append(edit.replacement)
        starts.append(np.full(len(edit.replacement), edit.start))
        ends.append(np.full(len(edit.replacement), max(edit.end, edit.start + 1)))
        done = edit.end
    keep(done, len(text))
    return Edited("".join(pieces), np.concatenate(starts), np.concatenate(ends))
