"""The same texts make the same index, whatever becomes of the code between them."""

from pathlib import Path

import numpy as np
import pytest

from reference_index import index_arrays

REFERENCE = Path(__file__).parent / "reference"
# Two machines add floats up in different orders.
LEAST_COSINE = 0.99999


@pytest.mark.weights
@pytest.mark.parametrize("engine", ["torch", "onnx"])
@pytest.mark.parametrize("preset", ["minilm", "mpnet", "smollm2"])
def test_an_index_is_what_it_was(tmp_path: Path, preset: str, engine: str) -> None:
    if engine == "onnx":
        pytest.importorskip("onnxruntime")
    found = index_arrays(preset, engine, tmp_path / "index")
    with np.load(REFERENCE / f"{preset}.npz", allow_pickle=False) as expected:
        np.testing.assert_array_equal(found["first"], expected["first"])
        np.testing.assert_array_equal(found["spans"], expected["spans"])
        np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-3)
        for name in ("vectors", "query"):
            cosines = cosine(found[name], expected[name])
            assert cosines.min() > LEAST_COSINE, f"{name}: {cosines.min()}"


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = np.atleast_2d(one).astype(np.float64), np.atleast_2d(other).astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / lengths)
