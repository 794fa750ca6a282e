"""A sheet of types as files: cells, types, pairs of types, a graph of entities."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, TextIO
from xml.etree import ElementTree

from ner_retriever.search.entity_graph import EntityGraph
from ner_retriever.search.sheet import Column, Sheet, Within

_GRAPHML = "http://graphml.graphdrawing.org/xmlns"
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Cell:
    """A document that mentions an entity of a type.

    Attributes:
        id: of the document.
        type: in words.
        score: of the document's best mention.
        probability: estimated probability that the document is relevant.
        mention: the mention that is shown first, and
        start, end: where it stands, characters, end exclusive.
        mentions: how many mentions of the document reach the type's cut-off.
    """

    id: str
    type: str
    score: float
    probability: float
    mention: str
    start: int
    end: int
    mentions: int


def cells(sheet: Sheet) -> Iterator[Cell]:
    """Yield the cells that are not empty, type by type, each type's best document first."""
    for name, column in zip(sheet.types, sheet.columns, strict=True):
        results = column.results
        likely = results.trust.probability(results.document_scores[results.rows]).tolist()
        for hit, probability in zip(results, likely, strict=True):
            shown = hit.mentions[0]
            yield Cell(
                id=hit.id,
                type=name,
                score=hit.score,
                probability=round(probability, 4),
                mention=shown.text,
                start=shown.start,
                end=shown.end,
                mentions=len(hit.mentions),
            )


def write_cells_jsonl(sheet: Sheet, stream: TextIO) -> None:
    """Write a JSON object a cell, with the keys of :class:`Cell`."""
    for cell in cells(sheet):
        stream.write(json.dumps(asdict(cell), ensure_ascii=False) + "\n")


def write_cells_csv(sheet: Sheet, stream: TextIO) -> None:
    """Write a row a cell, with a header."""
    _write_rows(stream, list(Cell.__slots__), (asdict(cell).values() for cell in cells(sheet)))


def write_cells_parquet(sheet: Sheet, stream: BinaryIO) -> None:
    """Write a row a cell as Parquet, types as a dictionary."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("id", pa.string()),
            ("type", pa.dictionary(pa.int32(), pa.string())),
            ("score", pa.float32()),
            ("probability", pa.float32()),
            ("mention", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("mentions", pa.int32()),
        ]
    )
    with pq.ParquetWriter(stream, schema) as writer:
        rows: list[dict[str, object]] = []
        for cell in cells(sheet):
            rows.append(asdict(cell))
            if len(rows) == _ROWS_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))


@dataclass(frozen=True, slots=True)
class TypeRow:
    """What was found of a type.

    Attributes:
        type: in words.
        cutoff: the least score.
        documents, mentions: at or above it.
        precision: estimated share of relevant documents among these, and
        precision_low, precision_high: the interval that holds it for nine types in ten.
        missed: estimated number of relevant documents below.
    """

    type: str
    cutoff: float
    documents: int
    mentions: int
    precision: float
    precision_low: float
    precision_high: float
    missed: float


def type_rows(sheet: Sheet) -> list[TypeRow]:
    """Return a row a type, in the sheet's order."""
    return [
        _type_row(name, column) for name, column in zip(sheet.types, sheet.columns, strict=True)
    ]


def _type_row(name: str, column: Column) -> TypeRow:
    found = column.results.trust.at(column.results.threshold)
    return TypeRow(
        type=name,
        cutoff=round(column.results.threshold, 4),
        documents=len(column.results),
        mentions=len(column.mentions),
        precision=round(found.precision.value, 4),
        precision_low=round(found.precision.low, 4),
        precision_high=round(found.precision.high, 4),
        missed=round(found.missed.value, 1),
    )


def write_types_csv(sheet: Sheet, stream: TextIO) -> None:
    """Write a row a type, with a header; the columns of :class:`TypeRow`."""
    rows = (asdict(row).values() for row in type_rows(sheet))
    _write_rows(stream, list(TypeRow.__slots__), rows)


def write_pairs_csv(sheet: Sheet, stream: TextIO, *, within: Within) -> None:
    """Write a square table: in how many documents, or sentences, two types stand together."""
    counts = sheet.together(within).tolist()
    rows = ([name, *row] for name, row in zip(sheet.types, counts, strict=True))
    _write_rows(stream, ["type", *sheet.types], rows)


def write_graphml(graph: EntityGraph, stream: BinaryIO) -> None:
    """Write a graph of entities as GraphML, which Gephi, Cytoscape and networkx read."""
    ElementTree.register_namespace("", _GRAPHML)
    root = ElementTree.Element(f"{{{_GRAPHML}}}graphml")
    keys = (
        ("name", "node", "string"),
        ("types", "node", "string"),
        ("documents", "node", "int"),
        ("mentions", "node", "int"),
        ("count", "edge", "int"),
    )
    for name, owner, kind in keys:
        attributes = {"id": name, "for": owner, "attr.name": name, "attr.type": kind}
        ElementTree.SubElement(root, f"{{{_GRAPHML}}}key", attributes)
    drawn = ElementTree.SubElement(root, f"{{{_GRAPHML}}}graph", {"edgedefault": "undirected"})
    for number, node in enumerate(graph.nodes):
        element = ElementTree.SubElement(drawn, f"{{{_GRAPHML}}}node", {"id": f"n{number}"})
        _data(element, "name", _printable(node.name))
        _data(element, "types", _printable("; ".join(node.types)))
        _data(element, "documents", str(node.documents))
        _data(element, "mentions", str(node.mentions))
    for edge in graph.edges:
        ends = {"source": f"n{edge.first}", "target": f"n{edge.second}"}
        element = ElementTree.SubElement(drawn, f"{{{_GRAPHML}}}edge", ends)
        _data(element, "count", str(edge.count))
    ElementTree.ElementTree(root).write(stream, encoding="utf-8", xml_declaration=True)


def write_edges_csv(graph: EntityGraph, stream: TextIO) -> None:
    """Write a row a pair of entities that stand together, with a header."""
    rows = (
        [graph.nodes[edge.first].name, graph.nodes[edge.second].name, edge.count]
        for edge in graph.edges
    )
    _write_rows(stream, ["first", "second", "count"], rows)


def graph_format(file: Path) -> str:
    """Return how a graph is written to a file: ``csv`` or ``graphml``, by its name."""
    return "csv" if file.suffix.lower() == ".csv" else "graphml"


def _write_rows(stream: TextIO, header: list[str], rows: Iterable[Iterable[object]]) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def _data(element: ElementTree.Element, key: str, text: str) -> None:
    ElementTree.SubElement(element, f"{{{_GRAPHML}}}data", {"key": key}).text = text


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(sign for sign in text if sign.isprintable())
