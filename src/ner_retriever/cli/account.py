"""What a run of ``ner-retriever index`` ends with: what was added, what was skipped and why."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ner_retriever.cli.output import printable
from ner_retriever.errors import DocumentError

if TYPE_CHECKING:
    from ner_retriever.indexing import Added

_LISTED_SKIPS = 20


class Skipped:
    """Counts the documents that were left out, and keeps why for the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.listed: list[DocumentError] = []

    def __call__(self, error: DocumentError) -> None:
        self.count += 1
        if self.count <= _LISTED_SKIPS:
            self.listed.append(error)


def summarise(
    console: Console, out: Path, added: "Added", skipped: Skipped, *, seconds: float
) -> None:
    """Say what a run has done, on standard error."""
    console.print(
        f"{out}: {added.new:,} new, {added.replaced:,} replaced, {added.unchanged:,} unchanged "
        f"documents; {added.mentions:,} mentions indexed; {seconds:,.0f} s{_peak_memory()}"
    )
    if skipped.count:
        console.print(f"{skipped.count:,} skipped:")
        for error in skipped.listed:
            console.print(f"  {printable(str(error))}")
        if skipped.count > len(skipped.listed):
            console.print(f"  … and {skipped.count - len(skipped.listed):,} more")


def _peak_memory() -> str:
    """Say how much memory the process has held at most, where the system tells."""
    try:
        import resource
    except ImportError:
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kibibytes on Linux, bytes on macOS.
    mebibytes = peak >> (20 if sys.platform == "darwin" else 10)
    return f", at most {mebibytes:,} MiB of memory"
