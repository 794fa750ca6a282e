"""NERetrieve's files as published (Katz et al. 2023): paragraphs of Wikipedia, many fine types.

The retrieval files keep texts (``NERetrive_IR_corpus``) and mentions (``NERetrive_IR_train``,
``…_test``) apart; the supervised files hold both in one record. A mention is a list of token
positions; tokens are the record's ``document_token_sequence`` or, without one, the text split on
single spaces.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.text.gold.files import read_json_lines, token_offsets
from ner_retriever.text.gold.records import GoldMention, GoldText

CORPUS_PATTERNS = ("*IR_corpus.jsonl.bz2", "*IR_corpus.jsonl")


def read_retrieval(corpus: Path, labels: Path) -> Iterator[GoldText]:
    """The texts of the corpus, also those without a mention, with the mentions of a label file.

    Raises:
        InputError: a labelled text is not in the corpus.
        DocumentError: a record is not in the format; the message says where.
    """
    tagged: dict[str, tuple[str, Any]] = {}
    for where, record in read_json_lines(labels):
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


def read_supervised(file: Path) -> Iterator[GoldText]:
    """The texts of a supervised file, tokens joined with single spaces.

    Raises:
        DocumentError: a record is not in the format; the message says where.
    """
    for where, record in read_json_lines(file):
        content = str(_field(record, "content", where))
        tokens = record.get("document_token_sequence") or content.split(" ")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise DocumentError(
                f"{where}: document_token_sequence must be a list of strings; "
                "check that the file is NERetrieve's"
            )
        mentions = _mentions(_field(record, "tagged_entities", where), tokens, where)
        yield GoldText(str(_field(record, "id", where)), " ".join(tokens), mentions)


def readable(label: str) -> str:
    """A type as one would ask for it: spaces for underscores."""
    return label.replace("_", " ")


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
