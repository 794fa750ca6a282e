"""Training files in every format, well formed and not; values worked out by hand."""

import bz2
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ner_retriever.errors import ConfigError, DocumentError, InputError
from ner_retriever.training.data import read_training_texts
from ner_retriever.training.typed_mentions import TypedText

TYPED = {
    "id": "t1",
    "source": "wiki",
    "text": "Bonn",
    "mentions": [{"start": 0, "end": 4, "types": ["city"]}],
}
CORPUS = [
    {"id": "p1", "content": "Big  Ben is a clock in London ."},
    {"id": "p2", "content": "Nothing to see here ."},
]
# Two spaces after "Big": the token at position 1 is empty, as splitting on one space gives.
ENTITIES = {
    "Clock_tower": {"Q1": {"Big Ben": [[2, 0]]}},
    "Tourist_attraction": {"Q1": {"Big Ben": [[0, 1, 2]]}},
    "City": {"Q2": {"London": [[7], []]}},
}
SUPERVISED = {
    "id": 7,
    "content": "Big Ben, London",
    "document_token_sequence": ["Big", "Ben", ",", "London"],
    "tagged_entities": {"Capital_city": {"Q2": {"London": [[3]]}}},
}
LABELS = {"PER": "person", "LOC": ["location", "place"], "MISC": []}


def found(text: TypedText) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (text.text[span.start : span.end], types)
        for span, types in zip(text.spans, text.types, strict=True)
    ]


def write(path: Path, *records: Any) -> Path:
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    compress = {".bz2": bz2.compress, ".gz": gzip.compress}.get(path.suffix, bytes)
    path.write_bytes(compress(content))
    return path


def columns(folder: Path, content: str, name: str = "news.conll") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


@pytest.fixture
def label_map(tmp_path: Path) -> Path:
    return write(tmp_path / "labels.json", LABELS)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.bz2"])
def test_typed_mentions(tmp_path: Path, name: str) -> None:
    (text,) = read_training_texts([write(tmp_path / name, TYPED)])
    assert (text.id, text.source, text.text) == ("t1", "wiki", "Bonn")
    assert found(text) == [("Bonn", ("city",))]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.bz2"])
@pytest.mark.parametrize("corpus_named", [True, False])
def test_neretrieves_retrieval_files(tmp_path: Path, ending: str, corpus_named: bool) -> None:
    corpus = write(tmp_path / f"NERetrive_IR_corpus{ending}", *CORPUS)
    labels = {"id": "p1", "tagged_entities": ENTITIES}
    file = write(tmp_path / f"NERetrive_IR_train{ending}", labels)
    (text,) = read_training_texts([corpus, file] if corpus_named else [file])
    assert (text.id, text.source) == ("p1", "neretrieve")
    assert found(text) == [
        ("Big  Ben", ("Clock tower", "Tourist attraction")),
        ("London", ("City",)),
    ]


def test_neretrieves_supervised_file_whatever_it_is_called(tmp_path: Path) -> None:
    (text,) = read_training_texts([write(tmp_path / "mine.jsonl.bz2", SUPERVISED)])
    assert (text.id, text.text) == ("7", "Big Ben , London")
    assert found(text) == [("London", ("Capital city",))]


def test_a_corpus_that_is_missing_or_has_no_labels(tmp_path: Path) -> None:
    file = write(tmp_path / "NERetrive_IR_train.jsonl", {"id": "p1", "tagged_entities": {}})
    with pytest.raises(InputError, match=r"no file \*IR_corpus.* name the corpus that the texts"):
        read_training_texts([file])
    corpus = write(tmp_path / "NERetrive_IR_corpus.jsonl", *CORPUS)
    with pytest.raises(InputError, match=r"one corpus and its label files .*, not 1 and 0"):
        read_training_texts([corpus])
    with pytest.raises(InputError, match=r"one corpus and its label files .*, not 2 and 1"):
        read_training_texts([corpus, write(tmp_path / "other.jsonl", *CORPUS), file])


def test_labels_of_another_corpus(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus.jsonl", *CORPUS)
    file = write(tmp_path / "labels.jsonl", {"id": "p9", "tagged_entities": {}})
    with pytest.raises(InputError, match=r"labels\.jsonl:1: 1 labelled texts are not in corpus"):
        read_training_texts([corpus, file])


def test_tokens_that_are_no_strings(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", {**SUPERVISED, "document_token_sequence": ["a", 1]})
    with pytest.raises(DocumentError, match=r"a\.jsonl:1: document_token_sequence must be"):
        read_training_texts([file])


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_columns_with_prefixes(tmp_path: Path, label_map: Path, separator: str) -> None:
    lines = [
        "-DOCSTART- X O",
        "",
        "Ann N B-PER",
        "Lee N I-PER",
        "Bob N B-PER",
        "met V O",
        "",
        "# id second\tdomain=en",
        "Rome N I-LOC",
        "Roman J B-MISC",
    ]
    content = "\n".join(
        line if line.startswith("#") else line.replace(" ", separator) for line in lines
    )
    first, second = read_training_texts([columns(tmp_path, content)], label_map=label_map)
    assert (first.id, first.source, first.text) == ("news-3", "news", "Ann Lee Bob met")
    assert found(first) == [("Ann Lee", ("person",)), ("Bob", ("person",))]
    assert second.id == "second"
    assert found(second) == [("Rome", ("location", "place")), ("Roman", ())]


def test_columns_with_plain_labels(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.json", {"person-actor": "actor", "B-side": "b-side"})
    content = "Ann\tperson-actor\nLee\tperson-actor\nplays\tO\nHelp\tB-side\n\nBob\tperson-actor\n"
    first, second = read_training_texts([columns(tmp_path, content, "news.txt")], label_map=labels)
    assert found(first) == [("Ann Lee", ("actor",)), ("Help", ("b-side",))]
    assert found(second) == [("Bob", ("actor",))]


def test_columns_need_a_label_map(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"news\.conll holds CoNLL columns.* pass a label map"):
        read_training_texts([columns(tmp_path, "Ann B-PER\n")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Ann N B-PER\nLee B-PER\n", r"news\.conll:2: expected 3 columns, .* not 'Lee B-PER'"),
        ("Ann\n", r"news\.conll:1: expected 2 columns, .* not 'Ann'"),
        ("Ann B-ORG\n", r"news\.conll:1: .* 'B-ORG' is not in the label map, .* LOC, MISC, PER"),
        ("Ann S-PER\n", "'S-PER' is not in the label map"),
        ("", "the file is empty"),
    ],
)
def test_bad_columns(tmp_path: Path, label_map: Path, content: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        read_training_texts([columns(tmp_path, content)], label_map=label_map)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot read the label map"),
        ("[]", "must hold a JSON object, not list"),
        ('{"PER": 5}', "the label 'PER' must have a name or a list of names, not 5"),
        ('{"PER": [""]}', "the label 'PER' must have"),
    ],
)
def test_bad_label_map(tmp_path: Path, content: str, message: str) -> None:
    labels = columns(tmp_path, content, "labels.json")
    with pytest.raises(ConfigError, match=message):
        read_training_texts([columns(tmp_path, "Ann B-PER\n")], label_map=labels)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("a.csv", InputError, r"training data are \.jsonl, \.conll or \.txt files"),
        ("missing.jsonl", DocumentError, "no file .*missing"),
        ("missing.conll", DocumentError, "cannot be read"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, label_map: Path, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_training_texts([tmp_path / name], label_map=label_map)


def test_formats_may_be_mixed_and_keep_their_order(tmp_path: Path, label_map: Path) -> None:
    files = [
        write(tmp_path / "s.jsonl.bz2", SUPERVISED),
        columns(tmp_path, "Ann B-PER\n"),
        write(tmp_path / "t.jsonl.gz", TYPED),
    ]
    texts = read_training_texts(files, label_map=label_map)
    assert [text.id for text in texts] == ["7", "news-1", "t1"]
