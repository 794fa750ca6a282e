"""What filters, facets, keeping in step and a large mailbox cost.

    python benchmarks/corpora.py --out work/bench/corpora.json

Filters are timed beside the scan that they restrict, in turns, on a made-up index; a hundred
thousand small files are kept in step in a temporary folder without any model; and a mailbox of
500 MB is read to its end in a process of its own.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console

from measuring import seconds, summary, write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.documents import Document, Span
from ner_retriever.index.field_table import read_field_table, write_field_table
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.reading.reader import Read
from ner_retriever.search.filters.facets import facets
from ner_retriever.search.filters.matching import matching
from ner_retriever.search.filters.where import parse_where
from ner_retriever.source_sync import SourceSync
from ner_retriever.text.formats.options import ReadOptions
from search import make_view

_MENTIONS = 1_000_000
_FILES = 100_000
_MAIL_BYTES = 500_000_000
_REPEATS = 9
_FILTERS = {
    "number": "year >= 2010",
    "text": "source = 'source 3'",
    "date and text": "date >= 2015-06-01 and source in ('source 1', 'source 2')",
    "list": "tags = 'tag 7'",
    "pattern": "title ilike '%report 1%'",
}
_READ_MAIL = """
import sys
from measuring import peak_bytes
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.readers import read_documents
count = sum(1 for _ in read_documents([sys.argv[1]], ReadOptions()))
import resource
print(count, peak_bytes() // 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mentions", type=int, default=_MENTIONS)
    parser.add_argument("--files", type=int, default=_FILES)
    parser.add_argument("--mail-bytes", type=int, default=_MAIL_BYTES)
    given = parser.parse_args()
    with (
        progress_bar(Console(stderr=True)) as bar,
        TemporaryDirectory(prefix="ner-retriever-bench-") as folder,
    ):
        stages = Stages(bar)
        found = {
            "filters": filtering(Path(folder, "index"), given.mentions, stages),
            "sync": syncing(Path(folder, "sync"), given.files, stages),
            "mail": reading_mail(Path(folder, "all.mbox"), given.mail_bytes, stages),
        }
    write_record("corpora", [found], given.out)


def filtering(
    folder: Path, mentions: int, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Time filters and facets beside the scan."""
    asked = make_view(folder, mentions, np.random.default_rng(0), progress)
    store: Any = SimpleNamespace(state="made", snapshot=lambda: store)
    scan = open_scan(folder, store)
    documents = len(scan.documents)
    store.batches = lambda columns: _field_batches(documents, columns)
    file = folder / "fields"
    built = seconds(lambda: write_field_table(file, store))
    table = read_field_table(file)
    rows = np.arange(0, documents, 10)
    actions: dict[str, Callable[[], object]] = {
        name: lambda where=where: matching(parse_where(where), table)  # type: ignore[misc]
        for name, where in _FILTERS.items()
    }
    plain: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in actions}
    whole: list[float] = []
    for turn in range(_REPEATS + 1):
        took = {name: seconds(action) for name, action in actions.items()}
        unrestricted = seconds(lambda: scan.best_scores(asked[0]))
        kept = matching(parse_where(_FILTERS["number"]), table)
        restricted = seconds(lambda kept=kept: scan.of_documents(kept).best_scores(asked[0]))
        if turn:
            plain.append(unrestricted)
            whole.append(restricted)
            for name in actions:
                times[name].append(took[name])
        progress("filtering", turn, _REPEATS)
    return {
        "mentions": mentions,
        "documents": documents,
        "build": built,
        "scan": summary(plain),
        "restricted_scan": summary(whole),
        "filters": {name: summary(taken) for name, taken in times.items()},
        "filter_over_scan": {
            name: summary(one / other for one, other in zip(taken, plain, strict=True))
            for name, taken in times.items()
        },
        "facets": summary(seconds(lambda: facets(table, rows)) for _ in range(_REPEATS)),
    }


def _field_batches(documents: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for first in range(0, documents, 4_096):
        numbers = range(first, min(first + 4_096, documents))
        fields = [
            f'{{"title":"report {n}","year":{1980 + n % 45},"source":"source {n % 12}",'
            f'"date":"{1980 + n % 45}-{1 + n % 12:02}-{1 + n % 28:02}",'
            f'"tags":["tag {n % 9}","tag {n % 31}"]}}'
            for n in numbers
        ]
        values = {"fields": fields, "source": ["all.jsonl"] * len(numbers)}
        yield pa.record_batch([pa.array(values[name]) for name in columns], names=list(columns))


class _NoModel:
    """Finds the first letter of each text."""

    name = fingerprint = "letters"

    def read(self, documents: Sequence[Document]) -> list[Read]:
        vector = np.array([[1, 0]], np.float32)
        context = np.zeros((1, 0), np.float32)
        return [Read((Span(0, 1),), vector, np.zeros(1, np.int32), context) for _ in documents]


def syncing(folder: Path, files: int, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Keep many small files in step, new, unchanged and one of them changed."""
    source = folder / "files"
    for number in range(files):
        path = source / f"{number % 300:03}" / f"{number}.txt"
        if number < 300:
            path.parent.mkdir(parents=True)
        path.write_text(f"This is the text of file {number}.\n")
    index = folder / "index"
    store = Store.create(index, 2, sync=False)

    def sync() -> object:
        reader: Any = _NoModel()
        return SourceSync(index, store, [str(source)], ReadOptions()).run(lambda: reader)

    took = {}
    for step, name in enumerate(("new", "unchanged", "one changed")):
        progress(f"{files:,} files: {name}", step, 3)
        if name == "one changed":
            (source / "000" / "0.txt").write_text("Another text.\n")
        took[name] = seconds(sync)
    return {"files": files, "seconds": took}


def reading_mail(
    file: Path, size: int, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Read a large mailbox in a process of its own."""
    body = "The court of appeal in Oslo heard the case of Anna Berg on Monday.\n" * 150
    written = messages = 0
    with file.open("w", encoding="utf-8") as stream:
        while written < size:
            messages += 1
            written += stream.write(
                "From sender@example.org Mon Jan  1 00:00:00 2024\n"
                f"From: Ada <ada@example.org>\nSubject: Message {messages}\n"
                f"Date: Mon, 01 Jan 2024 00:00:00 +0000\n\n{messages} {body}\n"
            )
            if not messages % 1_000:
                progress("writing mail", written, size)
    command = [sys.executable, "-c", _READ_MAIL, str(file.resolve())]
    outcome: list[str] = []

    def read() -> None:
        here = Path(__file__).parent
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=here)
        outcome.extend(done.stdout.split())

    took = seconds(read)
    read_messages, own, workers = map(int, outcome)
    return {
        "bytes": written,
        "messages": messages,
        "read": read_messages,
        "seconds": took,
        "kibibytes": own,
        "worker_kibibytes": workers,
    }


if __name__ == "__main__":
    main()
