"""Result files as `runner.evaluate` makes them: reading, and which system is which."""

import json
from pathlib import Path
from typing import Any, Literal

from ner_retriever.errors import InputError
from ner_retriever.evaluation.metrics import R_PRECISION

Result = dict[str, Any]

NO_SPLIT = "No system names the types that it was trained on, so seen and unseen stand together."
NO_OVERLAP_CHECK = "Whether a text stands in the training data was not checked."

_REQUIRED = (
    "benchmark",
    "spans",
    "texts",
    "notes",
    "queries",
    "other_types",
    "systems",
    "comparisons",
    "seed",
)
_TITLES = {
    "documents": "Whole documents",
    "few-nerd": "Few-NERD",
    "multiconer2": "MultiCoNER 2",
    "neretrieve": "NERetrieve",
}
_BASELINES = ("bm25", "dense")
_OURS = ("ner-retriever", "index:")


def read_result(path: Path) -> Result:
    """Read a result file.

    Raises:
        InputError: it cannot be read, or is not a result file.
    """
    try:
        result = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as a result file ({error}); "
            "make one with: ner-retriever evaluate --out results.json"
        ) from error
    missing = [key for key in _REQUIRED if not isinstance(result, dict) or key not in result]
    if missing:
        raise InputError(
            f"{path}: not a result file, it has no {', '.join(missing)}; "
            "make one with: ner-retriever evaluate --out results.json"
        )
    return dict(result)


def title(result: Result) -> str:
    """The benchmark's name as its authors write it."""
    name = str(result["benchmark"])
    return _TITLES.get(name, name)


def pool(result: Result) -> str:
    """Names the texts and queries of a result, whichever mentions systems were given."""
    return repr([result.get(key) for key in ("benchmark", "texts", "queries", "relevant")])


def kind(system: str) -> Literal["ours", "baseline", "variant"]:
    """What a system is by its name: ours, a baseline of others, or a variant that we measure."""
    if system.startswith(_OURS):
        return "ours"
    return "baseline" if system.startswith(_BASELINES) else "variant"


def best_first(result: Result) -> list[str]:
    """The names of the systems, the highest macro R-Precision first."""
    systems = result["systems"]
    return sorted(systems, key=lambda name: -systems[name][R_PRECISION])


def best(result: Result, wanted: Literal["ours", "baseline"]) -> str | None:
    """The best system of a kind; ``None`` where there is none."""
    return next((name for name in best_first(result) if kind(name) == wanted), None)
