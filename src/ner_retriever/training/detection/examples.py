"""What a mention head learns from: texts, and how likely each run of characters is a mention."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Span
from ner_retriever.text.windows import sentence_starts
from ner_retriever.training.detection.config import DetectionConfig
from ner_retriever.training.typed_mentions import TypedText

Range = tuple[int, int]
UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Example:
    """A text to learn from.

    Attributes:
        source: where it is from.
        text: what is read.
        targets: how likely a run of characters, [start, end), is a mention, in [0, 1]; ``UNKNOWN``
            for one that nobody knows of; 0 for all others.
        gold: the annotated mentions.
        names: which of them are names (true) and which ordinary nouns (false), as far as capitals
            tell.
    """

    source: str
    text: str
    targets: Mapping[Range, float]
    gold: frozenset[Range]
    names: Mapping[Range, bool] = field(default_factory=dict)


def make_examples(
    texts: Sequence[TypedText],
    found: Sequence[Sequence[Span]],
    lexicon: Collection[str],
    config: DetectionConfig,
) -> list[Example]:
    """Join what was annotated and what a teacher found.

    What is annotated is a mention. In a source that is complete nothing else is, but for the
    floor; elsewhere a teacher's find that is in the lexicon probably is, and of another one nobody
    knows.

    Args:
        found: the teacher's finds in each text.
        lexicon: names of things, lower-case.
    """
    examples = []
    for text, finds in zip(texts, found, strict=True):
        gold = frozenset((span.start, span.end) for span in text.spans)
        targets = {}
        for span in finds:
            if text.source in config.complete:
                target = config.floor
            elif text.text[span.start : span.end].lower() in lexicon:
                target = config.agreed
            else:
                target = UNKNOWN
            targets[span.start, span.end] = target
        targets |= dict.fromkeys(gold, 1.0)
        names = _names(text.text, gold, dictionary=text.source == config.lexicon)
        examples.append(Example(text.source, text.text, targets, gold, names))
    return examples


def _names(text: str, gold: Iterable[Range], *, dictionary: bool) -> dict[Range, bool]:
    """Tell names from ordinary nouns by their capitals.

    Args:
        dictionary: whether a capital tells where a sentence begins, too.
    """
    if text.islower() or text.isupper():
        return {}
    starts = set() if dictionary else set(sentence_starts(text))
    found = {}
    for start, end in gold:
        surface = text[start:end]
        # The capital that a sentence begins with tells nothing.
        telling = surface[1:] if start in starts else surface
        if any(map(str.isupper, telling)):
            found[start, end] = True
        elif surface == telling and any(map(str.islower, surface)):
            found[start, end] = False
    return found


def names_of_things(texts: Iterable[TypedText], source: str) -> frozenset[str]:
    """Return the surfaces of the mentions of a source, lower-case."""
    return frozenset(
        text.text[span.start : span.end].lower()
        for text in texts
        if text.source == source
        for span in text.spans
    )


def held_out(examples: Sequence[Example], config: DetectionConfig) -> NDArray[np.bool_]:
    """Tell which examples are held out: one fold of each source.

    Neighbours are often of one article or domain, so a fold keeps them together: a fifth of
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
        fold = seen[example.source] * config.folds // sizes[example.source]
        seen[example.source] += 1
        out.append(fold == config.fold)
    return np.array(out, bool)
