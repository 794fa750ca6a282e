"""The benchmarks: texts with gold mentions, and the types that are asked for.

`load` reads one by name; each format has a file of its own.
"""

from collections.abc import Callable
from pathlib import Path

from ner_retriever.errors import ConfigError
from ner_retriever.evaluation.benchmarks.benchmark import Benchmark, is_other
from ner_retriever.evaluation.benchmarks.documents import load_documents
from ner_retriever.evaluation.benchmarks.download import download
from ner_retriever.evaluation.benchmarks.few_nerd import load_few_nerd
from ner_retriever.evaluation.benchmarks.jsonl import load_jsonl
from ner_retriever.evaluation.benchmarks.multiconer2 import load_multiconer2
from ner_retriever.evaluation.benchmarks.neretrieve import load_neretrieve
from ner_retriever.text.gold import GoldMention, GoldText

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "GoldMention",
    "GoldText",
    "check_name",
    "download",
    "is_other",
    "load",
]

BENCHMARKS: dict[str, Callable[[Path], Benchmark]] = {
    "documents": load_documents,
    "few-nerd": load_few_nerd,
    "jsonl": load_jsonl,
    "multiconer2": load_multiconer2,
    "neretrieve": load_neretrieve,
}

# The reference evaluation leaves shorter sentences out.
_FEWEST_WORDS = {"few-nerd": 5}


def load(
    name: str,
    path: Path,
    *,
    short_texts: bool = False,
    limit_texts: int | None = None,
    seed: int = 0,
) -> Benchmark:
    """Read a benchmark.

    Args:
        name: a key of `BENCHMARKS`.
        path: its file, or the folder that it is in.
        short_texts: keep the texts that the reference evaluation leaves out: sentences of Few-NERD
            of four words or fewer.
        limit_texts: evaluate on a random sample of so many texts.
        seed: decides the sample.

    Raises:
        ConfigError: the name is unknown, or the limit is not positive.
        InputError: the files cannot be used.
    """
    check_name(name)
    benchmark = BENCHMARKS[name](path)
    if name in _FEWEST_WORDS and not short_texts:
        benchmark = benchmark.without_short(_FEWEST_WORDS[name])
    return benchmark if limit_texts is None else benchmark.sample(limit_texts, seed=seed)


def check_name(name: str) -> None:
    """Refuse a benchmark that is not one of `BENCHMARKS`.

    Raises:
        ConfigError: naming those that are.
    """
    if name not in BENCHMARKS:
        known = ", ".join(sorted(BENCHMARKS))
        raise ConfigError(f"unknown benchmark {name!r}; expected one of: {known}")
