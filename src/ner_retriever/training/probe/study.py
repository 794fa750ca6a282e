"""The representation probe: which site of a model tells types apart (paper, section 3.2).

Two measures, each a mean over types with a bootstrap interval over types: the AUC of cosine at
telling same-type from different-type pairs of mentions, and the R-Precision of type prototypes.
Each is taken of vectors as they are (``raw``) and of vectors less their mean (``centred``), which
is how a head sees them. Then prefixes and query templates are tried at the preset's site.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ner_retriever import environment
from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import Preset
from ner_retriever.training.probe.every_site import score_sites
from ner_retriever.training.probe.measures import draw_pairs
from ner_retriever.training.probe.readings import score_readings
from ner_retriever.training.probe.sample import ProbeSample
from ner_retriever.training.probe.spill import Progress

_PREFIXES = ("", "\n", "Text: ")
_TEMPLATES = ("{query}", "a {query}", "It is a {query}.")


def probe(
    preset: Preset,
    sample: ProbeSample,
    *,
    prefixes: Sequence[str] = (),
    templates: Sequence[str] = (),
    device: str | None = None,
    seed: int,
    progress: Progress = lambda _stage, _done, _total: None,
) -> dict[str, Any]:
    """Measure every site of a preset's backbone, and prefixes and templates at the preset's site.

    Args:
        prefixes: tried beside none, a line break, a word and the preset's own.
        templates: tried beside three common ones and the preset's own.
        device: as torch names it; by default a GPU where there is one.
        seed: of pairs and intervals.
        progress: is called with a stage, how much of it is done, and how much there is.

    Returns:
        What ``probe.json`` holds; nothing but JSON types. ``ahead`` is always of the preset's own
        site or reading.

    Raises:
        ConfigError: a template or a prefix is not one.
        ModelError: the backbone cannot be found or read, or has no such site.
        InputError: there is no room for the vectors of all sites.
    """
    pairs = draw_pairs(sample, seed=seed)
    weights = find_weights(preset.backbone)
    return {
        "preset": preset.to_record(),
        "backbone_fingerprint": weights.fingerprint,
        "texts": len(sample.texts),
        "mentions": len(sample.text),
        "types": dict(zip(sample.names, sample.has.sum(axis=1).tolist(), strict=True)),
        "same_type_pairs": sum(map(len, pairs.same)),
        "different_type_pairs": sum(map(len, pairs.different)),
        "readings": score_readings(
            preset,
            sample,
            prefixes=_own_first(preset.prefix, *_PREFIXES, *prefixes),
            templates=_own_first(preset.query_template, *_TEMPLATES, *templates),
            device=device,
            seed=seed,
            progress=progress,
        ),
        "sites": score_sites(
            preset, weights, sample, pairs, device=device, seed=seed, progress=progress
        ),
        "versions": environment.versions(),
        "machine": environment.machine(),
        "commit": environment.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
    }


def _own_first(*texts: str) -> list[str]:
    return list(dict.fromkeys(texts))
