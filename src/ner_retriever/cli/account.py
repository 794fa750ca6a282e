"""What a run of ``ner-retriever index`` ends with: what was read, what was left out and why."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table

from ner_retriever.cli.output import printable
from ner_retriever.errors import UNUSABLE, DocumentError, InputError
from ner_retriever.text.sources import Source
from ner_retriever.text.walking import UNKNOWN

if TYPE_CHECKING:
    from ner_retriever.indexing import Added

_LISTED_SKIPS = 20
_LISTED_NOTICES = 10
_LISTED_SUFFIXES = 8


class Account:
    """Counts what was read and left out, keeps the first reasons, and writes all of them.

    Args:
        report: takes a JSON line for each; ``None`` where nobody wants them.
    """

    def __init__(self, report: TextIO | None = None) -> None:
        self._report = report
        self._files: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._skips: Counter[str] = Counter()
        self._listed: list[DocumentError] = []
        self._notices: dict[str, None] = {}

    def again(self) -> "Account":
        """Return an account of a further run, which writes to the same report."""
        return Account(self._report)

    def pass_over(self, path: Path, reason: str) -> None:
        """Take a file that is not read."""
        self._write({"file": str(path), "passed_over": reason})
        self._files[reason] += 1
        if reason == UNKNOWN:
            self._unknown[path.suffix or path.name] += 1

    def unchanged(self, count: int) -> None:
        """Take how many files are as they were and need not be read."""
        if count:
            self._files["unchanged"] += count

    def read(self, source: Source, errors: int) -> None:
        """Take a file that was read to its end, and how many documents of it were left out."""
        self._write({"file": source.name, "read": True, "skipped": errors})
        self._files["with errors" if errors else "read"] += 1

    def skip(self, error: DocumentError) -> None:
        """Take the error of a document that is left out."""
        self._write({"skipped": str(error), "reason": error.reason})
        self._skips[error.reason] += 1
        if self._skips.total() <= _LISTED_SKIPS:
            self._listed.append(error)

    def notice(self, text: str) -> None:
        """Take what is worth knowing of a file; once is enough."""
        if text not in self._notices:
            self._notices[text] = None
            self._write({"notice": text})

    def close(
        self,
        console: Console,
        out: Path,
        added: "Added",
        *,
        removed: int,
        duplicates: int,
        seconds: float,
    ) -> None:
        """Say what the run has done, on standard error.

        Args:
            removed: how many documents are no longer there.
            duplicates: how many documents of the index are equal, or nearly so, to another.

        Raises:
            InputError: every document was left out.
        """
        self._write({**asdict(added), "removed": removed, "duplicates": duplicates})
        changes = [f"{added.new:,} new", f"{added.replaced:,} replaced"]
        changes += [f"{added.updated:,} updated"] if added.updated else []
        changes += [f"{added.unchanged:,} unchanged"]
        changes += [f"{removed:,} removed"] if removed else []
        console.print(
            f"{out}: {', '.join(changes)} documents; {added.mentions:,} mentions indexed; "
            f"{seconds:,.0f} s{_peak_memory()}"
        )
        if duplicates:
            console.print(
                f"{duplicates:,} of the index's documents equal or nearly equal an earlier one; "
                "an answer shows one of them: --duplicates show"
            )
        if self._files.total() > 1:
            console.print(self._table())
        skips = ", ".join(f"{count:,} {reason}" for reason, count in self._skips.most_common())
        reasons = f" ({skips})" if self._skips.keys() - {UNUSABLE} else ""
        listed = [str(error) for error in self._listed]
        self._list(console, f"skipped{reasons}", listed, self._skips.total())
        notices = list(self._notices)
        self._list(console, "noticed", notices[:_LISTED_NOTICES], len(notices))
        if self._skips and not (added.documents or removed):
            raise InputError("no document could be used; see above why each was skipped")

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, count in self._files.most_common():
            kinds = ", ".join(kind for kind, _ in self._unknown.most_common(_LISTED_SUFFIXES))
            more = ", …" if len(self._unknown) > _LISTED_SUFFIXES else ""
            which = f"{kinds}{more}" if name == UNKNOWN else ""
            table.add_row("files", name, f"{count:>9,}", printable(which))
        return table

    @staticmethod
    def _list(console: Console, what: str, lines: list[str], count: int) -> None:
        if not lines:
            return
        console.print(f"{count:,} {what}:")
        for line in lines:
            console.print(f"  {printable(line)}")
        if count > len(lines):
            console.print(f"  … and {count - len(lines):,} more")

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
