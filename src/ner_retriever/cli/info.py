"""``ner-retriever info``: what an index holds and was made with."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table


class InfoFormat(StrEnum):
    """How information is written."""

    TABLE = "table"
    JSON = "json"


def info(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    format: Annotated[InfoFormat, typer.Option(help="How it is written.")] = InfoFormat.TABLE,
) -> None:
    """Say what an index holds and what it was made with.

    Example: ner-retriever info articles.index --format json
    """
    from ner_retriever.retriever import Retriever

    retriever = Retriever.open(index)
    found = retriever.info()
    manifest = asdict(found.manifest)
    settings = manifest.pop("settings")
    record: dict[str, Any] = {
        "path": found.path,
        "documents": found.documents,
        "mentions": found.mentions,
        "dimensions": found.dimensions,
        "bytes": found.bytes,
        "bytes_a_document": round(found.bytes / found.documents) if found.documents else None,
        "preset": manifest["preset"],
        "backbone": settings["preset"]["backbone"],
        "site": settings["preset"]["site"],
        "head": settings["preset"]["head"],
        "detector": settings["detector"],
        "fields": retriever.field_kinds(),
        "fingerprints": manifest["fingerprints"],
        "created": manifest["created"],
        "version": found.version,
        "schema_version": manifest["schema_version"],
        "package_version": manifest["package_version"],
    }
    if format is InfoFormat.JSON:
        typer.echo(json.dumps(record, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for key, value in record.items():
        table.add_row(key.replace("_", " "), _readable(value))
    Console(highlight=False, markup=False).print(table)


def _readable(value: Any) -> str:
    match value:
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{key} {item}" for key, item in value.items())
        case None:
            return "–"
        case _:
            return str(value)
