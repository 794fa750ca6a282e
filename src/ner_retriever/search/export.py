"""Answers as files that others read: CSV, JSON lines, CoNLL, BRAT standoff."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import BinaryIO, TextIO

from ner_retriever.documents import Hit
from ner_retriever.index.field_table import as_text
from ner_retriever.search import standoff
from ner_retriever.search.frames import record_of
from ner_retriever.search.rollup import Entity
from ner_retriever.search.standoff import Labelled, LabelledText


def write_jsonl(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a JSON object a document."""
    for hit in hits:
        stream.write(json.dumps(record_of(hit), ensure_ascii=False) + "\n")


def write_csv(hits: Iterable[Hit], stream: TextIO, *, fields: Sequence[str] = ()) -> None:
    """Write a row a mention, with a header.

    Args:
        fields: of the documents, each of which gets a column ``field.NAME``.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        [
            "rank",
            "id",
            "score",
            "mention",
            "start",
            "end",
            "mention_score",
            "detection_score",
            "name_score",
            "text",
            "page",
            "duplicates",
            *(f"field.{name}" for name in fields),
        ]
    )
    for rank, hit in enumerate(hits, 1):
        for mention in hit.mentions:
            writer.writerow(
                [
                    rank,
                    hit.id,
                    hit.score,
                    mention.text,
                    mention.start,
                    mention.end,
                    mention.score,
                    mention.detection_score,
                    mention.name_score,
                    hit.text,
                    mention.page,
                    hit.duplicates,
                    *(as_text(hit.fields.get(name, "")) for name in fields),
                ]
            )


def write_conll(hits: Iterable[Hit], stream: TextIO, *, label: str) -> None:
    """Write CoNLL columns, see :func:`~ner_retriever.search.standoff.write_conll`.

    Args:
        label: of every mention, the type in words.
    """
    standoff.write_conll(_labelled(hits, label), stream)


def write_brat(hits: Iterable[Hit], stream: BinaryIO, *, label: str) -> None:
    """Write a zip archive for BRAT, see :func:`~ner_retriever.search.standoff.write_brat`.

    Args:
        label: of every mention, the type in words.
    """
    standoff.write_brat(_labelled(hits, label), stream)


def write_entities_jsonl(entities: Iterable[Entity], stream: TextIO) -> None:
    """Write a JSON object an entity: {"name", "forms", "documents", "mentions",
    "score", "is_name"}."""
    for entity in entities:
        stream.write(json.dumps(asdict(entity), ensure_ascii=False) + "\n")


def write_entities_csv(entities: Iterable[Entity], stream: TextIO) -> None:
    """Write a row an entity, with a header; how many documents, not which."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", "score", "documents", "mentions", "is_name"])
    for entity in entities:
        counts = len(entity.documents), entity.mentions
        writer.writerow([entity.name, entity.score, *counts, entity.is_name])


def _labelled(hits: Iterable[Hit], label: str) -> Iterator[LabelledText]:
    for hit in hits:
        # A name that is shown first need not be the best.
        best_first = sorted(hit.mentions, key=lambda mention: -mention.score)
        spans = [Labelled(mention.start, mention.end, label) for mention in best_first]
        yield LabelledText(hit.id, hit.text, spans)
