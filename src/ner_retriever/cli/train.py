"""``ner-retriever train``: a head from typed mentions."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from ner_retriever.config import DEFAULT_PRESET, cache_folder, load_preset
from ner_retriever.errors import ConfigError


def train(
    data: Annotated[
        list[Path], typer.Option(help="Typed mentions, .jsonl or .jsonl.gz; may be given again.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the head.")],
    preset: Annotated[str, typer.Option(help="Backbone and site to train for.")] = DEFAULT_PRESET,
    config: Annotated[
        Path | None, typer.Option(help="JSON file with keys of TrainingConfig.")
    ] = None,
    limit_texts: Annotated[
        int | None, typer.Option(help="Train on a random sample of so many texts.", min=1)
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder where activations are kept between runs.")
    ] = None,
) -> None:
    """Train a head on typed mentions and write it with its log and a record of its making.

    The backbone reads each text once; its activations are kept, so that a second run takes minutes.

    Example: ner-retriever train --data typed-mentions.jsonl.gz --preset minilm --out my-head
    """
    from ner_retriever.encode import load_extractor
    from ner_retriever.head.files import save_head
    from ner_retriever.training.activations import extract
    from ner_retriever.training.loop import TrainingConfig
    from ner_retriever.training.loop import train as train_head
    from ner_retriever.training.typed_mentions import read_typed_mentions, sample

    settings = load_preset(preset)
    how = TrainingConfig.from_record(_read_config(config))
    texts = sample(read_typed_mentions(data), limit_texts, how.seed)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    extractor = load_extractor(settings)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("extracting", total=len(texts))
        activations = extract(
            extractor,
            texts,
            cache or cache_folder() / "activations",
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        bar.update(task, completed=len(texts))
    start = time.monotonic()
    trained = train_head(activations, how, report=lambda record: console.print(json.dumps(record)))
    notes = {
        "data": [file.name for file in data],
        "texts": len(texts),
        "mentions": len(activations.mentions),
        "types": len(activations.names),
        "config": how.to_record(),
        "seconds": round(time.monotonic() - start),
    }
    save_head(
        out,
        trained.head,
        backbone=extractor.fingerprint,
        site=settings.site_fingerprint,
        notes=notes,
    )
    lines = [json.dumps(record) + "\n" for record in trained.log]
    (out / "log.jsonl").write_text("".join(lines), encoding="utf-8")
    types = "".join(f"{name}\n" for name in trained.types)
    (out / "types.txt").write_text(types, encoding="utf-8")
    console.print(f"{out}: {trained.head.width} to {trained.head.dimensions} dimensions")


def _read_config(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{file} must hold a JSON object")
    return record
