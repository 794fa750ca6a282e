"""Training data in every format that is read, as typed texts.

``.jsonl`` files hold typed mentions or are NERetrieve's, which their first record tells; ``.conll``
and ``.txt`` files hold CoNLL columns and need a label map, a JSON object of a type name or a list
of names for each label: ``{"PER": "person", "LOC": ["location", "place"], "MISC": []}``. A label
with an empty list marks mentions whose type isn't given. Each file may be compressed, .gz or .bz2.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ner_retriever.errors import ConfigError, DocumentError, InputError
from ner_retriever.text.gold import GoldText
from ner_retriever.text.gold.conll import OUTSIDE, gold_text, read_sentences
from ner_retriever.text.gold.files import find_file, read_json_lines
from ner_retriever.text.gold.neretrieve import (
    CORPUS_PATTERNS,
    read_retrieval,
    read_supervised,
    readable,
)
from ner_retriever.text.gold.records import merge
from ner_retriever.training.typed_mentions import TypedText, read_typed_mentions

_JSON_LINES = ".jsonl"
_COLUMNS = (".conll", ".txt")
_COMPRESSED = (".gz", ".bz2")
_NERETRIEVE = "neretrieve"
_PREFIXES = ("B-", "I-")

LabelMap = Mapping[str, Sequence[str]]


def read_training_texts(files: Sequence[Path], *, label_map: Path | None = None) -> list[TypedText]:
    """Read training files, each in its own format, in their order.

    The texts of a retrieval file of NERetrieve stand in its corpus, which is named too or lies
    beside it; those without a labelled mention are left out. Type names are kept as they are
    written, NERetrieve's with spaces for underscores.

    Args:
        label_map: a JSON file that maps the labels of CoNLL files to type names.

    Raises:
        ConfigError: a CoNLL file without a label map.
        InputError: a corpus is missing, or one that no label file is for; an unknown kind of file.
        DocumentError: a file is missing or empty, or a line is not what it should be.
    """
    kinds = {file: _kind(file) for file in files}
    corpora = [file for file in files if kinds[file] == "corpus"]
    labels = [file for file in files if kinds[file] == "labels"]
    if len(corpora) > 1 or (corpora and not labels):
        raise InputError(
            f"{corpora[-1]} is a corpus of NERetrieve, which holds no labels; name one corpus "
            f"and its label files (NERetrive_IR_train.jsonl.bz2), not {len(corpora)} and "
            f"{len(labels)}"
        )
    names = _read_label_map(label_map) if label_map else None
    texts: list[TypedText] = []
    for file in files:
        match kinds[file]:
            case "typed mentions":
                texts += read_typed_mentions([file])
            case "columns":
                texts += _read_columns(file, names)
            case "supervised":
                texts += _of_neretrieve(read_supervised(file))
            case "labels":
                corpus = corpora[0] if corpora else _corpus_beside(file)
                texts += _of_neretrieve(read_retrieval(corpus, file))
    return texts


def _kind(file: Path) -> str:
    endings = [ending for ending in file.suffixes if ending not in _COMPRESSED]
    ending = endings[-1].lower() if endings else ""
    if ending in _COLUMNS:
        return "columns"
    if ending != _JSON_LINES:
        raise InputError(
            f"{file}: training data are {_JSON_LINES}, {' or '.join(_COLUMNS)} files, each also "
            f"with {' or '.join(_COMPRESSED)}; rename the file if it is one of them"
        )
    if not file.is_file():
        raise DocumentError(f"no file {file}")
    _, record = next(read_json_lines(file), ("", {}))
    if "tagged_entities" in record:
        return "supervised" if "content" in record else "labels"
    # Anything else is read as typed mentions, whose reader says what is missing.
    return "corpus" if "content" in record and "mentions" not in record else "typed mentions"


def _corpus_beside(labels: Path) -> Path:
    return find_file(
        labels.parent,
        CORPUS_PATTERNS,
        what=f"the corpus that the texts of {labels.name} are in",
    )


def _typed(text: GoldText, source: str, names: Callable[[str], Sequence[str]]) -> TypedText:
    mentions = merge(text.mentions)
    return TypedText(
        id=text.id,
        source=source,
        text=text.text,
        spans=tuple(mention.span for mention in mentions),
        types=tuple(
            tuple(dict.fromkeys(name for label in mention.types for name in names(label)))
            for mention in mentions
        ),
    )


def _of_neretrieve(texts: Iterable[GoldText]) -> Iterator[TypedText]:
    for text in texts:
        if text.mentions:
            yield _typed(text, _NERETRIEVE, lambda label: (readable(label),))


def _read_columns(file: Path, names: LabelMap | None) -> Iterator[TypedText]:
    """A CoNLL file: the first column is the token, the last one its tag."""
    if names is None:
        raise ConfigError(
            f"{file} holds CoNLL columns, whose labels need names; pass a label map, a JSON file "
            'such as {"PER": "person", "LOC": ["location", "place"]}'
        )
    columns = 0

    def parse(line: str, where: str) -> tuple[str, str]:
        nonlocal columns
        fields = line.split("\t") if "\t" in line else line.split()
        columns = columns or len(fields)
        if len(fields) < 2 or len(fields) != columns or not fields[0]:
            raise DocumentError(
                f"{where}: expected {max(columns, 2)} columns, the token first and its tag last, "
                f"not {line!r}; mend the line"
            )
        return fields[0], _tag(fields[-1], names, where)

    stem = file.name.split(".")[0]
    for sentence in read_sentences(file, parse):
        text = gold_text(sentence.id or f"{stem}-{sentence.line}", sentence.tokens, sentence.tags)
        yield _typed(text, stem, names.__getitem__)


def _tag(tag: str, names: LabelMap, where: str) -> str:
    """A tag with its prefix; labels that have none continue what stands before."""
    if tag == OUTSIDE or (tag.startswith(_PREFIXES) and tag[2:] in names):
        return tag
    if tag in names:
        return f"I-{tag}"
    raise DocumentError(
        f"{where}: the label of the tag {tag!r} is not in the label map, which has "
        f"{', '.join(sorted(names)) or 'none'}; add it, with an empty list if it has no name"
    )


def _read_label_map(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot read the label map {file}: {error}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{file} must hold a JSON object, not {type(record).__name__}")
    return {label: _names(label, value, file) for label, value in record.items()}


def _names(label: str, value: Any, file: Path) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(
            f"{file}: the label {label!r} must have a name or a list of names, not {value!r}"
        )
    return tuple(names)
