"""Answers as files that others read: CSV, JSON lines, CoNLL, BRAT standoff."""

import csv
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import BinaryIO, TextIO

import numpy as np

from ner_retriever.documents import Hit, Mention
from ner_retriever.index.field_table import as_text
from ner_retriever.search.rollup import Entity
from ner_retriever.text.windows import sentence_starts

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NO_WORD = re.compile(r"[^\w.-]+")
_LINE = re.compile(r"[^\r\n]+")
_LONGEST_FILE_NAME = 60


def write_jsonl(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a JSON object a document."""
    for hit in hits:
        record = {
            "id": hit.id,
            "score": hit.score,
            "text": hit.text,
            "mentions": [
                {
                    "start": mention.start,
                    "end": mention.end,
                    "text": mention.text,
                    "score": mention.score,
                    "detection_score": mention.detection_score,
                    "name_score": mention.name_score,
                    "page": mention.page,
                }
                for mention in hit.mentions
            ],
            "fields": dict(hit.fields),
            "duplicates": hit.duplicates,
        }
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


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
    """Write a line ``token<TAB>tag`` a token, IOB2 tags, an empty line after each sentence.

    Tokens are words and single signs. Where mentions overlap, the best-scored stands. A line
    ``# id = …`` begins a document.

    Args:
        label: the type in words; it becomes one tag, ``court that`` → ``court_that``.
    """
    for hit in hits:
        stream.write(f"# id = {' '.join(hit.id.split())}\n")
        tokens = [(token.start(), token.end()) for token in _TOKEN.finditer(hit.text)]
        tags = _tags(tokens, hit.mentions, _name(label))
        starts = np.array([start for start, _ in tokens], dtype=np.int64)
        borders = set(np.searchsorted(starts, sentence_starts(hit.text)).tolist()) - {0}
        for place, ((start, end), tag) in enumerate(zip(tokens, tags, strict=True)):
            if place in borders:
                stream.write("\n")
            stream.write(f"{hit.text[start:end]}\t{tag}\n")
        stream.write("\n")


def write_brat(hits: Iterable[Hit], stream: BinaryIO, *, label: str) -> None:
    """Write a zip archive with a ``.txt`` and an ``.ann`` file a document, for BRAT.

    Args:
        label: the type in words; it becomes one, as BRAT wants it.
    """
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, hit in enumerate(hits, 1):
            # The id alone could be a path, too long, or twice the same without its signs.
            name = f"{number:06d}-{_name(hit.id)[:_LONGEST_FILE_NAME]}"
            lines = "".join(_annotations(hit, _name(label)))
            for ending, content in (("txt", hit.text), ("ann", lines)):
                entry = zipfile.ZipInfo(f"{name}.{ending}")
                archive.writestr(entry, content.encode(), zipfile.ZIP_DEFLATED)


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


def _tags(tokens: list[tuple[int, int]], mentions: tuple[Mention, ...], label: str) -> list[str]:
    """IOB2 tags; mentions come best first."""
    tags = ["O"] * len(tokens)
    for mention in mentions:
        inside = [
            place
            for place, (start, end) in enumerate(tokens)
            if start < mention.end and mention.start < end
        ]
        if inside and all(tags[place] == "O" for place in inside):
            tags[inside[0]] = f"B-{label}"
            for place in inside[1:]:
                tags[place] = f"I-{label}"
    return tags


def _annotations(hit: Hit, label: str) -> Iterator[str]:
    for number, mention in enumerate(sorted(hit.mentions, key=lambda one: one.start), 1):
        # BRAT allows no line break in a span, but spans of several parts.
        parts = [
            (mention.start + line.start(), mention.start + line.end())
            for line in _LINE.finditer(mention.text)
        ]
        offsets = ";".join(f"{start} {end}" for start, end in parts)
        surface = " ".join(hit.text[start:end] for start, end in parts)
        yield f"T{number}\t{label} {offsets}\t{surface}\n"


def _name(text: str) -> str:
    return _NO_WORD.sub("_", text).strip("_.") or "entity"
