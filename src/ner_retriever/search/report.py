"""The report of a review: all that someone else needs to judge how far to trust it."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ner_retriever.index.manifest import Manifest
from ner_retriever.markdown import escape, table
from ner_retriever.search.results import Results
from ner_retriever.search.saved import SavedQuery


def review_record(saved: SavedQuery, results: Results, manifest: Manifest) -> dict[str, Any]:
    """Return a review as a mapping that JSON can hold.

    Args:
        saved: the query with its judgements and checks.
        results: the answer to the query and its judgements.
        manifest: of the index that was searched.

    Returns:
        ``query``, ``index``, ``cutoff``, ``flow`` (numbers of documents, as a PRISMA diagram has
        them), ``checks``, and ``judgements`` (those that hold, oldest first).
    """
    coverage, _ = results.coverage(saved.feedback, saved.checks)
    score = results.trust.automatic.score if isinstance(saved.cutoff, str) else saved.cutoff
    return {
        "name": saved.name,
        "created": saved.created,
        "query": saved.query.to_record(),
        "asked": str(saved.query),
        "min_detection": saved.min_detection,
        "index": {
            "version": results.store.version,
            "preset": manifest.preset,
            "fingerprints": dict(manifest.fingerprints),
        },
        "cutoff": asdict(results.trust.at(score)) | {"automatic": isinstance(saved.cutoff, str)},
        "flow": asdict(coverage)
        | {
            "unread": coverage.documents - coverage.read,
            "rejected": coverage.read - coverage.found,
            "recall_at_least": coverage.recall_at_least,
        },
        "checks": [check.to_record() for check in saved.checks],
        "judgements": [judgement.to_record() for judgement in saved.feedback.current.values()],
    }


def review_markdown(record: Mapping[str, Any]) -> str:
    """Return a review's record as Markdown, to be attached to a study."""
    flow, index, cutoff = record["flow"], record["index"], record["cutoff"]
    confidence = f"{flow['confidence']:.0%}"
    estimate = "not known" if flow["missed"] is None else f"{flow['missed']:,.0f}"
    # Rounded down: a promise is never made larger than it is.
    least = math.floor(1000 * flow["recall_at_least"]) / 1000
    numbers = [
        ("documents to be read", f"{flow['documents']:,}"),
        ("read", f"{flow['read']:,}"),
        ("… relevant", f"{flow['found']:,}"),
        ("… not relevant", f"{flow['rejected']:,}"),
        ("unread", f"{flow['unread']:,}"),
        ("unread when the random check began", f"{flow['population']:,}"),
        ("… drawn at random and read", f"{flow['drawn']:,}"),
        ("… of them relevant", f"{flow['drawn_relevant']:,}"),
        ("relevant and unread, estimated", estimate),
        (f"relevant and unread, at most ({confidence} confidence)", f"{flow['missed_at_most']:,}"),
        (f"recall, at least ({confidence} confidence)", f"{least:.3f}"),
    ]
    models = [(name, str(value)) for name, value in index["fingerprints"].items()]
    kind = "automatic" if cutoff["automatic"] else "chosen"
    parts = [
        f"# Review: {escape(record['asked'])}",
        f"Saved as {escape(record['name'])}, {record['created']}. Index version "
        f"{index['version']}, preset {index['preset']}.",
        table(["documents", ""], numbers),
        "The bounds are about chance in the random check alone: they hold for any ranking, as long "
        "as the judgements are right.",
        f"Cut-off: {cutoff['score']:.3f} ({kind}), {cutoff['documents']:,} documents at or above "
        "it.",
        table(["model", "fingerprint"], models),
    ]
    if record["checks"]:
        rows = [
            (str(check["seed"]), f"{check['judged']:,}", str(check["run"]))
            for check in record["checks"]
        ]
        parts.append(table(["random check's seed", "judgements before", "indexing run"], rows))
    judged = [
        (escape(one["id"]), f"{one['start']}–{one['end']}", "yes" if one["relevant"] else "no")
        for one in record["judgements"]
    ]
    parts.append(table(["document", "characters", "judgement"], judged))
    return "\n\n".join(part.strip() for part in parts) + "\n"
