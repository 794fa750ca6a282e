"""Putting an ONNX graph together: nodes by their operator, weights handed over in memory.

Operators of ONNX Runtime's own (``com.microsoft``) take the place of the dozen nodes that each
stands for, which the runtime would otherwise have to recognise.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

OPSET = 18
_CONTRIB = "com.microsoft"
_CONTRIB_OPERATORS = {
    "Attention",
    "BiasGelu",
    "GroupQueryAttention",
    "QuickGelu",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
}


class GraphBuilder:
    """A graph from ``input_ids`` and ``attention_mask`` to ``states``.

    Attributes:
        weights: by name; they are no part of the serialised graph.
    """

    def __init__(self) -> None:
        self.weights: dict[str, NDArray[Any]] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[TensorProto] = []
        self._names = 0

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """Add a node; return the names of its outputs."""
        self._names += 1
        names = [f"{operator}_{self._names}_{output}" for output in range(outputs)]
        domain = _CONTRIB if operator in _CONTRIB_OPERATORS else ""
        self._nodes.append(
            helper.make_node(operator, list(inputs), names, domain=domain, **attributes)
        )
        return names

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its only output."""
        return self.node(operator, *inputs, **attributes)[0]

    def weight(self, name: str, values: NDArray[Any]) -> str:
        """Add a float32 weight; return its name."""
        self.weights[name] = np.ascontiguousarray(values, np.float32)
        return name

    def integers(self, *values: int) -> str:
        """Add a constant vector of int64; return its name."""
        return self._constant(np.array(values, np.int64))

    def integer(self, value: int) -> str:
        """Add a constant int64; return its name."""
        return self._constant(np.array(value, np.int64))

    def tokens(self) -> str:
        """Add how many tokens the batch's windows have, padding included; return its name."""
        return self.op("Gather", self.op("Shape", "input_ids"), self.integer(1))

    def serialised(self, states: str) -> bytes:
        """Return the graph as a protocol buffer.

        Args:
            states: the name of what it gives.
        """
        self._nodes.append(helper.make_node("Identity", [states], ["states"]))
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info("states", TensorProto.FLOAT, None)
        outside = [_outside(name, values) for name, values in self.weights.items()]
        graph = helper.make_graph(
            self._nodes, "truncated", inputs, [output], [*self._constants, *outside]
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_CONTRIB, 1)]
        # Of ONNX 1.13, which every runtime that knows the operators reads.
        made: bytes = helper.make_model(
            graph, opset_imports=opsets, ir_version=8
        ).SerializeToString()
        return made

    def _constant(self, values: NDArray[np.int64]) -> str:
        self._names += 1
        name = f"constant_{self._names}"
        self._constants.append(onnx.numpy_helper.from_array(values, name))
        return name


def _outside(name: str, values: NDArray[Any]) -> TensorProto:
    """Declare a tensor whose values the session is given."""
    tensor = TensorProto(name=name, dims=values.shape, data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="in memory")
    return tensor
