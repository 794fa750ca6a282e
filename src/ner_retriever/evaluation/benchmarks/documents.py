"""Whole documents with inline marks, a file each, and a list of the types that are asked for.

``Present: [[Dorothy Hask|person]] of [[Thornby Parish Council|council; public body]]``: a mention
and its types. The types of ``document-types.txt``, which lies beside the folder, are asked for;
every document that names a thing of one of them marks it. Others count for detection alone.
"""

from collections.abc import Collection
from pathlib import Path

from ner_retriever.errors import InputError
from ner_retriever.evaluation.benchmarks.benchmark import Benchmark, assemble
from ner_retriever.text.gold import GoldMention, GoldText
from ner_retriever.text.gold.inline import parse_marked

_TYPES_FILE = "document-types.txt"


def load_documents(path: Path) -> Benchmark:
    """Read the documents of a folder; the query of a type is its name.

    Args:
        path: a folder of ``.txt`` files; ``document-types.txt`` lies in it or beside it.

    Raises:
        InputError: there are no documents, no list of types, or nothing to evaluate.
        DocumentError: a document's marks don't fit.
    """
    files = [file for file in sorted(path.glob("*.txt")) if file.name != _TYPES_FILE]
    lists = [folder / _TYPES_FILE for folder in (path, path.parent)]
    types_file = next((file for file in lists if file.is_file()), None)
    if not files or types_file is None:
        missing = _TYPES_FILE if files else "documents (.txt)"
        raise InputError(
            f"no {missing} at {path}; give the folder of documents, such as examples/documents"
        )
    lines = types_file.read_text(encoding="utf-8").splitlines()
    queries = {line.strip(): line.strip() for line in lines if line.strip()}
    return assemble(
        "documents",
        [_gold_text(file, asked=queries.keys()) for file in files],
        queries=queries,
        notes=(f"Whole documents, {path.name}, asked for the types of {types_file.name}.",),
    )


def _gold_text(file: Path, *, asked: Collection[str]) -> GoldText:
    marked = parse_marked(file.read_text(encoding="utf-8"), str(file))
    mentions = tuple(
        GoldMention(span, tuple(name for name in types if name in asked))
        for span, types in zip(marked.spans, marked.types, strict=True)
    )
    return GoldText(id=file.stem, text=marked.text, mentions=mentions)
