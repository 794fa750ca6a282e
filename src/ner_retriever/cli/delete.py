"""``ner-retriever delete``: documents out of an index."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def delete(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Documents to delete.")],
    purge: Annotated[
        bool,
        typer.Option(
            "--purge", help="Remove earlier versions too, so that no text is left on disk."
        ),
    ] = False,
) -> None:
    """Delete documents by id.

    Without --purge, earlier versions of the index keep the text on disk, out of every search.

    Example: ner-retriever delete articles.index doc-17 doc-18 --purge
    """
    from ner_retriever.retriever import Retriever

    deleted = Retriever.open(index).delete(ids, purge=purge)
    missing = len(set(ids)) - deleted
    Console(stderr=True, highlight=False).print(
        f"{deleted:,} deleted" + (f", {missing:,} not in the index" if missing else "")
    )
