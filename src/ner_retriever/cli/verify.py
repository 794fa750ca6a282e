"""``ner-retriever verify``: whether an index is intact, and what to do if it isn't."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ner_retriever.cli.output import printable
from ner_retriever.cli.progress import Stages, progress_bar

if TYPE_CHECKING:
    from ner_retriever.index.verification import Verification

_DERIVED_IS_DAMAGED = 1
_RECORD_IS_DAMAGED = 2


class VerifyFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"


def verify(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Make again what is damaged and derived from the rest."),
    ] = False,
    format: Annotated[VerifyFormat, typer.Option(help="How it is written.")] = VerifyFormat.TEXT,
) -> None:
    """Read all of an index and say what is damaged.

    The documents, the manifest and the saved queries are the record: only a copy can bring them
    back. The search view and the checksums are derived, and --repair makes them again (a damaged
    view is also made again by the next search). A change that a power cut has cut off before it
    was acknowledged is taken back by --repair.

    Exit code: 0 if all is intact or was repaired, 1 if something derived is damaged, 2 if the
    record is.

    Example: ner-retriever verify articles.index

    Example: ner-retriever verify articles.index --repair --format json
    """
    from ner_retriever.index.verification import verify_index
    from ner_retriever.search.saved import SavedQuery

    with progress_bar(Console(stderr=True)) as bar:
        found = verify_index(
            index, repair=repair, check_query=SavedQuery.from_record, progress=Stages(bar)
        )
    if format is VerifyFormat.JSON:
        typer.echo(json.dumps(_record(found), ensure_ascii=False, indent=1))
    else:
        _write(found)
    if not found.record_is_intact:
        raise typer.Exit(_RECORD_IS_DAMAGED)
    if not found.is_intact:
        raise typer.Exit(_DERIVED_IS_DAMAGED)


def _record(found: "Verification") -> dict[str, object]:
    return {
        "path": found.path,
        "intact": found.is_intact,
        "files": found.files,
        "bytes": found.bytes,
        "documents": found.documents,
        "mentions": found.mentions,
        "damages": [asdict(damage) for damage in found.damages],
    }


def _write(found: "Verification") -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for damage in found.damages:
        fate = "repaired" if damage.repaired else "derived" if damage.derived else "damaged"
        console.print(printable(f"{fate}: {damage.part}, {damage.file}: {damage.what}"))
    read = (
        f"{found.documents:,} documents with {found.mentions:,} mentions, {found.files:,} files "
        f"of {found.bytes:,} bytes read"
    )
    if found.is_intact:
        console.print(f"{found.path} is intact: {read}")
    elif found.record_is_intact:
        console.print(f"what is damaged can be made again with --repair; {read}")
    else:
        console.print(f"the record is damaged: restore the index from a copy; {read}")
