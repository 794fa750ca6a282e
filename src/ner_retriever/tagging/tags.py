"""Mentions with the types whose cut-offs they reach."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ner_retriever.search.sheet import Sheet
from ner_retriever.search.standoff import Labelled, LabelledText


@dataclass(frozen=True, slots=True)
class TypeTag:
    """A type of a mention.

    Attributes:
        type: in words.
        score: of the mention for the type.
        probability: estimated probability that a document with this best score is relevant; unlike
            scores, it can be compared between types.
    """

    type: str
    score: float
    probability: float


@dataclass(frozen=True, slots=True)
class TaggedMention:
    """A mention and its types.

    Attributes:
        start, end: characters, end exclusive.
        text: as it stands there.
        types: the likeliest first; at least one.
    """

    start: int
    end: int
    text: str
    types: tuple[TypeTag, ...]


@dataclass(frozen=True, slots=True)
class TaggedText:
    """A document and its tagged mentions.

    Attributes:
        id: of the document.
        text: of it.
        mentions: in the order in which they begin; they may overlap.
    """

    id: str
    text: str
    mentions: tuple[TaggedMention, ...]

    def labelled(self, *, every: bool) -> LabelledText:
        """Return the spans with their labels, the likeliest first.

        Args:
            every: a span for each type of a mention, not for its likeliest alone.
        """
        found = [
            (tag.probability, Labelled(mention.start, mention.end, tag.type))
            for mention in self.mentions
            for tag in (mention.types if every else mention.types[:1])
        ]
        found.sort(key=lambda pair: (-pair[0], pair[1].start, pair[1].end))
        return LabelledText(self.id, self.text, [span for _, span in found])


def tagged_texts(
    sheet: Sheet, *, most_types: int = 3, untagged: bool = False
) -> Iterator[TaggedText]:
    """Yield documents with the mentions of a sheet's types, in the index's order.

    Args:
        most_types: types of a mention at most.
        untagged: whether documents without a mention of any of the types are among them.
    """
    of_mention: defaultdict[int, list[TypeTag]] = defaultdict(list)
    for name, column in zip(sheet.types, sheet.columns, strict=True):
        likely = column.results.trust.probability(column.scores).tolist()
        pairs = zip(column.mentions.tolist(), column.scores.tolist(), likely, strict=True)
        for row, score, probability in pairs:
            of_mention[row].append(TypeTag(name, round(score, 4), round(probability, 4)))
    for _, stored, rows in sheet.documents(every=untagged):
        spans = sheet.columns[0].results.scan.mentions[rows]
        places = (spans[name].tolist() for name in ("start", "end"))
        mentions = [
            TaggedMention(start, end, stored.text[start:end], _best(of_mention[row], most_types))
            for row, start, end in zip(rows.tolist(), *places, strict=True)
        ]
        mentions.sort(key=lambda mention: (mention.start, mention.end))
        yield TaggedText(stored.id, stored.text, tuple(mentions))


def _best(tags: Sequence[TypeTag], most: int) -> tuple[TypeTag, ...]:
    return tuple(sorted(tags, key=lambda tag: (-tag.probability, -tag.score, tag.type))[:most])
