"""Training texts as a backbone reads them: windows, and where mentions and sentences stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.windows import Window
from ner_retriever.documents import Span
from ner_retriever.reading.extractor import Extractor


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
    firsts = np.concatenate([[0], np.cumsum([len(its_spans) for its_spans in spans])])
    made = MentionWindows(where=np.empty((int(firsts[-1]), 2), np.int64))
    for given in extractor.given_windows(texts, spans):
        part = given.part
        sentences = [
            part.read.sentence_tokens(part.read.sentence_of(spans[part.text][mention].start))
            for mention in given.mentions
        ]
        numbers = firsts[part.text] + np.array(given.mentions)
        made.where[numbers, 0] = len(made.windows)
        made.where[numbers, 1] = np.arange(len(numbers))
        made.windows.append(MentionWindow(given.window, part.window(sentences).ranges, numbers))
    return made
