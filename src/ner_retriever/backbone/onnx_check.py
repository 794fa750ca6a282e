"""Whether ONNX Runtime gives on this machine what torch gave on another.

For each known model the package has the states of some sentences as torch gave them, without an
adapter. They are compared with the graph's once for each version of the runtime; the verdict is
kept in the cache.
"""

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from ner_retriever.backbone.cache import check_file, new_entry
from ner_retriever.backbone.onnx_loading import load_onnx_backbone
from ner_retriever.backbone.weights import Weights
from ner_retriever.backbone.windows import Window
from ner_retriever.config import Site, cache_folder
from ner_retriever.errors import ModelError, first_line

LEAST_COSINE = 0.9999
_FOLDER = Path(__file__).parent / "references"
_VERDICT = "verdict.json"


def disagreement(weights: Weights, config: Mapping[str, Any]) -> str:
    """Return why a model's graph must not be used; empty where it may, or nothing is known of it.

    Args:
        config: what the model's config.json holds.

    Raises:
        WeightsCorrupted: the package's own states are damaged.
        ModelError: the cache cannot be written.
    """
    record = reference_record(weights.fingerprint)
    if record is None:
        return ""
    versions = [f"{name}-{metadata.version(name)}" for name in ("ner-retriever", "onnxruntime")]
    folder = cache_folder() / "graphs" / "-".join([record["sha256"][:16], *versions])
    try:
        return str(json.loads((folder / _VERDICT).read_bytes())["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        reason = _compare(weights.folder, config, record)
    with new_entry(folder, folder.name) as partial:
        (partial / _VERDICT).write_text(json.dumps({"reason": reason}))
    return reason


def reference_record(fingerprint: str) -> dict[str, Any] | None:
    """Return what the package says of its states of a model: file, sha256, site."""
    records: dict[str, dict[str, Any]] = json.loads((_FOLDER / "references.json").read_bytes())
    return records.get(fingerprint)


def _compare(folder: Path, config: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    file = _FOLDER / record["file"]
    check_file(file, record["sha256"], remedy="install ner-retriever anew")
    reference = load_file(file)
    try:
        backbone = load_onnx_backbone(folder, config, Site.from_record(record["site"]), None)
        lengths = reference["lengths"]
        ends = np.cumsum(lengths)
        windows = [
            Window(ids=ids, ranges=np.array([[0, len(ids)]]))
            for ids in np.split(reference["ids"], ends[:-1])
        ]
        states = backbone.begin(windows)()
    except ModelError as error:
        return first_line(error)
    found = np.concatenate([row[:length] for row, length in zip(states, lengths, strict=True)])
    expected = reference["states"].astype(np.float32)
    products = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosine = float(((found * expected).sum(axis=1) / products).min())
    return "" if cosine >= LEAST_COSINE else f"its cosine to torch's is {cosine:.5f}"
