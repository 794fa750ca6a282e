"""The representation probe: which site of a model tells types apart (paper, section 3.2).

Three measures, each a mean over types with a bootstrap interval over types: the AUC of cosine at
telling same-type from different-type pairs of mentions, the R-Precision of type prototypes, and
that of type names. Each is taken of vectors as they are (``raw``) and of vectors less their mean
(``centred``), mentions and names apart, which is how a head sees them. Then prefixes and query
templates are tried at the preset's site.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ner_retriever import environment
from ner_retriever.backbone.sites import EverySite, load_every_site
from ner_retriever.backbone.weights import Weights, find_weights
from ner_retriever.config import Preset
from ner_retriever.errors import ConfigError
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training.probe.every_site import score_sites
from ner_retriever.training.probe.measures import draw_pairs
from ner_retriever.training.probe.sample import ProbeSample
from ner_retriever.training.probe.templates import score_templates
from ner_retriever.training.probe.vector_file import Progress

_PREFIXES = ("", "Text: ")
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
        prefixes: tried beside none, a word and the preset's own.
        templates: tried beside three common ones and the preset's own.
        device: as torch names it; by default a GPU where there is one.
        seed: of pairs and intervals.
        progress: is called with a stage, how much of it is done, and how much there is.

    Returns:
        What ``probe.json`` holds; nothing but JSON types. ``ahead`` is always of the preset's own
        site or reading.

    Raises:
        ConfigError: a template or a prefix is not one, or the backbone has no such site.
        ModelError: the backbone cannot be found or read.
        InputError: there is no room for the vectors of all sites.
    """
    variants = [
        replace(preset, prefix=prefix, query_template=template)
        for prefix in _own_first(preset.prefix, *_PREFIXES, *prefixes)
        for template in _own_first(preset.query_template, *_TEMPLATES, *templates)
    ]
    pairs = draw_pairs(sample, seed=seed)
    weights = find_weights(preset.backbone)
    backbone, extractor = _load(preset, weights, variants, device)
    sites, mentions = score_sites(backbone, extractor, sample, pairs, seed=seed, progress=progress)
    # Their memory is needed for the model up to the preset's site.
    del backbone, extractor
    return {
        "preset": preset.to_record(),
        "backbone_fingerprint": weights.fingerprint,
        "texts": len(sample.texts),
        "mentions": len(sample.text),
        "types": dict(zip(sample.names, sample.has.sum(axis=1).tolist(), strict=True)),
        "same_type_pairs": sum(map(len, pairs.same)),
        "different_type_pairs": sum(map(len, pairs.different)),
        "sites": sites,
        "readings": score_templates(
            variants, mentions, sample, device=device, seed=seed, progress=progress
        ),
        "versions": environment.versions(),
        "machine": environment.machine(),
        "commit": environment.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
    }


def _load(
    preset: Preset, weights: Weights, variants: Sequence[Preset], device: str | None
) -> tuple[EverySite, Extractor]:
    """Load the whole model, and refuse what it cannot be asked before the work begins."""
    backbone = load_every_site(weights, device=device)
    if preset.site not in backbone.sites:
        raise ConfigError(
            f"the site of preset {preset.name!r} is in block {preset.site.block}, and the last of "
            f"{preset.backbone} is {backbone.site.block}; correct the preset"
        )
    extractor = Extractor(preset, backbone, weights.fingerprint)
    for variant in variants:
        extractor.with_preset(variant)
    return backbone, extractor


def _own_first(*texts: str) -> list[str]:
    return list(dict.fromkeys(texts))
