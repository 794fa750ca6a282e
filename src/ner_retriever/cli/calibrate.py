"""``ner-retriever calibrate``: fit what automatic cut-offs are found with."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli.output import open_output
from ner_retriever.config import DEFAULT_PRESET, load_preset
from ner_retriever.errors import InputError


def calibrate(
    head: Annotated[
        str,
        typer.Argument(metavar="HEAD", help="A head that was not trained on the sources' texts."),
    ],
    data: Annotated[
        list[Path], typer.Option(help="Training data, as train takes them; may be given again.")
    ],
    source: Annotated[
        list[str],
        typer.Option(help="Fit on texts of this source, whose every entity is annotated."),
    ],
    preset: Annotated[str, typer.Option(help="What the head was trained for.")] = DEFAULT_PRESET,
    use_for: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="Write the parameters for this head instead, such as one trained on all texts.",
        ),
    ] = None,
) -> None:
    """Fit automatic cut-offs and write cutoff.json into the head's folder.

    A head is sure of texts that it was trained on, so the parameters come from a head that was not
    (held_out_sources in its configuration); scores in deviations from a query's own median mean the
    same for a head that was trained alike.

    Example: ner-retriever calibrate my-validation-head --data typed-mentions.jsonl.gz --source
    crossner --for my-head
    """
    from ner_retriever.evaluation.calibration import fit, label
    from ner_retriever.evaluation.cutoffs import measure_cutoffs
    from ner_retriever.heads.projection.record import find_head, read_record
    from ner_retriever.reading.encoder import load_encoder
    from ner_retriever.search.cutoff import FILE_NAME
    from ner_retriever.training.data import read_training_texts

    folder = find_head(use_for or head)
    fingerprint = read_record(folder).fingerprint
    texts = [text for text in read_training_texts(data) if text.source in source]
    if not texts:
        raise InputError(f"the data hold no text of the sources {', '.join(source)}")
    encoder = load_encoder(replace(load_preset(preset), head=head))
    labelled = label(encoder, texts)
    parameters = fit(labelled, head=fingerprint)
    with open_output(folder / FILE_NAME) as stream:
        stream.write(json.dumps(parameters.to_record(), indent=1) + "\n")
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(json.dumps(asdict(measure_cutoffs(labelled, parameters))))
    console.print(f"{folder / FILE_NAME}: fitted on {len(labelled)} types, {len(texts):,} texts")
