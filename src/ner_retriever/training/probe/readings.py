"""What a prefix, a query template and centring are worth at the preset's site, untrained."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ner_retriever.config import Preset
from ner_retriever.encode import load_extractor
from ner_retriever.training.probe.measures import (
    Values,
    Vectors,
    name_r_precision,
    prototype_r_precision,
    unit,
)
from ner_retriever.training.probe.sample import ProbeSample
from ner_retriever.training.probe.spill import Progress, mention_vectors
from ner_retriever.training.probe.summary import summary


def score_readings(
    preset: Preset,
    sample: ProbeSample,
    *,
    prefixes: Sequence[str],
    templates: Sequence[str],
    device: str | None,
    seed: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Read the mentions with each prefix, and type names with each prefix and template.

    Args:
        prefixes: the preset's own first.
        templates: the preset's own first.

    Raises:
        ConfigError: a template or a prefix is not one; before anything is read.
    """
    extractor = load_extractor(preset, device=device)
    readings = {
        (prefix, template): extractor.reading(
            replace(preset, prefix=prefix, query_template=template)
        )
        for prefix in prefixes
        for template in templates
    }
    measured: dict[tuple[str, str], dict[str, Values]] = {}
    for number, prefix in enumerate(prefixes):
        before, total = number * len(sample.texts), len(prefixes) * len(sample.texts)
        mentions = np.empty((len(sample.text), extractor.width), np.float32)
        # A template changes queries alone.
        for first, vectors, done in mention_vectors(readings[prefix, templates[0]], sample.texts):
            mentions[first : first + len(vectors)] = vectors
            progress("trying prefixes", before + done, total)
        prototypes = prototype_r_precision(unit(mentions - mentions.mean(axis=0)), sample)
        for template in templates:
            queries = readings[prefix, template].queries(sample.names)
            measured[prefix, template] = {
                "prototypes": prototypes,
                **_from_names(mentions, queries, sample),
            }
    own = measured[prefixes[0], templates[0]]
    return [
        {
            "prefix": prefix,
            "query_template": template,
            **{name: summary(values, own[name], seed=seed) for name, values in measures.items()},
        }
        for (prefix, template), measures in measured.items()
    ]


def _from_names(mentions: Vectors, queries: Vectors, sample: ProbeSample) -> dict[str, Values]:
    """R-Precision of type names: not centred, all on the mentions' mean, each on their own mean."""
    middle = mentions.mean(axis=0)
    centred = unit(mentions - middle)
    return {
        "names_raw": name_r_precision(unit(mentions), unit(queries), sample),
        "names_one_mean": name_r_precision(centred, unit(queries - middle), sample),
        "names_own_means": name_r_precision(centred, unit(queries - queries.mean(axis=0)), sample),
    }
