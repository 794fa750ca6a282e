"""How well every site of a backbone tells types apart."""

from pathlib import Path
from typing import Any

import numpy as np

from ner_retriever.backbone.sites import EverySite
from ner_retriever.config import Site
from ner_retriever.reading.extractor import Extractor
from ner_retriever.temporary import TemporaryFolder
from ner_retriever.training.probe.measures import (
    Pairs,
    Values,
    Vectors,
    centred,
    name_r_precision,
    pair_auc,
    prototype_r_precision,
    unit,
)
from ner_retriever.training.probe.sample import ProbeSample
from ner_retriever.training.probe.summary import summary
from ner_retriever.training.probe.vector_file import Progress, VectorFile, mention_vectors


def score_sites(
    backbone: EverySite,
    extractor: Extractor,
    sample: ProbeSample,
    pairs: Pairs,
    *,
    seed: int,
    progress: Progress,
) -> tuple[list[dict[str, Any]], Vectors]:
    """Read each text once, write all sites' vectors to a file, and measure them one by one.

    Args:
        extractor: of this backbone, so what it returns is of every site.

    Returns:
        What is written down of each site, and the mentions' vectors at the preset's.

    Raises:
        InputError: there is no room for the vectors.
    """
    sites, widths = backbone.sites, backbone.widths
    queries = np.split(extractor.queries(sample.names), np.cumsum(widths)[:-1], axis=1)
    measured: dict[Site, dict[str, dict[str, Values]]] = {}
    with TemporaryFolder() as folder:
        file = VectorFile(
            Path(folder) / "sites.f16", mentions=len(sample.text), sites=sites, widths=widths
        )
        for first, vectors, done in mention_vectors(extractor, sample.texts):
            file.write(first, vectors)
            progress("reading texts", done, len(sample.texts))
        for site, its_queries in zip(sites, queries, strict=True):
            measured[site] = _measure(file.read(site), its_queries, sample, pairs)
            progress("measuring sites", len(measured), len(sites))
        own_mentions = file.read(extractor.preset.site)
    own = measured[extractor.preset.site]
    records = [
        {
            **site.to_record(),
            "width": width,
            **{
                how: {
                    name: summary(values, own[how][name], seed=seed)
                    for name, values in measures.items()
                }
                for how, measures in measured[site].items()
            },
        }
        for site, width in zip(sites, widths, strict=True)
    ]
    return records, own_mentions


def _measure(
    mentions: Vectors, queries: Vectors, sample: ProbeSample, pairs: Pairs
) -> dict[str, dict[str, Values]]:
    return {
        how: {
            "auc": pair_auc(rows, pairs),
            "prototypes": prototype_r_precision(rows, sample),
            "names": name_r_precision(rows, names, sample),
        }
        for how, rows, names in (
            ("raw", unit(mentions), unit(queries)),
            ("centred", centred(mentions), centred(queries)),
        )
    }
