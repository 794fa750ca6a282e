"""``ner-retriever train``: a head, and an adapter where wanted, from typed mentions."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.cli.training_data import Data, Exclude, LabelMap, training_texts
from ner_retriever.config import DEFAULT_PRESET, cache_folder, load_preset, read_object
from ner_retriever.drawing import check_figure


def train(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the head.")],
    preset: Annotated[str, typer.Option(help="Backbone and site to train for.")] = DEFAULT_PRESET,
    config: Annotated[
        str | None,
        typer.Option(
            help="JSON file with keys of TrainingConfig, or a named configuration: paper."
        ),
    ] = None,
    label_map: LabelMap = None,
    exclude: Exclude = None,
    limit_texts: Annotated[
        int | None, typer.Option(help="Train on a random sample of so many texts.", min=1)
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder where activations are kept between runs.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where to train, as torch names it: cpu, cuda.")
    ] = "cpu",
) -> None:
    """Train a head on typed mentions and write it with its log, a plot and a model card.

    The backbone reads each text once; its activations are kept, so that a second run takes minutes.
    With an adapter in the configuration, the backbone is trained as well, by low-rank updates. A
    run that was stopped goes on where it was when the same command is given again.

    Example: ner-retriever train --data typed-mentions.jsonl.gz --preset minilm --out my-head
    """
    from ner_retriever.backbone.torch_backbone import as_torch
    from ner_retriever.reading.extractor import load_extractor
    from ner_retriever.training.activations import extract
    from ner_retriever.training.adapter import Adapter
    from ner_retriever.training.annotations import annotate
    from ner_retriever.training.as_read import as_read
    from ner_retriever.training.config import TrainingConfig
    from ner_retriever.training.loop import train as train_head
    from ner_retriever.training.output import CURVES_NAME, write_head
    from ner_retriever.training.paragraphs import join_paragraphs
    from ner_retriever.training.phrasings import lower_case, rephrase
    from ner_retriever.training.typed_mentions import sample
    from ner_retriever.training.vectors import FrozenVectors, LiveVectors, Vectors

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    # Before long work, since the curves are drawn at its end.
    check_figure(out / CURVES_NAME, extra="training")
    settings = load_preset(preset)
    how = TrainingConfig.from_record(_read_config(config))
    texts = training_texts(data, label_map, exclude or (), console)
    texts = [as_read(text) for text in sample(texts, limit_texts, how.seed)]
    texts = join_paragraphs(texts, how.paragraphs, how.seed, apart=how.held_out_sources)
    if how.phrasings:
        texts = rephrase(texts, how.seed)
    texts = lower_case(texts, how.lower_case, how.seed)
    annotations = annotate(texts)
    extractor = load_extractor(settings, device=device, precision="float32")
    adapter: Adapter | None = None
    vectors: Vectors
    if how.adapter:
        vectors = LiveVectors(extractor, texts, annotations.names, bfloat16=how.adapter.bfloat16)
        adapter = Adapter(as_torch(extractor.backbone), rank=how.adapter.rank, seed=how.seed)
    else:
        folder = cache or cache_folder() / "activations"
        with progress_bar(console) as bar:
            advance = partial(Stages(bar), "extracting")
            activations = extract(extractor, texts, folder, progress=advance)
        vectors = FrozenVectors(activations)
    checkpoint = out / "checkpoint.safetensors"
    start = time.monotonic()
    with progress_bar(console) as bar:
        trained = train_head(
            annotations,
            texts,
            vectors,
            how,
            adapter=adapter,
            checkpoint=checkpoint,
            report=lambda record: console.print(json.dumps(record)),
            progress=partial(Stages(bar), "training"),
        )
    write_head(
        out,
        trained,
        how,
        texts=texts,
        backbone=extractor.fingerprint,
        preset=settings,
        files=[file.name for file in data],
        seconds=time.monotonic() - start,
    )
    checkpoint.unlink(missing_ok=True)
    console.print(f"{out}: {trained.head.width} to {trained.head.dimensions} dimensions")


def _read_config(name: str | None) -> dict[str, Any]:
    from ner_retriever.training.config import NAMED

    if name is None:
        return {}
    if name in NAMED:
        return dict(NAMED[name])
    remedy = f"give a JSON file, or one of {', '.join(NAMED)}"
    return read_object(Path(name), remedy=remedy)
