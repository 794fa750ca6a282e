"""Running a truncated graph with ONNX Runtime, an optional dependency."""

from pathlib import Path

import torch
from torch import Tensor

from ner_retriever.errors import ModelError, first_line


class OnnxEngine:
    """Runs a graph with as many threads as torch has; nothing but its own session is set.

    Args:
        file: a graph with the inputs ``input_ids`` and ``attention_mask`` and the output
            ``states``.

    Raises:
        ModelError: the graph cannot be read.
    """

    name = "onnx"

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        # Plans of memory are kept for every shape that comes, and batches are of any shape.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's errors share no base but Exception
            raise ModelError(
                f"{file} cannot be read ({first_line(error)}); delete its folder, or choose the "
                "engine torch"
            ) from error

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Run one batch, see :meth:`~ner_retriever.backbone.engine.Engine.states`."""
        given = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        try:
            (states,) = self._session.run(["states"], given)
        except Exception as error:
            raise RuntimeError(first_line(error)) from error
        return torch.from_numpy(states)
