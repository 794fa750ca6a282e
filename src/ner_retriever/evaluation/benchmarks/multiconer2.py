"""MultiCoNER 2 (Fetahu et al. 2023): lower-cased sentences, 33 fine types, CoNLL columns.

``# id …`` opens a sentence, then come lines of ``token _ _ TAG`` with B- and I- prefixes.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ner_retriever.errors import DocumentError
from ner_retriever.evaluation.benchmarks.benchmark import Benchmark, assemble
from ner_retriever.text.gold import GoldText
from ner_retriever.text.gold.conll import OUTSIDE, gold_text, read_sentences
from ner_retriever.text.gold.files import find_file

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
_TAGS = {OUTSIDE, *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS)}
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
    for sentence in read_sentences(file, _parse):
        identifier = sentence.id or f"{file.stem}-{sentence.line}"
        yield gold_text(identifier, sentence.tokens, sentence.tags)


def _parse(line: str, where: str) -> tuple[str, str]:
    fields = line.split(" ")
    if len(fields) != 4 or not fields[0]:
        raise DocumentError(f"{where}: expected token _ _ TAG, not {line!r}; mend it")
    if fields[3] not in _TAGS:
        raise DocumentError(
            f"{where}: {fields[3]!r} is not a tag of MultiCoNER 2 (expected O or one such as "
            "B-Artist); check that this is the second edition, with fine classes"
        )
    return fields[0], fields[3]
