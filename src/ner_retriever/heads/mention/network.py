"""Scores for all short runs of words: how likely each is a mention, whatever its type."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner_retriever.heads.mention.record import BOUNDARY, CONVOLUTIONS, EDGES, KERNEL
from ner_retriever.heads.mention.words import SHAPES


class MentionHead(nn.Module):
    """Two convolutions over words, then a bilinear form of a run's first and last word.

    The convolutions look at words on both sides, so that a causal backbone's states, which know
    nothing of what follows, are no handicap.

    Args:
        width: of the backbone's states.
        hidden: of a word's state.
        longest: words in a run at most.
        dropout: while training.
        kinds: whether it also tells names from ordinary nouns.
        borders: whether it knows where a block of the text begins and ends. Most backbones don't:
            to their tokenizers, a line break is a space.
    """

    def __init__(
        self,
        width: int,
        hidden: int = 192,
        longest: int = 10,
        *,
        dropout: float = 0.2,
        kinds: bool = False,
        borders: bool = False,
    ) -> None:
        super().__init__()
        self.longest = longest
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, hidden)
        self.shape = nn.Embedding(len(SHAPES), hidden)
        self.border = nn.Embedding(EDGES, hidden) if borders else None
        self.blocks = nn.ModuleList(_Block(hidden, dropout) for _ in range(CONVOLUTIONS))
        self.first = nn.Linear(hidden, BOUNDARY)
        self.last = nn.Linear(hidden, BOUNDARY)
        self.alone = nn.Linear(hidden, 3)
        self.kind = nn.Linear(hidden, 1) if kinds else None
        self.length = nn.Parameter(torch.zeros(longest))
        self.dropout = nn.Dropout(dropout)

    @property
    def width(self) -> int:
        """Width of the states that the head takes."""
        return self.inner.in_features

    @property
    def hidden(self) -> int:
        """Width of a word's state."""
        return self.inner.out_features

    def forward(
        self, words: Tensor, shapes: Tensor, mask: Tensor, blocks: Tensor | None = None
    ) -> Tensor:
        """Return how likely runs of words are mentions; see :meth:`score`."""
        return self.score(words, shapes, mask, blocks)[0]

    def score(
        self, words: Tensor, shapes: Tensor, mask: Tensor, blocks: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Score runs of words.

        Args:
            words: mean states of each word's tokens, (batch, words, width) float32.
            shapes: index of each word's shape, (batch, words) int64.
            mask: which words are real, (batch, words) bool.
            blocks: the block of the text that each word stands in, (batch, words) int64; all in one
                by default.

        Returns:
            Log-odds, (batch, words, longest): entry (b, i, n) is of the run of n + 1 words that
            begins with word i; minus infinity where it would end past the text or its block. And
            the log-odds that the run is a name and no ordinary noun, of the same shape; ``None``
            from a head that doesn't tell.
        """
        states = self.inner(self.dropout(self.norm(words))) + self.shape(shapes)
        if self.border is not None:
            states = states + self.border(_edges(mask, blocks))
        real = mask[..., None]
        for block in self.blocks:
            states = block(states, real)
        states = self.dropout(states)
        begins, ends, inside = self.alone(states).unbind(-1)
        first, last = self.first(states), self.last(states)
        sums = self._sums(inside * mask)
        name_sums = None if self.kind is None else self._sums(self.kind(states)[..., 0] * mask)
        scores, names = [], []
        count = words.shape[1]
        for length in range(self.longest):
            closing = _shifted(last, length)
            pair = (first * closing).sum(-1) / BOUNDARY**0.5
            within = _mean(sums, length, count)
            if name_sums is not None:
                names.append(_mean(name_sums, length, count))
            score = pair + begins + _shifted(ends, length) + within + self.length[length]
            ends_inside = _shifted(mask, length)
            if blocks is not None:
                ends_inside = ends_inside & (_shifted(blocks, length) == blocks)
            scores.append(score.masked_fill(~(mask & ends_inside), -torch.inf))
        return torch.stack(scores, dim=-1), torch.stack(names, dim=-1) if names else None

    def _sums(self, numbers: Tensor) -> Tensor:
        """Return sums up to each word, (batch, words) to (batch, 1 + words + longest)."""
        return functional.pad(numbers.cumsum(1), (1, self.longest))


class _Block(nn.Module):
    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.convolution = nn.Conv1d(hidden, hidden, KERNEL, padding=KERNEL // 2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, real: Tensor) -> Tensor:
        # Padding must look to the convolution like the end of the text.
        normed = self.norm(states) * real
        mixed = self.convolution(normed.transpose(1, 2)).transpose(1, 2)
        mixed = self.dropout(functional.gelu(mixed))
        return states.add(mixed)


def _edges(mask: Tensor, blocks: Tensor | None) -> Tensor:
    """Tell of each word whether it is the first (1) or last (2) of its block: (batch, words)."""
    within = mask[:, :-1] & mask[:, 1:]
    if blocks is not None:
        within = within & (blocks[:, :-1] == blocks[:, 1:])
    first, last = ~functional.pad(within, (1, 0)), ~functional.pad(within, (0, 1))
    return first.long() + 2 * last.long()


def _mean(sums: Tensor, length: int, count: int) -> Tensor:
    """Return the means over the runs of ``length + 1`` words that begin with each word."""
    return (sums[:, length + 1 : length + 1 + count] - sums[:, :count]) / (length + 1)


def _shifted(rows: Tensor, by: int) -> Tensor:
    """Move (batch, words, …) to the left by some words, zeros coming in."""
    moved = torch.zeros_like(rows)
    kept = max(rows.shape[1] - by, 0)
    moved[:, :kept] = rows[:, by:]
    return moved
