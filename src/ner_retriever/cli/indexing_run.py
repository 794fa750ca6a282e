"""One run of ``ner-retriever index``: sources read into an index, and how it goes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ner_retriever.cli.account import Account
from ner_retriever.documents import Document

if TYPE_CHECKING:
    from ner_retriever.indexing import Added
    from ner_retriever.retriever import Retriever
    from ner_retriever.source_sync import Plan, Synced
    from ner_retriever.text.formats.options import ReadOptions


class IndexingRun:
    """Reads sources into an index, and shows how it goes.

    Args:
        out: the index's folder.
        encoding: of text files.
        skip: leave out documents that cannot be used.
    """

    def __init__(
        self,
        console: Console,
        sources: list[str],
        options: "ReadOptions",
        *,
        out: Path,
        encoding: str,
        skip: bool,
    ) -> None:
        self._console = console
        self._sources = sources
        self._options = options
        self._out = out
        self._encoding = encoding
        self._skip = skip

    def add(
        self, open_index: Callable[[], "Retriever"], account: Account, *, stdin_suffix: str
    ) -> None:
        """Add what the sources hold."""
        from ner_retriever.text.readers import read_documents
        from ner_retriever.text.sources import count_hint

        start = time.monotonic()
        handler = account.skip if self._skip else None
        with _progress_bar(self._console) as bar:
            total = count_hint(self._sources, pass_over=account.pass_over)
            task = bar.add_task("loading models", total=total, documents=0, rate=0.0)
            documents = _begun(
                read_documents(
                    self._sources,
                    self._reading(bar, task, account),
                    encoding=self._encoding,
                    stdin_suffix=stdin_suffix,
                    on_error=handler,
                    on_end=account.read,
                )
            )
            retriever = open_index()
            added = retriever.add(documents, on_error=handler, progress=_Show(bar, task))
        self._close(retriever, account, added, removed=0, start=start)

    def keep_in_step(
        self, retriever: "Retriever", account: Account, *, dry_run: bool = False
    ) -> None:
        """Bring the index in step with the sources."""
        start = time.monotonic()
        with _progress_bar(self._console) as bar:
            task = bar.add_task("looking for changes", total=None, documents=0, rate=0.0)

            def show(plan: "Plan") -> None:
                account.unchanged(plan.unchanged)
                bar.update(task, total=plan.bytes, description="loading models")

            done = retriever.sync(
                self._sources,
                self._reading(bar, task, account),
                encoding=self._encoding,
                dry_run=dry_run,
                on_plan=show,
                pass_over=account.pass_over,
                on_error=account.skip if self._skip else None,
                on_end=account.read,
                progress=_Show(bar, task),
            )
        if done.added.replaced and done.by_place:
            account.notice(
                "documents without an id are named by their lines: lines that are put in above "
                "have those below read again; give ids, or name them by their texts with "
                "--content-ids"
            )
        if dry_run:
            _say_plan(self._console, done)
        else:
            self._close(retriever, account, done.added, removed=done.removed, start=start)

    def watch(self, retriever: "Retriever", account: Account) -> None:
        """Bring the index in step, and again after each change, until the process is stopped."""
        from ner_retriever.cli.watching import changes

        self.keep_in_step(retriever, account)
        self._console.print("watching for changes; stop with Ctrl-C")
        for _ in changes(self._sources, without=self._out):
            self.keep_in_step(retriever, account.again())

    def _reading(self, bar: Progress, task: TaskID, account: Account) -> "ReadOptions":
        return replace(
            self._options,
            progress=lambda size: bar.advance(task, size),
            notice=account.notice,
        )

    def _close(
        self,
        retriever: "Retriever",
        account: Account,
        added: "Added",
        *,
        removed: int,
        start: float,
    ) -> None:
        account.close(
            self._console,
            self._out,
            added,
            removed=removed,
            duplicates=retriever.duplicates() if added.new or added.replaced else 0,
            seconds=time.monotonic() - start,
        )


def _say_plan(console: Console, done: "Synced") -> None:
    plan = done.plan
    console.print(
        f"files to read, new or changed: {len(plan.read):,}; unchanged: {plan.unchanged:,}; gone: "
        f"{len(plan.gone):,}, with {done.removed:,} documents to remove"
    )
    for source in plan.read:
        typer.echo(f"read\t{source.name}")
    for name in plan.gone:
        typer.echo(f"remove\t{name}")


def _begun(documents: Iterator[Document]) -> Iterator[Document]:
    """Read the first document now, so that bad input is refused before an index is touched."""
    first = list(islice(documents, 1))
    return chain(first, documents)


class _Show:
    """Shows what has been added, and how fast."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._start = time.monotonic()

    def __call__(self, added: "Added") -> None:
        self._bar.update(
            self._task,
            description="indexing",
            documents=added.documents,
            rate=added.documents / (time.monotonic() - self._start),
        )


def _progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[documents]:,} documents"),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        # A bar in a log file is noise; the summary says it all.
        disable=not console.is_terminal,
    )
