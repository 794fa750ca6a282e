"""NERetrieve (Katz et al. 2023): paragraphs of Wikipedia, hundreds of fine types."""

from pathlib import Path

from ner_retriever.evaluation.benchmarks.benchmark import Benchmark, assemble
from ner_retriever.text.gold.files import find_file
from ner_retriever.text.gold.neretrieve import (
    CORPUS_PATTERNS,
    read_retrieval,
    read_supervised,
    readable,
)

_LABEL_PATTERNS = (
    "*IR_test.jsonl.bz2",
    "*IR_test.jsonl",
    "*sup_test.jsonl.bz2",
    "*sup_test.jsonl",
    "*IR_train.jsonl.bz2",
    "*IR_train.jsonl",
    "*sup_train.jsonl.bz2",
    "*sup_train.jsonl",
)


def load_neretrieve(path: Path) -> Benchmark:
    """Read NERetrieve's retrieval files (the test types, over the whole corpus) or supervised ones.

    The whole pool is held in memory: some gigabytes for the full corpus.

    Args:
        path: a label file, or a folder with one. The corpus of a retrieval file is looked for
            beside it. Files may be plain JSON lines or ``.bz2``.

    Raises:
        InputError: no file, no corpus beside it, or nothing to evaluate.
        DocumentError: a record is not in the format; the message says where.
    """
    labels_file = find_file(path, _LABEL_PATTERNS, what="a label file of NERetrieve")
    if "IR_" in labels_file.name:
        corpus = find_file(labels_file.parent, CORPUS_PATTERNS, what="NERetrieve's corpus")
        texts = list(read_retrieval(corpus, labels_file))
    else:
        texts = list(read_supervised(labels_file))
    names = {label for text in texts for mention in text.mentions for label in mention.types}
    return assemble(
        "neretrieve",
        texts,
        queries={name: readable(name) for name in names},
        notes=(f"NERetrieve, {labels_file.name}.",),
    )
