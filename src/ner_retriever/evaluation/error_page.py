"""The worst types' errors as Markdown tables: raw material, which a person reads and judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner_retriever.errors import InputError
from ner_retriever.evaluation.examples import WORST_TYPES
from ner_retriever.evaluation.results import Result, best_first, kind, read_result, title
from ner_retriever.evaluation.tables import provenance
from ner_retriever.markdown import escape, table

_CONTEXT = 60
_TYPES_LISTED = 10
_NOWHERE = "not annotated"
_INTRODUCTION = """# Errors of the worst types

Written by `ner-retriever report --errors`: raw material, to be read.

A text has the score of its best mention, in **bold**. With R relevant texts, *wrong* are the
highest-ranked of the first R texts that are not relevant; *missed* are relevant texts that are
ranked lowest, or not retrieved. The gold types are those of annotated mentions that share a
character with the best mention.
"""
_Text = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A type of low R-Precision, and the run that it comes from."""

    run: Result
    system: str
    record: dict[str, Any]


def error_page(results: Sequence[Path]) -> str:
    """Tables of errors for the 20 types of the lowest R-Precision over all results.

    From each result the best of our own systems with examples is taken. A type that several
    results on a benchmark hold stands once, where it is worst.

    Args:
        results: result files, made with examples.

    Raises:
        InputError: a file is not a result file, or holds no examples.
    """
    entries = [entry for path in results for entry in _entries(path)]
    worst: dict[tuple[str, str], _Entry] = {}
    for entry in sorted(entries, key=lambda entry: float(entry.record["r_precision"])):
        worst.setdefault((entry.run["benchmark"], entry.record["type"]), entry)
    chosen = list(worst.values())[:WORST_TYPES]
    runs = {id(entry.run): entry.run for entry in chosen}
    return "\n".join(
        [
            _INTRODUCTION,
            _overview(chosen),
            *(_section(number, entry) for number, entry in enumerate(chosen, start=1)),
            "## Runs\n",
            *(f"{_setting(run)}: {provenance(run)}" for run in runs.values()),
        ]
    )


def _entries(path: Path) -> list[_Entry]:
    result = read_result(path)
    for name in best_first(result):
        records = result["systems"][name].get("examples")
        if kind(name) == "ours" and records and "found" in records[0]:
            return [_Entry(result, name, record) for record in records]
    raise InputError(
        f"{path}: no system of ours has examples of its errors; make them with: "
        "ner-retriever evaluate --examples 5 --out results.json"
    )


def _overview(entries: Sequence[_Entry]) -> str:
    rows = []
    for number, entry in enumerate(entries, start=1):
        record = entry.record
        others = [found for found in record["found"] if found["type"] != record["type"]]
        most = f"{_type(others[0]['type'])} ({others[0]['texts']})" if others else ""
        rows.append(
            [
                f"{number}. {escape(record['query'])}",
                _setting(entry.run),
                f"{record['r_precision']:.3f}",
                f"{record['relevant']:,}",
                _share_detected(record),
                most,
            ]
        )
    header = [
        "type",
        "benchmark",
        "R-Precision",
        "relevant texts",
        "detected",
        "most found instead",
    ]
    return table(header, rows)


def _section(number: int, entry: _Entry) -> str:
    record = entry.record
    parts = [
        f"## {number}. {escape(record['query'])}\n",
        f"{_setting(entry.run)}, type {escape(record['type'])}, by {escape(entry.system)}: "
        f"R-Precision {record['r_precision']:.3f} with {record['relevant']:,} relevant of "
        f"{entry.run['texts']:,} texts.\n",
    ]
    if detected := record["detected"]:
        parts.append(
            f"Of {detected['mentions']:,} mentions of the type, {detected['exactly']:,} were "
            f"detected exactly and {detected['in part']:,} in part.\n"
        )
    found = record["found"]
    rest = sum(other["texts"] for other in found[_TYPES_LISTED:])
    rows = [[_type(other["type"]), f"{other['texts']:,}"] for other in found[:_TYPES_LISTED]]
    rows += [["other types", f"{rest:,}"]] if rest else []
    parts.append(table(["gold type of the best mention", "of the first R texts"], rows))
    if wrong := record["false_positives"]:
        header = ["wrong", "gold type", "rank", "score"]
        parts.append(table(header, [[_in_text(text), *_judged(text)] for text in wrong]))
    if missed := record["missed"]:
        header = ["missed", "gold type", "rank", "score", "mention of the type", "detected"]
        rows = [[_in_text(text), *_judged(text), *_wanted(text, record)] for text in missed]
        parts.append(table(header, rows))
    return "\n".join(parts)


def _in_text(text: _Text) -> str:
    """The text around its best mention, which is bold."""
    whole, best = text["text"], text["best_mention"]
    if best is None:
        return escape(_shortened(whole, 2 * _CONTEXT))
    before, mention, after = (
        whole[: best["start"]],
        whole[best["start"] : best["end"]],
        whole[best["end"] :],
    )
    if len(before) > _CONTEXT:
        before = f"…{before[-_CONTEXT:]}"
    return f"{_spaced(before)}**{escape(mention)}**{_spaced(_shortened(after, _CONTEXT))}"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def _spaced(text: str) -> str:
    """Escaped, with one space at an end that had any."""
    start, end = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{start}{escape(text)}{end}" if text.strip() else start


def _judged(text: _Text) -> list[str]:
    """Gold types, rank and score of a text's best mention."""
    best = text["best_mention"]
    rank = "not retrieved" if text["rank"] is None else f"{text['rank']:,}"
    if best is None:
        return ["no mention", rank, ""]
    types = ", ".join(map(_type, best["types"])) or _NOWHERE
    return [types, rank, f"{best['score']:.3f}"]


def _wanted(text: _Text, record: dict[str, Any]) -> list[str]:
    """The annotated mentions of the type in a text, and whether each was detected."""
    wanted = [gold for gold in text["gold"] if record["type"] in gold["types"]]
    surfaces = [escape(text["text"][gold["start"] : gold["end"]]) for gold in wanted]
    return ["; ".join(surfaces), "; ".join(gold["detected"] or "given" for gold in wanted)]


def _share_detected(record: dict[str, Any]) -> str:
    detected = record["detected"]
    if not detected:
        return "given"
    exactly, some = detected["exactly"], detected["exactly"] + detected["in part"]
    return f"{exactly / detected['mentions']:.0%} exactly, {some / detected['mentions']:.0%} at all"


def _setting(run: Result) -> str:
    return f"{title(run)}, {run['spans']} mentions"


def _type(label: str | None) -> str:
    return _NOWHERE if label is None else escape(label)
