"""``ner-retriever train-detector``: a mention head from typed mentions."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.cli.training_data import Data, Exclude, LabelMap, training_texts
from ner_retriever.config import DEFAULT_PRESET, cache_folder, load_preset, read_object


def train_detector(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the mention head.")],
    preset: Annotated[
        str, typer.Option(help="Backbone that the mention head rides on.")
    ] = DEFAULT_PRESET,
    config: Annotated[
        Path | None, typer.Option(help="JSON file with keys of DetectionConfig.")
    ] = None,
    label_map: LabelMap = None,
    exclude: Exclude = None,
    limit_texts: Annotated[
        int | None,
        typer.Option(help="Train on a random sample of so many texts, glosses apart.", min=1),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder where states are kept between runs.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where to train, as torch names it: cpu, cuda.")
    ] = "cpu",
) -> None:
    """Train a mention head, a detector that rides on the backbone's pass, on typed mentions.

    It is trained with the adapter of the preset's head, so train that first. The backbone reads
    each text once; its states are kept, so that a second run takes minutes, and a reading that was
    stopped goes on where it was. Use it with `index --detector mention-head:FOLDER`.

    Example: ner-retriever train-detector --data typed-mentions.jsonl.gz --out my-head/mentions
    """
    from ner_retriever.heads.projection.record import find_head, read_record
    from ner_retriever.reading.encoder import load_encoder
    from ner_retriever.training.as_read import as_read
    from ner_retriever.training.detection.config import DetectionConfig
    from ner_retriever.training.detection.examples import names_of_things
    from ner_retriever.training.detection.loop import train_detector as train
    from ner_retriever.training.detection.material import gather
    from ner_retriever.training.detection.output import write_mention_head
    from ner_retriever.training.typed_mentions import sample

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    settings = load_preset(preset)
    how = DetectionConfig.from_record(read_object(config) if config else {})
    given = training_texts(data, label_map, exclude or (), console)
    lexicon = names_of_things(given, how.lexicon)
    glosses = [text for text in given if text.source == how.lexicon]
    others = [text for text in given if text.source not in {how.lexicon, *how.left_out}]
    texts = sample(others, limit_texts, how.seed) + sample(glosses, how.lexicon_texts, how.seed)
    adapter = read_record(find_head(settings.head)).adapter if settings.head else ""
    texts = [as_read(text) for text in texts]
    encoder = load_encoder(settings, device=device, precision="float32")
    with progress_bar(console) as bar:
        stages = Stages(bar)
        material = gather(
            texts,
            lexicon,
            encoder.extractor,
            how,
            cache or cache_folder() / "activations",
            adapter=adapter,
            progress=stages,
        )
        start = time.monotonic()
        trained = train(
            material,
            how,
            device=device,
            report=lambda record: console.print(json.dumps(record)),
            progress=partial(stages, "training"),
        )
    write_mention_head(
        out,
        trained,
        how,
        texts=texts,
        fingerprints={
            "backbone": encoder.fingerprints["backbone"],
            "site": encoder.fingerprints["site"],
            "adapter": adapter,
        },
        preset=settings,
        files=[file.name for file in data],
        seconds=time.monotonic() - start,
    )
    console.print(f"{out}: threshold {trained.threshold}")
