"""The figures of all benchmarks in one table, for who reads no further."""

from collections.abc import Sequence

from ner_retriever.evaluation.metrics import R_PRECISION
from ner_retriever.evaluation.published import FIGURES
from ner_retriever.evaluation.results import Result, kind, title
from ner_retriever.markdown import table

_SETTINGS = ("detected", "gold")


def summary(results: Sequence[Result]) -> str:
    """Macro R-Precision of every system on the largest pool of each benchmark, best first.

    A cell has a figure a detector, the best first. A baseline reads no mentions, and so has the
    same figure in both settings.
    """
    largest = [
        result
        for result in results
        if result["texts"] == max(r["texts"] for r in results if title(r) == title(result))
    ]
    columns = [
        (benchmark, spans)
        for benchmark in dict.fromkeys(map(title, largest))
        for spans in _SETTINGS
        if any((title(result), result["spans"]) == (benchmark, spans) for result in largest)
    ]
    figures: dict[str, dict[tuple[str, str], dict[str, float]]] = {}
    for result in largest:
        detector = (result.get("detection") or {}).get("detector", "")
        for name, measured in result["systems"].items():
            baseline = kind(name) == "baseline"
            for spans in _SETTINGS if baseline else (result["spans"],):
                cell = figures.setdefault(name, {}).setdefault((title(result), spans), {})
                cell["" if baseline else detector] = measured[R_PRECISION]
    rows = [
        [name, *(_cell(cells.get(column, {})) for column in columns)]
        for name, cells in sorted(
            figures.items(), key=lambda row: -max(max(cell.values()) for cell in row[1].values())
        )
    ]
    pools = "; ".join(dict.fromkeys(f"{title(r)}: {r['texts']:,} texts" for r in largest))
    header = ["R-Precision", *(f"{benchmark}, {spans}" for benchmark, spans in columns)]
    return f"{table(header, [*rows, *_published(largest, columns)])}\n{pools}.\n"


def _cell(figures: dict[str, float]) -> str:
    best_first = sorted(figures.items(), key=lambda figure: -figure[1])
    if len(best_first) == 1:
        return f"{best_first[0][1]:.3f}"
    return ", ".join(f"{value:.3f} ({detector})" for detector, value in best_first)


def _published(results: Sequence[Result], columns: Sequence[tuple[str, str]]) -> list[list[str]]:
    """A row for each system whose figure was published, on another pool."""
    rows: dict[str, dict[tuple[str, str], str]] = {}
    for result in results:
        for figure in FIGURES.get(result["benchmark"], ()):
            if figure.r_precision is not None:
                cells = rows.setdefault(f"published: {figure.system}", {})
                cells[title(result), "detected"] = f"{figure.r_precision:.2f}"
    return [[name, *(cells.get(column, "") for column in columns)] for name, cells in rows.items()]
