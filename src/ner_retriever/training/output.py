"""What a training run leaves behind: head, adapter, log, curves, names of types, model card."""

import json
from collections.abc import Sequence
from pathlib import Path

from ner_retriever import environment
from ner_retriever.config import Preset
from ner_retriever.heads.projection.files import save_head
from ner_retriever.heads.projection.record import CONTEXT_NAME
from ner_retriever.training.card import write_card
from ner_retriever.training.config import TrainingConfig
from ner_retriever.training.curves import plot_curves
from ner_retriever.training.loop import Trained
from ner_retriever.training.sources import count_sources
from ner_retriever.training.typed_mentions import TypedText

CURVES_NAME = "curves.png"


def write_head(
    folder: Path,
    trained: Trained,
    config: TrainingConfig,
    *,
    texts: Sequence[TypedText],
    backbone: str,
    preset: Preset,
    files: Sequence[str],
    seconds: float,
) -> None:
    """Write a trained head and what tells of its making.

    Args:
        texts: what it was trained on.
        backbone: fingerprint of the weights.
        files: names of the files that the texts come from.
        seconds: that training took.

    Raises:
        ModelError: the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    notes = {
        "data": list(files),
        "sources": count_sources(texts),
        "types": len(trained.types),
        "config": config.to_record(),
        "seconds": round(seconds),
        "commit": environment.commit(),
        "versions": environment.versions(),
    }
    if trained.exclusions:
        notes["hard_negatives"] = trained.exclusions.to_record()
    if trained.validation:
        dimensions = sorted({*config.nested, config.dimensions})
        sizes = trained.validation.sizes(dimensions)
        notes["validation_r_precision"] = trained.validation.r_precision()
        notes["sizes"] = [size.to_record() for size in sizes]
    site, weight = preset.site_fingerprint, 0.0
    if trained.context and config.context:
        weight = config.context.weight
        save_head(folder / CONTEXT_NAME, trained.context, backbone=backbone, site=site, notes={})
    save_head(
        folder,
        trained.head,
        backbone=backbone,
        site=site,
        notes=notes,
        adapter=trained.adapter,
        context_weight=weight,
    )
    lines = [json.dumps(record) + "\n" for record in trained.log]
    (folder / "log.jsonl").write_text("".join(lines), encoding="utf-8")
    types = "".join(f"{name}\n" for name in trained.types)
    (folder / "types.txt").write_text(types, encoding="utf-8")
    plot_curves(trained.log, folder / CURVES_NAME)
    write_card(folder, preset)
