"""The application, its commands, and what becomes of an error."""

import logging
import os
import signal
import sys
import warnings
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from ner_retriever.cli import (
    calibrate,
    convert,
    delete,
    evaluate,
    heads,
    index,
    info,
    mcp,
    models,
    probe,
    queries,
    report,
    search,
    search_many,
    serve,
    simulate,
    tag,
    train,
    train_detector,
    verify,
)
from ner_retriever.cli.output import printable
from ner_retriever.errors import NerRetrieverError
from ner_retriever.extras import missing_extra
from ner_retriever.temporary import remove_abandoned

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
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("search-many")(search_many.search_many)
app.command("tag")(tag.tag)
app.command("serve")(serve.serve)
app.command("mcp")(mcp.mcp)
app.command("delete")(delete.delete)
app.command("info")(info.info)
app.command("verify")(verify.verify)
app.command("train")(train.train)
app.command("train-detector")(train_detector.train_detector)
app.command("probe")(probe.probe)
app.command("evaluate")(evaluate.evaluate)
app.command("report")(report.report)
app.command("convert")(convert.convert)
app.command("calibrate")(calibrate.calibrate)
app.command("simulate")(simulate.simulate)
app.add_typer(queries.app, name="queries")
app.add_typer(models.app, name="models")
app.add_typer(heads.app, name="heads")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

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
    # What `kill` and `docker stop` send ends a command as Ctrl-C does: temporary files go with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if not sys.warnoptions:
        # Libraries' warnings are for developers; what a user must know is an error or an answer.
        warnings.simplefilter("ignore")
    remove_abandoned()
    try:
        try:
            app()
        finally:
            # Here, where it can still be dealt with that the reader has gone or the disk is full.
            sys.stdout.flush()
    except NerRetrieverError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        missing = missing_extra("this command", error)
        if missing is None:
            raise
        _fail(str(missing))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror}; check the path, its permissions and the room on the disk")


def _fail(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(
        Text(f"error: {printable(message)}", style="bold red")
    )
    sys.exit(USAGE)


def _drop_output() -> None:
    """Forget what standard output didn't take, which python would try to flush again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
