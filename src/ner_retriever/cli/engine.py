"""What runs a model, as an option."""

from enum import StrEnum
from typing import Annotated

import typer


class Engine(StrEnum):
    """What runs a model."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"


EngineOption = Annotated[
    Engine,
    typer.Option(
        envvar="NER_RETRIEVER_ENGINE",
        help="What runs the model; auto: ONNX Runtime where it is installed, on a CPU, once it was "
        "found to give what torch gives.",
    ),
]
