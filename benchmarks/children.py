"""What the two pipelines share when they are measured, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from measuring import REPEATS
from ner_retriever.documents import Document
from ner_retriever.text.formats.columns import Columns
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.readers import read_documents

_FOLDER = Path(__file__).parent


@dataclass
class Measured:
    """What a child measured.

    Attributes:
        texts, mentions, seconds: of each part.
        peak_bytes: the most memory held until all parts were indexed.
        peak_bytes_with_more: the same once vectors that were made up came to them.
        engine: what ran the backbone.
        disk_bytes: of the index, with the made-up vectors.
        disk_mentions: in it.
    """

    texts: list[int] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    peak_bytes_with_more: int = 0
    engine: str = "torch"
    disk_bytes: int = 0
    disk_mentions: int = 0

    def part(self, documents: Sequence[Document], seconds: float) -> None:
        """Take down a part."""
        self.texts.append(len(documents))
        self.mentions.append(sum(len(document.spans or ()) for document in documents))
        self.seconds.append(seconds)

    def write(self, file: Path) -> None:
        """Write it for the process that asked for it."""
        file.write_text(json.dumps(asdict(self)))


def run_child(script: str, out: Path, *arguments: str | Path) -> Measured:
    """Run a script of this folder to its end, and return what it measured."""
    command = [sys.executable, str(_FOLDER / script), *map(str, arguments), "--out", str(out)]
    subprocess.run(command, check=True)
    found: dict[str, Any] = json.loads(out.read_text())
    return Measured(**found)


def read_given(file: Path) -> list[Document]:
    """Read documents with their spans."""
    return list(read_documents([file], ReadOptions(columns=Columns(spans="spans"))))


def parts_of(documents: Sequence[Document]) -> list[list[Document]]:
    """Return the documents in equal parts, as many as a median needs."""
    size = len(documents) // REPEATS
    return [list(documents[part * size : (part + 1) * size]) for part in range(REPEATS)]
