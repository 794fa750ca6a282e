"""What a run of ``ner-retriever index`` ends with: what was added, what was skipped and why."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from ner_retriever.cli.output import printable
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.text.walking import HIDDEN, UNKNOWN

if TYPE_CHECKING:
    from ner_retriever.indexing import Added

_LISTED_SKIPS = 20
_LISTED_SUFFIXES = 8


class Account:
    """Counts what was left out and why, keeps the first reasons, and writes all of them.

    Args:
        report: takes a JSON line for each; ``None`` where nobody wants them.
    """

    def __init__(self, report: TextIO | None = None) -> None:
        self.skipped = 0
        self.listed: list[DocumentError] = []
        self._report = report
        self._reasons: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def pass_over(self, path: Path, reason: str) -> None:
        """Take a file that is not read."""
        self._write({"file": str(path), "passed_over": reason})
        self._reasons[reason] += 1
        if reason == UNKNOWN:
            self._unknown[path.suffix or path.name] += 1

    def skip(self, error: DocumentError) -> None:
        """Take the error of a document that is left out."""
        self.skipped += 1
        self._write({"skipped": str(error)})
        if self.skipped <= _LISTED_SKIPS:
            self.listed.append(error)

    def close(self, console: Console, out: Path, added: "Added", *, seconds: float) -> None:
        """Say what the run has done, on standard error.

        Raises:
            InputError: every document was left out.
        """
        self._write(asdict(added))
        console.print(
            f"{out}: {added.new:,} new, {added.replaced:,} replaced, {added.unchanged:,} unchanged "
            f"documents; {added.mentions:,} mentions indexed; {seconds:,.0f} s{_peak_memory()}"
        )
        if self._reasons:
            console.print(printable(self._passed_over_in_words()))
        if self.skipped:
            console.print(f"{self.skipped:,} skipped:")
            for error in self.listed:
                console.print(f"  {printable(str(error))}")
            if self.skipped > len(self.listed):
                console.print(f"  … and {self.skipped - len(self.listed):,} more")
            if not added.documents:
                raise InputError("no document could be used; see above why each was skipped")

    def _passed_over_in_words(self) -> str:
        hidden, unknown = self._reasons[HIDDEN], self._reasons[UNKNOWN]
        parts = [f"{hidden:,} hidden"] if hidden else []
        if unknown:
            listed = ", ".join(name for name, _ in self._unknown.most_common(_LISTED_SUFFIXES))
            more = ", …" if len(self._unknown) > _LISTED_SUFFIXES else ""
            parts.append(f"{unknown:,} of unknown kind ({listed}{more})")
        others = self._reasons.keys() - {HIDDEN, UNKNOWN}
        parts += [f"{reason}: {self._reasons[reason]:,}" for reason in sorted(others)]
        return f"files passed over: {'; '.join(parts)}"

    def _write(self, record: Mapping[str, object]) -> None:
        if self._report is not None:
            self._report.write(json.dumps(record, ensure_ascii=False) + "\n")


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
