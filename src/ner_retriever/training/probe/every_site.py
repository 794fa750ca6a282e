"""How well every site of a backbone tells types apart."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ner_retriever.backbone.sites import load_every_site
from ner_retriever.backbone.weights import Weights
from ner_retriever.config import Preset, Site
from ner_retriever.encode import Extractor
from ner_retriever.training.probe.measures import (
    Pairs,
    Values,
    Vectors,
    pair_auc,
    prototype_r_precision,
    unit,
)
from ner_retriever.training.probe.sample import ProbeSample
from ner_retriever.training.probe.spill import Progress, Spill, mention_vectors
from ner_retriever.training.probe.summary import summary


def score_sites(
    preset: Preset,
    weights: Weights,
    sample: ProbeSample,
    pairs: Pairs,
    *,
    device: str | None,
    seed: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Read each text once, spill the vectors of all sites, and measure one site after the other.

    Raises:
        UnsupportedModel: the weights are not those of a whole model of a known family.
        InputError: there is no room for the vectors.
    """
    backbone = load_every_site(weights, device=device)
    with TemporaryDirectory(prefix="ner-retriever-probe-") as folder:
        spill = Spill(
            Path(folder) / "sites.f16",
            mentions=len(sample.text),
            sites=backbone.sites,
            widths=backbone.widths,
        )
        extractor = Extractor(preset, backbone, weights.fingerprint)
        for first, vectors, done in mention_vectors(extractor, sample.texts):
            spill.write(first, vectors)
            progress("reading texts", done, len(sample.texts))
        measured: dict[Site, dict[str, dict[str, Values]]] = {}
        for site in backbone.sites:
            measured[site] = _measure(spill.read(site), sample, pairs)
            progress("measuring sites", len(measured), len(backbone.sites))
    own = measured[preset.site]
    return [
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
        for site, width in zip(backbone.sites, backbone.widths, strict=True)
    ]


def _measure(vectors: Vectors, sample: ProbeSample, pairs: Pairs) -> dict[str, dict[str, Values]]:
    return {
        how: {
            "auc": pair_auc(mentions, pairs),
            "r_precision": prototype_r_precision(mentions, sample),
        }
        for how, mentions in (
            ("raw", unit(vectors)),
            ("centred", unit(vectors - vectors.mean(axis=0))),
        )
    }
