"""Training texts as a backbone reads them: windows, and where mentions and sentences stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.forward import Window
from ner_retriever.backbone.model import Tokens
from ner_retriever.documents import Span
from ner_retriever.reading.encoder import Extractor
from ner_retriever.text.windows import sentence_starts, window_of


@dataclass(frozen=True, slots=True)
class MentionWindow:
    """A window with mentions, and with the sentences that these stand in.

    Attributes:
        window: its ranges are the mentions'.
        sentences: the tokens [first, last) of each mention's sentence, as far as the window holds
            it, (mentions, 2) int64.
        mentions: numbers of the mentions, (mentions,) int64.
    """

    window: Window
    sentences: NDArray[np.int64]
    mentions: NDArray[np.int64]

    def of(self, places: Sequence[int]) -> "MentionWindow":
        """Return the window with some of its mentions alone."""
        chosen = list(places)
        return MentionWindow(
            Window(ids=self.window.ids, ranges=self.window.ranges[chosen]),
            self.sentences[chosen],
            self.mentions[chosen],
        )


@dataclass(slots=True)
class MentionWindows:
    """The windows of many texts' mentions, which are numbered through all texts.

    Attributes:
        windows: those that hold a mention.
        where: the window of each mention and its place in it, (mentions, 2) int64.
    """

    windows: list[MentionWindow] = field(default_factory=list)
    where: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def of(self, mentions: NDArray[np.int64]) -> list[MentionWindow]:
        """Return windows that hold some mentions and no others."""
        wanted: dict[int, list[int]] = {}
        for number, place in self.where[mentions].tolist():
            wanted.setdefault(number, []).append(place)
        return [self.windows[number].of(places) for number, places in wanted.items()]


def mention_windows(
    extractor: Extractor, texts: Sequence[str], spans: Sequence[Sequence[Span]]
) -> MentionWindows:
    """Cut texts into windows; a mention belongs to the one in which it has the most context.

    Args:
        spans: the mentions of each text, in characters.
    """
    made = MentionWindows()
    where = np.empty((sum(map(len, spans)), 2), np.int64)
    first_mention = 0
    for text, tokens, its_spans in zip(
        texts, extractor.backbone.tokenize(texts), spans, strict=True
    ):
        if its_spans:
            numbers = np.arange(first_mention, first_mention + len(its_spans))
            for window in _windows(extractor, text, tokens, its_spans, numbers):
                where[window.mentions, 0] = len(made.windows)
                where[window.mentions, 1] = np.arange(len(window.mentions))
                made.windows.append(window)
        first_mention += len(its_spans)
    made.where = where
    return made


def _windows(
    extractor: Extractor,
    text: str,
    tokens: Tokens,
    spans: Sequence[Span],
    numbers: NDArray[np.int64],
) -> list[MentionWindow]:
    if not len(tokens.ids):
        tokens = extractor.stand_in
    starts = np.array([*sentence_starts(text), len(text)])
    mentions = np.array([extractor.token_range(tokens, span) for span in spans])
    sentence_of = np.searchsorted(starts, [span.start for span in spans], side="right") - 1
    sentences = np.array(
        [
            extractor.token_range(tokens, Span(int(starts[number]), int(starts[number + 1])))
            for number in sentence_of
        ]
    )
    windows = extractor.windows(text, tokens)
    owner = np.array([window_of(windows, first, last) for first, last in mentions.tolist()])
    return [
        MentionWindow(
            extractor.window(tokens, windows[number], mentions[owner == number]),
            extractor.window(tokens, windows[number], sentences[owner == number]).ranges,
            numbers[owner == number],
        )
        for number in np.unique(owner)
    ]
