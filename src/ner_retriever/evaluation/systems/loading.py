"""Systems by the names that ``--system`` takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ner_retriever.config import DEFAULT_PRESET, EngineName, load_preset
from ner_retriever.errors import ConfigError
from ner_retriever.evaluation.systems import System
from ner_retriever.evaluation.systems.bm25 import BM25
from ner_retriever.evaluation.systems.dense import Dense
from ner_retriever.evaluation.systems.hybrid import Hybrid

if TYPE_CHECKING:
    from ner_retriever.evaluation.systems.ner_retriever import ExistingIndex

_WITH_PRESET = ("ner-retriever", "untrained", "hybrid")
_ALONE = ("bm25", "llm-hidden")
_WITH_SOURCE = ("dense", "dense-windows", "index")
KNOWN_NAMES = (
    "ner-retriever[:PRESET], untrained[:PRESET], hybrid[:PRESET], llm-hidden, bm25, dense:MODEL, "
    "dense-windows:MODEL, index:PATH"
)


def load_systems(
    names: Sequence[str],
    *,
    preset: str = DEFAULT_PRESET,
    spans: Literal["gold", "detected"] = "detected",
    detector: str = "spans",
    engine: EngineName = "auto",
) -> list[System]:
    """Make systems, their models loaded, in the order of their names.

    Args:
        names: ``ner-retriever``, ``untrained`` and ``hybrid``, alone or with ``:PRESET``;
            ``llm-hidden``; ``bm25``; ``dense:MODEL``; ``dense-windows:MODEL``; ``index:PATH``.
        preset: of those that are named without one.
        spans: which mentions they will be given; an index brings its own.
        detector: what ``ner-retriever`` of the preset finds mentions with; with ``spans`` it is
            given them as the others are.
        engine: what runs the backbone of ``ner-retriever``, ``hybrid`` and ``index``.

    Raises:
        ConfigError: a name or preset is unknown, or an index of detected mentions is to be
            measured on gold ones.
        MissingExtra: an optional dependency is not installed.
        ModelError: a model cannot be loaded.
        StoreError: an index cannot be opened.
    """
    parsed = [_parse(name) for name in names]
    return [_load(kind, value, preset, spans, detector, engine) for kind, value in parsed]


def _parse(name: str) -> tuple[str, str]:
    kind, colon, value = name.partition(":")
    known = (
        kind in _WITH_PRESET
        or (kind in _ALONE and not colon)
        or (kind in _WITH_SOURCE and bool(value))
    )
    if not known:
        raise ConfigError(f"unknown system {name!r}; expected one of: {KNOWN_NAMES}")
    return kind, value


def _load(
    kind: str,
    value: str,
    preset: str,
    spans: Literal["gold", "detected"],
    detector: str,
    engine: EngineName,
) -> System:
    match kind:
        case "bm25":
            return BM25()
        case "dense":
            return Dense(value)
        case "dense-windows":
            return Dense(value, windows=True)
        case "index":
            return load_index(Path(value), spans=spans, engine=engine)
        case _:
            return _of_preset(kind, value, default=preset, detector=detector, engine=engine)


def _of_preset(kind: str, value: str, *, default: str, detector: str, engine: EngineName) -> System:
    # Only now: what these import takes seconds to load.
    from ner_retriever.evaluation.systems.ner_retriever import NerRetriever
    from ner_retriever.evaluation.systems.untrained import LLM_HIDDEN, Untrained

    chosen = value or default
    name = f"{kind}:{load_preset(chosen).name}" if value else kind
    match kind:
        case "llm-hidden":
            return Untrained(LLM_HIDDEN, name=name)
        case "untrained":
            return Untrained(load_preset(chosen), name=name)
        case "hybrid":
            return Hybrid(NerRetriever(chosen, engine=engine), BM25(), name=name)
        case _:
            own = detector if load_preset(chosen) == load_preset(default) else "spans"
            return NerRetriever(chosen, name=name, detector=own, engine=engine)


def load_index(
    path: Path, *, spans: Literal["gold", "detected"], engine: EngineName = "auto"
) -> "ExistingIndex":
    """Open an index as a system.

    Raises:
        ConfigError: it is of detected mentions and to be measured on gold ones.
        StoreError: it cannot be opened.
    """
    from ner_retriever.evaluation.systems.ner_retriever import ExistingIndex
    from ner_retriever.retriever import Retriever

    # A query that was asked in an earlier run must take as long as any other.
    retriever = Retriever.open(path, engine=engine, precision="float32", query_cache=False)
    detector = retriever.manifest.settings["detector"]
    if spans == "gold" and detector != "spans":
        raise ConfigError(
            f"the index {path} was made with the detector {detector!r}, not with gold mentions; "
            "evaluate it with --spans detected"
        )
    return ExistingIndex(retriever, name=f"index:{path.name}")
