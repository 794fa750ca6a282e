"""Typed mentions as JSON lines, the layout for a benchmark of one's own.

``{"id": "a1", "text": "Stan is a Tyrannosaurus.", "mentions": [{"start": 10, "end": 23, "types":
["dinosaur"]}]}``: offsets in characters, end exclusive. The id may be missing. An empty list of
types marks a mention that counts for detection only.
"""

from pathlib import Path
from typing import Any

from ner_retriever.errors import DocumentError
from ner_retriever.evaluation.benchmarks.benchmark import Benchmark, assemble
from ner_retriever.text.formats.columns import Columns
from ner_retriever.text.gold import GoldMention, GoldText
from ner_retriever.text.gold.files import find_file, read_json_lines


def load_jsonl(path: Path) -> Benchmark:
    """Read typed mentions; the query of a type is its name, with spaces for underscores.

    Args:
        path: a ``.jsonl`` file, plain, ``.gz`` or ``.bz2``, or a folder with one.

    Raises:
        InputError: no file, an id used twice, or nothing to evaluate.
        DocumentError: a record is not in the layout; the message says where.
    """
    file = find_file(path, ("*.jsonl", "*.jsonl.gz", "*.jsonl.bz2"), what="a .jsonl file")
    texts = [_gold_text(record, where) for where, record in read_json_lines(file)]
    names = {label for text in texts for mention in text.mentions for label in mention.types}
    return assemble(
        "jsonl",
        texts,
        queries={name: name.replace("_", " ") for name in names},
        notes=(f"Typed mentions, {file.name}.",),
    )


def _gold_text(record: dict[str, Any], where: str) -> GoldText:
    line = where.rsplit(":", 1)[1]
    if not isinstance(record.get("mentions"), list):
        raise DocumentError(
            f"{where}: expected a field mentions with a list, not {record.get('mentions')!r}; "
            "mend the line"
        )
    columns = Columns(spans="mentions", kept=())
    document, _ = columns.read(record, default_id=f"line-{line}", origin=where)
    mentions = tuple(
        GoldMention(span, _types(mention, where))
        for span, mention in zip(document.spans or (), record["mentions"], strict=True)
    )
    return GoldText(id=document.id, text=document.text, mentions=mentions)


def _types(mention: Any, where: str) -> tuple[str, ...]:
    types = mention.get("types") if isinstance(mention, dict) else None
    if not isinstance(types, list) or not all(isinstance(name, str) and name for name in types):
        raise DocumentError(
            f'{where}: a mention must be {{"start", "end", "types": [names]}}, not {mention!r}'
        )
    return tuple(types)
