"""Index the example corpus, ask it for three types, and say how good twenty answers are."""

import json
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ner_retriever import Retriever
from ner_retriever.cli.output import write_table
from ner_retriever.text.readers import read_documents

HERE = Path(__file__).parent
QUERIES = ("dinosaur", "museum", "drug for migraine")
MEASURED = 20


def main() -> None:
    console = Console(highlight=False)
    types = [
        json.loads(line) for line in (HERE / "types.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    with tempfile.TemporaryDirectory() as folder:
        with console.status("fetching the model where needed, indexing the example corpus"):
            retriever = Retriever.create(Path(folder) / "demo.index")
            added = retriever.add(read_documents([HERE / "corpus.jsonl"]))
        console.print(f"{added.new} documents, {added.mentions} mentions indexed\n")
        for query in QUERIES:
            console.rule(f"ner-retriever search demo.index {query!r}", align="left")
            write_table(retriever.search(query, limit=6), console.file)
            console.print()
        show_r_precision(retriever, types[:MEASURED], console)


def show_r_precision(retriever: Retriever, types: list[dict], console: Console) -> None:
    """Print, for each type, how many of its R documents stand among the first R."""
    values = []
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("type", "documents", "found among as many", "R-Precision"):
        table.add_column(column, justify="left" if column == "type" else "right")
    for record in types:
        relevant = set(record["ids"])
        found = relevant & {hit.id for hit in retriever.search(record["type"], limit=len(relevant))}
        values.append(len(found) / len(relevant))
        table.add_row(
            record["type"], str(len(relevant)), str(len(found)), f"{len(found) / len(relevant):.2f}"
        )
    console.print(table)
    console.print(f"\nmean R-Precision of {len(values)} types: {sum(values) / len(values):.2f}")


if __name__ == "__main__":
    main()
