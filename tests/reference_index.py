"""What a preset makes of some texts, kept so that a test can tell whether it still does.

    python tests/reference_index.py minilm mpnet smollm2 --out tests/reference

Run it when a head is trained anew, and never to make the test pass.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ner_retriever import Document, Retriever

EXAMPLES = Path(__file__).parent.parent / "examples" / "corpus.jsonl"
QUERY = "scientist"


def documents() -> list[Document]:
    """Some of the example corpus, and all of those in one long text."""
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()[::40]
    records = [json.loads(line) for line in lines]
    texts = [record["text"].replace("\n", " ") for record in records]
    return [
        *(Document(record["id"], text) for record, text in zip(records, texts, strict=True)),
        Document("long", " ".join(texts)),
    ]


def index_arrays(preset: str, engine: str, folder: Path) -> dict[str, np.ndarray]:
    """Return an index's arrays, and the vector of a query.

    Returns:
        ``first`` (documents + 1,) int64, ``spans`` (mentions, 2) int32, ``scores`` (mentions,)
        float32, ``vectors`` (mentions, dimensions) float16 with those of sentences behind them,
        ``query`` (dimensions,) float32.
    """
    retriever = Retriever.create(folder, preset=preset, engine=engine, query_cache=False)
    retriever.add(documents())
    results = retriever.search(QUERY, limit=1)
    scan = results.scan
    return {
        "first": scan.document_first,
        "spans": np.stack([scan.mentions["start"], scan.mentions["end"]], axis=1),
        "scores": scan.mentions["detection_score"].copy(),
        "vectors": scan.joined(np.arange(len(scan.mentions))).astype(np.float16),
        "query": retriever.encoder.queries([QUERY])[0],
    }


def main() -> None:
    """Write a file for each preset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for preset in given.presets:
        with TemporaryDirectory() as name:
            arrays = index_arrays(preset, "torch", Path(name) / "index")
            np.savez_compressed(given.out / f"{preset}.npz", **arrays)


if __name__ == "__main__":
    main()
