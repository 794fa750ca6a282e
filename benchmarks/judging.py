"""How long a judgement takes to be answered on up to a million mentions: refined and ranked again.

    python benchmarks/judging.py --out work/bench/judging.json

Vectors are made up as in `search.py`. Half of the judged documents are accepted. Timed are the fit
of the query vector, the search with it, which also scores the query that was asked, and what the
review has covered so far, with a random check going on. Each figure is a median.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from measuring import REPEATS, seconds, summary, write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.index.scan import Scan
from ner_retriever.index.threads import threads_for
from ner_retriever.index.view import open_scan
from ner_retriever.search.ranking import search
from ner_retriever.search.refinement import refine
from ner_retriever.search.stopping import Check, cover
from search import Progress, make_view

_SIZES = (100_000, 1_000_000)
_JUDGEMENTS = (10, 100, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with progress_bar(Console(stderr=True)) as bar:
        stages = Stages(bar)
        rows = [row for size in _SIZES for row in measure(size, stages)]
    write_record("judging", rows, options.out, threads=threads_for(_SIZES[-1]))


def measure(size: int, progress: Progress) -> list[dict[str, Any]]:
    """Judge an index of so many mentions, a row a number of judgements."""
    with TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        folder = Path(name)
        queries = make_view(folder, size, np.random.default_rng(size), progress)
        store: Any = SimpleNamespace(state="made", snapshot=lambda: store)
        scan = open_scan(folder, store)
        return [timed(scan, store, queries[0], judgements) for judgements in _JUDGEMENTS]


def timed(scan: Scan, store: Any, query: NDArray[np.float32], judgements: int) -> dict[str, Any]:
    """Time what an answer to so many judgements takes."""
    best = scan.best_scores(query)
    judged = np.argsort(-best, kind="stable")[:judgements]
    firsts = scan.document_first[judged]
    yes = np.arange(judgements) % 2 == 0
    known = dict(zip(judged.tolist(), yes.tolist(), strict=True))
    keys, runs = np.arange(len(best), dtype=np.uint64), np.zeros(len(best), np.int64)
    check = Check(seed=1, judged=judgements, run=0)

    def fit() -> NDArray[np.float32]:
        return refine(
            scan,
            query,
            accepted=firsts[yes],
            rejected=firsts[~yes],
            rejected_documents=judged[~yes],
        )

    refined = fit()

    def answer() -> object:
        return search(
            scan,
            store,
            query,
            refined=refined,
            query="made",
            limit=None,
            min_score="auto",
            known=known,
        )

    answer()
    actions = {
        "fit": fit,
        "answer": answer,
        "coverage": lambda: cover(list(known.items()), keys, runs, [check]),
    }
    times = {name: [seconds(action) for _ in range(REPEATS)] for name, action in actions.items()}
    total = [sum(parts) for parts in zip(*times.values(), strict=True)]
    return {
        "mentions": len(scan.mentions),
        "judgements": judgements,
        **{name: summary(values) for name, values in times.items()},
        "total": summary(total),
    }


if __name__ == "__main__":
    main()
