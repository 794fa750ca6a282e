"""What a mention head learns from: texts, and how likely each run of characters is a mention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Span
from ner_retriever.training.detection.config import DetectionConfig
from ner_retriever.training.typed_mentions import TypedText

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A text to learn from.

    Attributes:
        source: where it is from.
        text: what is read.
        targets: how likely a run of characters, [start, end), is a mention, in [0, 1]; 0 for all
            others.
        gold: the annotated mentions.
    """

    source: str
    text: str
    targets: Mapping[Range, float]
    gold: frozenset[Range]


def make_examples(
    texts: Sequence[TypedText], found: Sequence[Sequence[Span]], config: DetectionConfig
) -> list[Example]:
    """Join what was annotated and what a teacher found.

    What is annotated is a mention. In a source that is complete nothing else is, but for the
    floor; elsewhere a teacher's find counts its detection score, which says how often such a find
    is a mention.

    Args:
        found: the teacher's finds in each text.
    """
    examples = []
    for text, finds in zip(texts, found, strict=True):
        complete = text.source in config.complete
        gold = frozenset((span.start, span.end) for span in text.spans)
        targets = {
            (span.start, span.end): config.floor if complete else span.detection_score
            for span in finds
        }
        examples.append(Example(text.source, text.text, targets | dict.fromkeys(gold, 1.0), gold))
    return examples


def held_out(examples: Sequence[Example], config: DetectionConfig) -> NDArray[np.bool_]:
    """Tell which examples are held out: one stretch of each source.

    Neighbours are often of one article or domain, so a stretch keeps them together: a fifth of
    CrossNER is about one of its domains.

    Returns:
        (examples,) bool.
    """
    sizes: dict[str, int] = {}
    for example in examples:
        sizes[example.source] = sizes.get(example.source, 0) + 1
    seen = dict.fromkeys(sizes, 0)
    out = []
    for example in examples:
        stretch = seen[example.source] * config.folds // sizes[example.source]
        seen[example.source] += 1
        out.append(stretch == config.fold)
    return np.array(out, bool)
