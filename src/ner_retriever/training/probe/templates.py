"""What a prefix, a query template and centring are worth at the preset's site, untrained."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from ner_retriever.config import Preset
from ner_retriever.reading.extractor import Extractor, load_extractor
from ner_retriever.training.probe.measures import (
    Values,
    Vectors,
    centred,
    name_r_precision,
    prototype_r_precision,
    unit,
)
from ner_retriever.training.probe.sample import ProbeSample
from ner_retriever.training.probe.summary import summary
from ner_retriever.training.probe.vector_file import Progress, mention_vectors


def score_templates(
    variants: Sequence[Preset],
    own_mentions: Vectors,
    sample: ProbeSample,
    *,
    device: str | None,
    seed: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Read mentions anew with each prefix, and type names with each prefix and template.

    Args:
        variants: presets that differ in prefix and template alone, those with the same prefix one
            after the other; what the others are compared with comes first.
        own_mentions: vectors of the mentions, read with the first prefix.
    """
    own = variants[0]
    extractor = load_extractor(own, device=device)
    prefixes = len({variant.prefix for variant in variants})
    measured: list[dict[str, Values]] = []
    for number, (prefix, group) in enumerate(groupby(variants, key=attrgetter("prefix"))):
        its = list(group)
        mentions = own_mentions
        if prefix != own.prefix:
            done = (number - 1) * len(sample.texts), (prefixes - 1) * len(sample.texts)
            mentions = _read(extractor.with_preset(its[0]), sample, progress, *done)
        prototypes = prototype_r_precision(centred(mentions), sample)
        for variant in its:
            queries = extractor.with_preset(variant).queries(sample.names)
            measured.append({"prototypes": prototypes, **_by_name(mentions, queries, sample)})
    return [
        {
            "prefix": variant.prefix,
            "query_template": variant.query_template,
            **{
                name: summary(values, measured[0][name], seed=seed)
                for name, values in measures.items()
            },
        }
        for variant, measures in zip(variants, measured, strict=True)
    ]


def _read(
    extractor: Extractor, sample: ProbeSample, progress: Progress, before: int, total: int
) -> Vectors:
    chunks = []
    for _, vectors, done in mention_vectors(extractor, sample.texts):
        chunks.append(vectors)
        progress("trying prefixes", before + done, total)
    return np.concatenate(chunks)


def _by_name(mentions: Vectors, queries: Vectors, sample: ProbeSample) -> dict[str, Values]:
    """R-Precision of type names: not centred, all on the mentions' mean, each on their own mean."""
    to_middle = unit(queries - mentions.mean(axis=0))
    return {
        "names_raw": name_r_precision(unit(mentions), unit(queries), sample),
        "names_one_mean": name_r_precision(centred(mentions), to_middle, sample),
        "names_own_means": name_r_precision(centred(mentions), centred(queries), sample),
    }
