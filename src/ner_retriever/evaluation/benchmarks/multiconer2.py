"""MultiCoNER 2 (Fetahu et al. 2023): lower-cased sentences, 33 fine types, CoNLL columns.

``# id …`` opens a sentence, then come lines of ``token _ _ TAG`` with B- and I- prefixes.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError
from ner_retriever.evaluation.benchmarks.benchmark import (
    Benchmark,
    GoldMention,
    GoldText,
    assemble,
)
from ner_retriever.evaluation.benchmarks.files import find_file, read_lines, token_offsets

LABELS = (
    "AerospaceManufacturer",
    "AnatomicalStructure",
    "ArtWork",
    "Artist",
    "Athlete",
    "CarManufacturer",
    "Cleric",
    "Clothing",
    "Disease",
    "Drink",
    "Facility",
    "Food",
    "HumanSettlement",
    "MedicalProcedure",
    "Medication/Vaccine",
    "MusicalGRP",
    "MusicalWork",
    "ORG",
    "OtherLOC",
    "OtherPER",
    "OtherPROD",
    "Politician",
    "PrivateCorp",
    "PublicCorp",
    "Scientist",
    "Software",
    "SportsGRP",
    "SportsManager",
    "Station",
    "Symptom",
    "Vehicle",
    "VisualWork",
    "WrittenWork",
)
_WORDS = {
    "GRP": "Group",
    "ORG": "Organization",
    "Corp": "Corporation",
    "PER": "Person",
    "LOC": "Location",
    "PROD": "Product",
}


def query_text(label: str) -> str:
    """The class name in words: ``SportsGRP`` becomes ``Sports Group``."""
    parts = [re.findall("[A-Z]+(?![a-z])|[A-Z][a-z]+", part) for part in label.split("/")]
    return " or ".join(" ".join(_WORDS.get(word, word) for word in words) for words in parts)


def load_multiconer2(path: Path) -> Benchmark:
    """Read an English file of MultiCoNER 2.

    Args:
        path: a ``.conll`` file, or a folder with one.

    Raises:
        InputError: no file, or nothing to evaluate in it.
        DocumentError: a line is not in the layout; the message says where.
    """
    file = find_file(
        path,
        ("en*train.conll", "en*dev.conll", "*.conll"),
        what="an English file of MultiCoNER 2 (.conll)",
    )
    return assemble(
        "multiconer2",
        _read_texts(file),
        queries={label: query_text(label) for label in LABELS},
        notes=(f"MultiCoNER 2, {file.name}.",),
    )


def _read_texts(file: Path) -> Iterator[GoldText]:
    tags_known = {"O", *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS)}
    identifier = ""
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in read_lines(file):
        if not line.strip():
            if tokens:
                yield _gold_text(identifier, tokens, tags)
            identifier, tokens, tags = "", [], []
            continue
        if not tokens and line.startswith("# id "):
            identifier = line.removeprefix("# id ").split("\t")[0].strip()
            continue
        fields = line.split(" ")
        if len(fields) != 4 or not fields[0]:
            raise DocumentError(f"{file}:{number}: expected token _ _ TAG, not {line!r}; mend it")
        if fields[3] not in tags_known:
            raise DocumentError(
                f"{file}:{number}: {fields[3]!r} is not a tag of MultiCoNER 2 (expected O or one "
                "such as B-Artist); check that this is the second edition, with fine classes"
            )
        identifier = identifier or f"{file.stem}-{number}"
        tokens.append(fields[0])
        tags.append(fields[3])
    if tokens:
        yield _gold_text(identifier, tokens, tags)


def _gold_text(identifier: str, tokens: Sequence[str], tags: Sequence[str]) -> GoldText:
    """A sentence; an I- tag that continues nothing begins a mention, as in conlleval."""
    offsets = token_offsets(tokens)
    mentions: list[GoldMention] = []
    previous = "O"
    for offset, tag in zip(offsets, tags, strict=True):
        label = tag[2:]
        if tag.startswith("I-") and previous[2:] == label:
            mentions[-1] = GoldMention(Span(mentions[-1].span.start, offset.end), (label,))
        elif tag != "O":
            mentions.append(GoldMention(offset, (label,)))
        previous = tag
    return GoldText(id=identifier, text=" ".join(tokens), mentions=tuple(mentions))
