"""Documents made of training texts: paragraphs of several sentences, lists, tables, mails.

Sentences stand alone in most training data. In documents they have neighbours, and names stand in
lines and cells of their own, without a sentence around them.
"""

from collections.abc import Sequence

import numpy as np

from ner_retriever.text.layout import BORDER
from ner_retriever.training.detection.examples import Example, Range

_MOST_SENTENCES = 8
_MOST_LINES = 14
_HEADINGS = (
    "Members", "Present:", "Apologies", "See also", "Contents", "Name", "Item", "References",
    "Agenda", "Participants", "Overview", "Background", "Notes", "Summary", "Schedule",
    "Price list", "Results", "Further reading", "Where to go", "Ingredients", "Suppliers",
    "Appendix A", "Packing list", "Cast",
)  # fmt: skip
_FILLERS = (
    "Total", "n/a", "yes", "no", "12 March 2020", "09:30", "1,250.00", "Page 3 of 7", "open",
    "pending", "see above", "new", "2 kg", "each", "Date", "Amount", "Status", "Remarks", "1998",
    "15 %", "none", "Kind regards", "Dear all,", "to be confirmed", "half a cup", "3rd floor",
    "Qty", "Type", "€ 40",
)  # fmt: skip
_PATTERNS = (
    "{}",
    "{}",
    "{}",
    "{} (chair)",
    "{}, deputy",
    "{} – new",
    "{}: 12",
    "{} 2019",
    "No. 4 {}",
)
_MAIL = ("From: {}", "To: {}", "Subject: {}", "Cc: {}")


def make_documents(
    examples: Sequence[Example], *, paragraphs: int, lists: int, seed: int
) -> list[Example]:
    """Make documents of examples.

    Args:
        paragraphs: how many of several sentences.
        lists: how many of lines and cells.
        seed: of every draw.
    """
    generator = np.random.default_rng(seed)
    by_source: dict[str, list[Example]] = {}
    for example in examples:
        by_source.setdefault(example.source, []).append(example)
    sources = list(by_source.values())
    shares = np.array([len(texts) for texts in sources], float)
    drawn = generator.choice(len(sources), paragraphs + lists, p=shares / shares.sum())
    return [
        (_paragraph if number < paragraphs else _lines)(sources[source], generator)
        for number, source in enumerate(drawn.tolist())
    ]


def _paragraph(texts: Sequence[Example], generator: np.random.Generator) -> Example:
    count = int(generator.integers(2, _MOST_SENTENCES + 1))
    first = int(generator.integers(max(len(texts) - count, 0) + 1))
    # Neighbours are often of one article or domain.
    chosen = texts[first : first + count]
    pieces: list[Example] = []
    if generator.random() < 0.3:
        pieces.append(_plain(texts[0].source, _one(_HEADINGS, generator)))
    return _joined([*pieces, *chosen], [BORDER] * len(pieces) + _gaps(len(chosen), generator))


def _gaps(count: int, generator: np.random.Generator) -> list[str]:
    return [BORDER if generator.random() < 0.2 else " " for _ in range(count)]


def _lines(texts: Sequence[Example], generator: np.random.Generator) -> Example:
    source = texts[0].source
    pieces = [_plain(source, _one(_HEADINGS, generator))] if generator.random() < 0.6 else []
    mail = generator.random() < 0.15
    for number in range(int(generator.integers(3, _MOST_LINES + 1))):
        example = texts[int(generator.integers(len(texts)))]
        if not example.gold or generator.random() < 0.25:
            pieces.append(_plain(source, _one(_FILLERS, generator)))
            continue
        gold = sorted(example.gold)
        start, end = gold[int(generator.integers(len(gold)))]
        pattern = _MAIL[number % 4] if mail and number < 4 else _one(_PATTERNS, generator)
        name = example.names.get((start, end))
        pieces.append(_item(source, pattern, example.text[start:end], name))
    if generator.random() < 0.3:
        pieces.append(texts[int(generator.integers(len(texts)))])
    return _joined(pieces, [BORDER] * len(pieces))


def _one(choices: Sequence[str], generator: np.random.Generator) -> str:
    return choices[int(generator.integers(len(choices)))]


def _plain(source: str, text: str) -> Example:
    return Example(source, text, {}, frozenset())


def _item(source: str, pattern: str, surface: str, name: bool | None) -> Example:
    start = pattern.index("{")
    mention = (start, start + len(surface))
    names = {} if name is None else {mention: name}
    text = pattern.format(surface)
    return Example(source, text, {mention: 1.0}, frozenset([mention]), names)


def _joined(parts: Sequence[Example], gaps: Sequence[str]) -> Example:
    """Join examples; each but the first has its gap before it, the last of the gaps is unused."""
    text = ""
    targets: dict[Range, float] = {}
    gold: set[Range] = set()
    names: dict[Range, bool] = {}
    for part, gap in zip(parts, ["", *gaps][: len(parts)], strict=True):
        text += gap
        shift = len(text)
        targets |= {_shifted(place, shift): target for place, target in part.targets.items()}
        gold |= {_shifted(place, shift) for place in part.gold}
        names |= {_shifted(place, shift): name for place, name in part.names.items()}
        text += part.text
    return Example(parts[0].source, text, targets, frozenset(gold), names)


def _shifted(place: Range, by: int) -> Range:
    return place[0] + by, place[1] + by
