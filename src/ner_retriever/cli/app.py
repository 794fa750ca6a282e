"""The application, its commands, and what becomes of an error."""

import logging
import os
import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli import delete, heads, index, info, models, search, train
from ner_retriever.errors import NerRetrieverError

USAGE = 2
INTERRUPTED = 130

app = typer.Typer(
    name="ner-retriever",
    help="Find every document that mentions an entity of a type you make up at query time.",
    epilog="Example: ner-retriever index articles.jsonl --out articles.index && "
    "ner-retriever search articles.index 'court that hears appeals'",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("delete")(delete.delete)
app.command("info")(info.info)
app.command("train")(train.train)
app.add_typer(models.app, name="models")
app.add_typer(heads.app, name="heads")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(metadata.version("ner-retriever"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; an error of ours is one line on standard error and exit code 2."""
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        app()
    except NerRetrieverError as error:
        Console(stderr=True, soft_wrap=True).print(
            f"error: {error}", style="bold red", markup=False, highlight=False
        )
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone; python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
