"""Entities of a sheet of types, and which of them stand together."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.search.rollup import entity_key
from ner_retriever.search.sheet import Sheet, Within, count_pairs


@dataclass(frozen=True, slots=True)
class Node:
    """An entity.

    Attributes:
        name: its most frequent surface form, on one line.
        types: those of the sheet that its mentions are of, the most frequent first.
        documents, mentions: how many there are of it.
    """

    name: str
    types: tuple[str, ...]
    documents: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Edge:
    """Two entities that stand together.

    Attributes:
        first, second: their places among the nodes, the smaller first.
        count: in how many documents, or sentences.
    """

    first: int
    second: int
    count: int


@dataclass(frozen=True, slots=True)
class EntityGraph:
    """Entities and what connects them.

    Attributes:
        nodes: those of most documents first.
        edges: those of the highest counts first.
        left_out: how many further entities there are.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int


def entity_graph(
    sheet: Sheet, *, within: Within = "document", most: int = 300, least: int = 1
) -> EntityGraph:
    """Connect the entities of a sheet's mentions.

    Args:
        within: what connects two: one document, or one sentence.
        most: entities at most, those of most documents; ones that tie by their mentions and name.
        least: count of an edge at least.
    """
    made = _Entities(sheet)
    names = made.names()
    ranked = sorted(
        range(len(names)),
        key=lambda entity: (-made.documents[entity], -made.mentions[entity], names[entity]),
    )[:most]
    place = np.full(len(names), -1, np.int64)
    place[ranked] = np.arange(len(ranked))
    nodes_of = place[np.array(made.entities, np.int64)]
    kept = nodes_of >= 0
    counts = count_pairs(made.places(within)[kept], nodes_of[kept], len(ranked))
    counts = np.triu(counts, 1)
    edges = [
        Edge(first, second, int(counts[first, second]))
        for first, second in np.argwhere(counts >= max(least, 1)).tolist()
    ]
    nodes = tuple(
        Node(
            names[entity],
            tuple(kind for kind, _ in made.types[entity].most_common()),
            made.documents[entity],
            made.mentions[entity],
        )
        for entity in ranked
    )
    ordered = sorted(edges, key=lambda edge: (-edge.count, edge.first, edge.second))
    return EntityGraph(nodes, tuple(ordered), len(names) - len(ranked))


class _Entities:
    """The entities of a sheet's mentions, each mention read once."""

    def __init__(self, sheet: Sheet) -> None:
        self._numbers: dict[str, int] = {}
        self._forms: list[Counter[str]] = []
        self.types: list[Counter[str]] = []
        self.documents: list[int] = []
        self.mentions: list[int] = []
        # Of every mention, in the order of the index.
        self.entities: list[int] = []
        self._owners: list[int] = []
        self._sentences: list[int] = []
        types: defaultdict[int, list[str]] = defaultdict(list)
        for name, column in zip(sheet.types, sheet.columns, strict=True):
            for row in column.mentions.tolist():
                types[row].append(name)
        for owner, stored, rows in sheet.documents():
            seen: set[int] = set()
            found = sheet.columns[0].results.scan.mentions[rows]
            places = (found[name].tolist() for name in ("sentence", "start", "end"))
            for row, sentence, start, end in zip(rows.tolist(), *places, strict=True):
                surface = stored.text[start:end]
                entity = self._numbers.setdefault(entity_key(surface), len(self._forms))
                if entity == len(self._forms):
                    self._add()
                self._forms[entity][" ".join(surface.split())] += 1
                self.types[entity].update(types[row])
                self.mentions[entity] += 1
                self.documents[entity] += entity not in seen
                seen.add(entity)
                self.entities.append(entity)
                self._owners.append(owner)
                self._sentences.append(sentence)

    def places(self, within: Within) -> NDArray[np.int64]:
        """The row of each mention's document, or the number of its sentence."""
        return np.array(self._owners if within == "document" else self._sentences, np.int64)

    def names(self) -> list[str]:
        """The most frequent surface form of each entity."""
        return [forms.most_common(1)[0][0] for forms in self._forms]

    def _add(self) -> None:
        self._forms.append(Counter())
        self.types.append(Counter())
        self.documents.append(0)
        self.mentions.append(0)
