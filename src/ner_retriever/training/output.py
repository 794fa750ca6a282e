"""What a training run leaves behind: head, adapter, log, names of types."""

import json
from collections.abc import Sequence
from pathlib import Path

from ner_retriever.config import Preset
from ner_retriever.head.files import save_head
from ner_retriever.training.config import TrainingConfig
from ner_retriever.training.loop import Trained
from ner_retriever.training.typed_mentions import TypedText


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
    """
    save_head(
        folder,
        trained.head,
        backbone=backbone,
        site=preset.site_fingerprint,
        notes={
            "data": list(files),
            "texts": len(texts),
            "mentions": sum(len(text.spans) for text in texts),
            "types": len(trained.types),
            "config": config.to_record(),
            "seconds": round(seconds),
        },
        adapter=trained.adapter,
    )
    lines = [json.dumps(record) + "\n" for record in trained.log]
    (folder / "log.jsonl").write_text("".join(lines), encoding="utf-8")
    types = "".join(f"{name}\n" for name in trained.types)
    (folder / "types.txt").write_text(types, encoding="utf-8")
