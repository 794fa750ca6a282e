"""What runs a model, and in which numbers, as options."""

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
        help="What runs the model; auto: torch on a GPU and for bfloat16, else ONNX Runtime.",
    ),
]


class Precision(StrEnum):
    """Numbers that a model multiplies."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


PrecisionOption = Annotated[
    Precision,
    typer.Option(
        envvar="NER_RETRIEVER_PRECISION",
        help="Numbers that the model multiplies; auto: float32 on a CPU, bfloat16 on a GPU. On a "
        "processor that has instructions for it (AVX512-BF16, AMX), bfloat16 is three times as "
        "fast; it takes torch.",
    ),
]
