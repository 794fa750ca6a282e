"""Typed mentions, what a head learns from: JSON lines of texts, spans and type names.

A line is ``{"id", "source", "text", "mentions": [{"start", "end", "types": [...]}]}``, offsets in
characters, end exclusive. An empty list of types marks a mention whose type isn't given; a type
that isn't listed is not a type that the mention doesn't have.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.gold.files import read_lines
from ner_retriever.text.normal_form import letters
from ner_retriever.text.windows import sentence_starts

_FEWEST_LETTERS = 30


@dataclass(frozen=True, slots=True)
class TypedText:
    """A text whose mentions' types are (partly) known.

    Attributes:
        spans: the mentions.
        types: the known types of each mention, in the order of the spans.
    """

    id: str
    source: str
    text: str
    spans: tuple[Span, ...]
    types: tuple[tuple[str, ...], ...]


def read_typed_mentions(files: Sequence[Path]) -> list[TypedText]:
    """Read files of typed mentions, .jsonl, plain, .gz or .bz2.

    Raises:
        DocumentError: a file is missing or empty, or a line is not what it should be.
    """
    return [text for file in files for text in _read(file)]


def sample(texts: Sequence[TypedText], limit: int | None, seed: int) -> list[TypedText]:
    """Return at most ``limit`` texts drawn without replacement, in their order."""
    if limit is None or limit >= len(texts):
        return list(texts)
    chosen = np.random.default_rng(seed).choice(len(texts), limit, replace=False)
    return [texts[index] for index in np.sort(chosen)]


def without(texts: Sequence[TypedText], excluded: Iterable[str]) -> list[TypedText]:
    """Leave out texts that share a sentence with others, letters and digits alone compared.

    Whole texts are compared as well. A sentence of less than thirty letters is too common to tell.
    """
    unwanted = {part for text in excluded for part in _telling(text)}
    return [text for text in texts if unwanted.isdisjoint(_telling(text.text))]


def _telling(text: str) -> set[str]:
    """The letters of a text and of its longer sentences."""
    borders = [*sentence_starts(text), len(text)]
    sentences = {letters(text[start:end]) for start, end in pairwise(borders)}
    return {letters(text), *(part for part in sentences if len(part) >= _FEWEST_LETTERS)}


def _read(file: Path) -> Iterator[TypedText]:
    if not file.is_file():
        raise DocumentError(f"no file {file}")
    for number, line in read_lines(file):
        try:
            yield _parse(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DocumentError(
                f"{file}:{number}: not a line of typed mentions: {error!r}"
            ) from error


def _parse(record: dict[str, Any]) -> TypedText:
    text = record["text"]
    mentions = record["mentions"]
    spans = tuple(Span(mention["start"], mention["end"]) for mention in mentions)
    for span, mention in zip(spans, mentions, strict=True):
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"span {span.start}-{span.end} is outside of the text")
        if not isinstance(mention["types"], list) or not all(
            isinstance(name, str) for name in mention["types"]
        ):
            raise ValueError("types must be a list of strings")
    return TypedText(
        id=str(record["id"]),
        source=str(record.get("source", "")),
        text=text,
        spans=spans,
        types=tuple(tuple(mention["types"]) for mention in mentions),
    )
