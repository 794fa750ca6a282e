"""ONNX Runtime as what runs a backbone's blocks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ner_retriever.backbone import threads
from ner_retriever.backbone.engine import Ids, Pending
from ner_retriever.errors import UnsupportedModel, first_line


class OnnxEngine:
    """Runs a graph on the CPU.

    Args:
        graph: with the inputs ``input_ids`` and ``attention_mask`` and the output ``states``, as
            `GraphBuilder` serialises it.
        weights: the graph's, by name.

    Raises:
        UnsupportedModel: the graph cannot be run.
    """

    name = "onnx"
    precision = "float32"
    buffer_texts = 2048

    def __init__(self, graph: bytes, weights: Mapping[str, NDArray[Any]]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads.threads()
        options.inter_op_num_threads = 1
        # Plans of memory are kept for every shape that comes, and batches are of any shape.
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        # Between batches the heads work in other threads, which threads that wait here would stop.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(given) for given in weights.values()]
        options.add_external_initializers(list(weights), values)
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's errors share no base but Exception
            raise UnsupportedModel(
                f"ONNX Runtime cannot run the model ({first_line(error)}); choose the engine torch"
            ) from error

    @property
    def batch_tokens(self) -> int:
        """Tokens a batch, padding included."""
        return threads.batch_tokens()

    def begin(self, input_ids: Ids, attention_mask: Ids) -> Pending:
        """Run one batch, see :meth:`~ner_retriever.backbone.engine.Engine.begin`."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        try:
            (states,) = self._session.run(["states"], given)
        except Exception as error:  # see above
            raise RuntimeError(first_line(error)) from error
        found = np.asarray(states, np.float32)
        return lambda: found
