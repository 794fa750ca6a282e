"""NERetrieve (Katz et al. 2023): paragraphs of Wikipedia, hundreds of fine types.

The retrieval files keep texts (``NERetrive_IR_corpus``) and mentions (``NERetrive_IR_test``)
apart; the supervised files hold both in one record. A mention is a list of token positions; tokens
are the record's ``document_token_sequence`` or, without one, the text split on single spaces.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.evaluation.benchmarks.benchmark import (
    Benchmark,
    GoldMention,
    GoldText,
    assemble,
)
from ner_retriever.evaluation.benchmarks.files import find_file, read_json_lines, token_offsets

_CORPUS_PATTERNS = ("*IR_corpus.jsonl.bz2", "*IR_corpus.jsonl")
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
    retrieval = "IR_" in labels_file.name
    if retrieval:
        corpus = find_file(labels_file.parent, _CORPUS_PATTERNS, what="NERetrieve's corpus")
        texts = list(_read_retrieval(corpus, labels_file))
    else:
        texts = list(_read_supervised(labels_file))
    names = {label for text in texts for mention in text.mentions for label in mention.types}
    return assemble(
        "neretrieve",
        texts,
        queries={name: name.replace("_", " ") for name in names},
        notes=(f"NERetrieve, {labels_file.name}.",),
    )


def _read_retrieval(corpus: Path, labels_file: Path) -> Iterator[GoldText]:
    tagged: dict[str, tuple[str, Any]] = {}
    for where, record in read_json_lines(labels_file):
        tagged[str(_field(record, "id", where))] = (where, _field(record, "tagged_entities", where))
    for where, record in read_json_lines(corpus):
        identifier = str(_field(record, "id", where))
        text = str(_field(record, "content", where))
        place, entities = tagged.pop(identifier, (where, {}))
        yield GoldText(identifier, text, _mentions(entities, text.split(" "), place))
    if tagged:
        identifier, (place, _) = next(iter(tagged.items()))
        raise InputError(
            f"{place}: {len(tagged)} labelled texts are not in {corpus.name} (the first is "
            f"{identifier!r}); use the corpus and the labels of the same release"
        )


def _read_supervised(file: Path) -> Iterator[GoldText]:
    for where, record in read_json_lines(file):
        content = str(_field(record, "content", where))
        tokens = record.get("document_token_sequence") or content.split(" ")
        mentions = _mentions(_field(record, "tagged_entities", where), tokens, where)
        yield GoldText(str(_field(record, "id", where)), " ".join(tokens), mentions)


def _mentions(entities: Any, tokens: Sequence[str], where: str) -> tuple[GoldMention, ...]:
    """Mentions from {type: {entity: {phrase: [[token positions], …]}}}."""
    offsets = token_offsets(tokens)
    found: list[GoldMention] = []
    try:
        for label, by_entity in entities.items():
            for by_phrase in by_entity.values():
                for occurrences in by_phrase.values():
                    for positions in filter(None, occurrences):
                        first, last = min(positions), max(positions)
                        if not 0 <= first <= last < len(tokens):
                            raise DocumentError(
                                f"{where}: the token positions {positions} do not lie in a text "
                                f"of {len(tokens)} tokens; check that the files belong together"
                            )
                        span = Span(offsets[first].start, offsets[last].end)
                        if span.start < span.end:
                            found.append(GoldMention(span, (label,)))
    except (AttributeError, TypeError) as error:
        raise DocumentError(
            f"{where}: tagged_entities must be {{type: {{entity: {{phrase: [[positions]]}}}}}} "
            f"({error}); check that the file is NERetrieve's"
        ) from error
    return tuple(found)


def _field(record: dict[str, Any], name: str, where: str) -> Any:
    if name not in record:
        fields = ", ".join(sorted(record)) or "none"
        raise DocumentError(
            f"{where}: no field {name!r} (fields here: {fields}); "
            "check that the file is NERetrieve's"
        )
    return record[name]
