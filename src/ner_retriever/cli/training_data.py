"""Training data as commands take them: files in several forms, less what must be left out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from ner_retriever.training.typed_mentions import TypedText

Data = Annotated[
    list[Path],
    typer.Option(
        help="Typed mentions (.jsonl), NERetrieve's files, or CoNLL columns (.conll, .txt), "
        "compressed or not; may be given again."
    ),
]
LabelMap = Annotated[
    Path | None,
    typer.Option(help="JSON file: the type names of each label of the CoNLL files."),
]
Exclude = Annotated[
    list[Path] | None,
    typer.Option(
        help="Documents that must not be trained on, such as a benchmark's, in any form that "
        "`index` reads; may be given again."
    ),
]


def training_texts(
    data: Sequence[Path], label_map: Path | None, exclude: Sequence[Path], console: Console
) -> "list[TypedText]":
    """Read training texts, and leave out those that must not be trained on."""
    from ner_retriever.text.readers import read_documents
    from ner_retriever.training.data import read_training_texts
    from ner_retriever.training.typed_mentions import without

    texts = read_training_texts(data, label_map=label_map)
    if not exclude:
        return texts
    kept = without(texts, (document.text for document in read_documents(exclude)))
    console.print(f"{len(texts) - len(kept):,} texts are excluded")
    return kept
