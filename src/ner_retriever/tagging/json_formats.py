"""Tagged documents as the JSON that annotation tools take."""

import json
from collections.abc import Iterable
from typing import Any, TextIO

from ner_retriever.tagging.tags import TaggedMention, TaggedText


def write_jsonl(texts: Iterable[TaggedText], stream: TextIO) -> None:
    """Write a JSON object a document, as Prodigy takes it; Argilla takes its spans.

    ``{"text", "meta": {"id"}, "spans": [{"start", "end", "label", "types": [{"type", "score",
    "probability"}]}]}``: the label is the likeliest type, characters, end exclusive.
    """
    for text in texts:
        record = {
            "text": text.text,
            "meta": {"id": text.id},
            "spans": [_span(mention) for mention in text.mentions],
        }
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_label_studio(texts: Iterable[TaggedText], stream: TextIO) -> None:
    """Write a JSON array of Label Studio's tasks, the mentions as predictions.

    A region has all types of its mention as labels. The project's labelling configuration must call
    the text ``text`` and the labels ``label``, as its template for named entities does.
    """
    separator = "["
    for text in texts:
        task = {
            "data": {"text": text.text, "id": text.id},
            "predictions": [
                {
                    "model_version": "ner-retriever",
                    "result": [
                        _region(number, mention) for number, mention in enumerate(text.mentions, 1)
                    ],
                }
            ],
        }
        stream.write(separator + "\n" + json.dumps(task, ensure_ascii=False))
        separator = ","
    stream.write("[]\n" if separator == "[" else "\n]\n")


def _span(mention: TaggedMention) -> dict[str, Any]:
    return {
        "start": mention.start,
        "end": mention.end,
        "label": mention.types[0].type,
        "types": [
            {"type": tag.type, "score": tag.score, "probability": tag.probability}
            for tag in mention.types
        ],
    }


def _region(number: int, mention: TaggedMention) -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "score": mention.types[0].probability,
        "value": {
            "start": mention.start,
            "end": mention.end,
            "text": mention.text,
            "labels": [tag.type for tag in mention.types],
        },
    }
