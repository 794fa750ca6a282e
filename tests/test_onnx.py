"""ONNX Runtime gives what torch gives, without torch, or is not used."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cli_helpers import error, found, run, write_jsonl
from ner_retriever.backbone import loading, onnx_check
from ner_retriever.backbone.adapter_file import PREFIX
from ner_retriever.backbone.loading import load_backbone
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.torch_backbone import as_torch
from ner_retriever.backbone.weights import Weights, find_weights
from ner_retriever.config import Component, Site, cache_folder, load_preset
from ner_retriever.documents import Span
from ner_retriever.errors import (
    ConfigError,
    MissingExtra,
    ModelError,
    UnsupportedModel,
    WeightsCorrupted,
)
from ner_retriever.hashing import sha256_of
from ner_retriever.reading.encoder import load_encoder
from toys import BLOCKS, save_tiny_preset, windows

SITE = Site(component="value", block=2, pooling="mean")
FAMILIES = ("bert", "roberta", "mpnet", "llama")


def weights_of(folder: Path, family: str) -> Weights:
    preset = load_preset(str(save_tiny_preset(folder, family=family)))
    return find_weights(preset.backbone)


def loaded(weights: Weights, site: Site = SITE, **options: Any) -> Backbone:
    return load_backbone(weights, site, device="cpu", **{"engine": "onnx", **options})


@pytest.mark.parametrize("component", ["value", "key", "query", "attention", "mlp", "hidden"])
@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_those_of_torch(tmp_path: Path, family: str, component: Component) -> None:
    weights = weights_of(tmp_path, family)
    for block in (0, 2, BLOCKS - 1):
        site = Site(component=component, block=block, pooling="mean")
        with_torch, with_onnx = loaded(weights, site, engine="torch"), loaded(weights, site)
        assert (with_torch.engine.name, with_onnx.engine.name) == ("torch", "onnx")
        batch = windows(6)
        np.testing.assert_allclose(with_onnx.vectors(batch), with_torch.vectors(batch), atol=1e-5)
        alone = np.concatenate([with_onnx.vectors([window]) for window in batch])
        np.testing.assert_allclose(with_onnx.vectors(batch), alone, atol=1e-5)


def test_far_words_have_the_relative_positions_of_torch(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "mpnet")
    (window,) = windows(1)
    long = type(window)(ids=np.arange(400) % 250 + 4, ranges=np.array([[0, 1], [399, 400]]))
    with_torch = loaded(weights, engine="torch").vectors([long])
    np.testing.assert_allclose(loaded(weights).vectors([long]), with_torch, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_weights_of_a_whole_language_model_are_found(tmp_path: Path, family: str) -> None:
    weights = weights_of(tmp_path, family)
    expected = loaded(weights).vectors(windows(3))
    file = weights.folder / "model.safetensors"
    base = {"bert": "bert.", "llama": "model."}[family]
    save_file({f"{base}{name}": tensor for name, tensor in load_file(file).items()}, file)
    np.testing.assert_array_equal(loaded(weights).vectors(windows(3)), expected)


def test_an_adapter_is_part_of_the_graph(tmp_path: Path) -> None:
    weights, adapter = weights_of(tmp_path, "bert"), tmp_path / "adapter.safetensors"
    matrices = np.random.default_rng(0).normal(size=(2, 32)).astype(np.float32)
    updates = {}
    for layer in ("0.attention.self.query", "1.attention.output.dense", "2.attention.self.value"):
        updates[f"{PREFIX}encoder.layer.{layer}.lora_A.weight"] = matrices
        updates[f"{PREFIX}encoder.layer.{layer}.lora_B.weight"] = matrices.T.copy()
    save_file(updates, adapter)
    bare = loaded(weights).vectors(windows(3))
    with_torch, with_onnx = (
        loaded(weights, adapter=adapter, engine=engine) for engine in ("torch", "onnx")
    )
    adapted = with_onnx.vectors(windows(3))
    np.testing.assert_allclose(adapted, with_torch.vectors(windows(3)), atol=1e-4)
    assert np.abs(adapted - bare).max() > 1e-2


@pytest.mark.parametrize(
    ("layer", "width", "message"),
    [
        ("encoder.layer.0.attention.self.query", 31, "does not fit"),
        ("encoder.layer.9.attention.self.query", 32, "which the model lacks"),
    ],
)
def test_an_adapter_of_another_model_is_refused(
    tmp_path: Path, layer: str, width: int, message: str
) -> None:
    weights, adapter = weights_of(tmp_path, "bert"), tmp_path / "adapter.safetensors"
    down, up = np.ones((2, width), np.float32), np.ones((32, 2), np.float32)
    save_file(
        {f"{PREFIX}{layer}.lora_A.weight": down, f"{PREFIX}{layer}.lora_B.weight": up}, adapter
    )
    with pytest.raises(WeightsCorrupted, match=message):
        loaded(weights, adapter=adapter)


def test_a_block_past_the_last_is_refused(tmp_path: Path) -> None:
    site = Site(component="value", block=BLOCKS, pooling="last")
    with pytest.raises(UnsupportedModel, match="past the last"):
        loaded(weights_of(tmp_path, "bert"), site)


def test_other_families_are_left_to_torch(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "modernbert")
    assert loaded(weights, engine="auto").engine.name == "torch"
    with pytest.raises(UnsupportedModel, match="not 'modernbert'; choose the engine torch"):
        loaded(weights)


@pytest.mark.parametrize(
    ("family", "key", "value"),
    [
        ("bert", "hidden_act", "relu"),
        ("bert", "is_decoder", True),
        ("llama", "attention_bias", True),
        ("llama", "rope_parameters", {"rope_type": "linear", "factor": 2.0}),
    ],
)
def test_a_model_that_is_not_plain_is_left_to_torch(
    tmp_path: Path, family: str, key: str, value: object
) -> None:
    weights = weights_of(tmp_path, family)
    file = weights.folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    with pytest.raises(UnsupportedModel, match="choose the engine torch"):
        loaded(weights)


def test_which_engine_is_chosen(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "bert")
    assert loaded(weights, engine="auto").engine.name == "onnx"
    half = loaded(weights, engine="auto", precision="bfloat16").engine
    assert (half.name, half.precision) == ("torch", "bfloat16")
    whole = loaded(weights, engine="auto", precision="float32").engine
    assert (whole.name, whole.precision) == ("onnx", "float32")
    with pytest.raises(ConfigError, match="runs on a CPU, not on cuda"):
        load_backbone(weights, SITE, device="cuda", engine="onnx")
    with pytest.raises(ConfigError, match="float32 alone"):
        loaded(weights, precision="bfloat16")


def test_without_torch_its_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, other = weights_of(tmp_path / "a", "bert"), weights_of(tmp_path / "b", "gpt2")
    monkeypatch.setattr(loading, "find_spec", lambda _: None)
    monkeypatch.delitem(sys.modules, "ner_retriever.backbone.torch_loading")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert loaded(plain, engine="auto").engine.name == "onnx"
    with pytest.raises(MissingExtra, match=r"pip install 'ner-retriever\[torch\]'"):
        loaded(other, engine="auto")


def reference(folder: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ship the states of a tiny model; return their file."""
    monkeypatch.setattr(onnx_check, "_FOLDER", folder)
    ids = np.arange(4, 12)
    window = type(windows(1)[0])(ids=ids, ranges=np.array([[0, 8]]))
    states = loaded(weights, engine="torch").begin([window])()[0]
    file = folder / "toy.safetensors"
    save_file({"ids": ids, "lengths": np.array([8]), "states": states.astype(np.float16)}, file)
    described(folder, weights)
    return file


def described(folder: Path, weights: Weights) -> None:
    record = {
        "file": "toy.safetensors",
        "sha256": sha256_of(folder / "toy.safetensors"),
        "site": {"component": "value", "block": 2, "pooling": "mean"},
    }
    (folder / "references.json").write_text(json.dumps({weights.fingerprint: record}))


def test_a_graph_is_compared_once_with_what_torch_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = weights_of(tmp_path, "bert")
    file = reference(tmp_path, weights, monkeypatch)
    assert loaded(weights).engine.name == "onnx"
    assert len(list((cache_folder() / "graphs").iterdir())) == 1
    file.unlink()
    assert loaded(weights).engine.name == "onnx"


def test_a_damaged_reference_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = weights_of(tmp_path, "bert")
    file = reference(tmp_path, weights, monkeypatch)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WeightsCorrupted, match="install ner-retriever anew"):
        loaded(weights)


def test_a_graph_that_differs_is_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    weights = weights_of(tmp_path, "bert")
    file = reference(tmp_path, weights, monkeypatch)
    tensors = load_file(file)
    save_file({**tensors, "states": tensors["states"][:, ::-1].copy()}, file)
    described(tmp_path, weights)
    expected = loaded(weights, engine="torch").vectors(windows(3))
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            backbone = loaded(weights)
        (message,) = caplog.messages
        assert message.startswith("torch runs the model, for ONNX Runtime cannot: its cosine to")
        np.testing.assert_array_equal(as_torch(backbone).vectors(windows(3)), expected)
    monkeypatch.setattr(loading, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match="its cosine to torch's is"):
        loaded(weights)


def test_a_window_past_the_models_positions_is_one_line(toy_preset: Path, tmp_path: Path) -> None:
    record = json.loads(toy_preset.read_text()) | {"max_tokens": 2000}
    preset = tmp_path / "long.json"
    preset.write_text(json.dumps(record))
    source = write_jsonl(
        tmp_path / "long.jsonl", [{"text": "Oslo " * 300 + ".", "spans": [[0, 4]]}]
    )
    options = ("--out", tmp_path / "index", "--preset", preset, "--spans-field", "spans")
    assert "the model cannot read 1 windows" in error("index", source, *options, "--engine", "onnx")


def test_an_index_does_not_depend_on_the_engine(toy_preset: Path, tmp_path: Path) -> None:
    preset = load_preset(str(toy_preset))
    texts, spans = ["Sue stands in Chicago."], [[Span(0, 3), Span(14, 21)]]
    with_torch, with_onnx = load_encoder(preset), load_encoder(preset, engine="onnx")
    assert with_torch.fingerprints == with_onnx.fingerprints
    np.testing.assert_allclose(
        with_onnx.mentions(texts, spans)[0], with_torch.mentions(texts, spans)[0], atol=1e-5
    )
    source = write_jsonl(
        tmp_path / "documents.jsonl", [{"id": "a", "text": texts[0], "spans": [[0, 3], [14, 21]]}]
    )
    options = ("--out", tmp_path / "index", "--spans-field", "spans")
    made = run("index", source, *options, "--preset", toy_preset, "--engine", "onnx")
    assert made.code == 0, made
    assert found(tmp_path / "index") == {"a": texts[0]}
    again = run("index", source, *options, "--engine", "torch")
    assert "0 new, 0 replaced, 1 unchanged" in again.err


@pytest.mark.weights
@pytest.mark.parametrize("name", ["minilm", "mpnet", "smollm2"])
def test_the_presets_graphs_give_what_ships(name: str) -> None:
    preset = load_preset(name)
    weights = find_weights(preset.backbone)
    record = onnx_check.reference_record(weights.fingerprint)
    assert record is not None
    assert Site.from_record(record["site"]) == preset.site
    config = json.loads((weights.folder / "config.json").read_bytes())
    assert onnx_check._compare(weights.folder, config, record) == ""


def test_the_runtime_reports_nothing_to_its_maker(tmp_path: Path) -> None:
    # What it would report with, it puts into the temporary folder as soon as it is loaded.
    environment = {
        name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"
    }
    subprocess.run(
        [sys.executable, "-c", "import ner_retriever.backbone.onnx_engine"],
        env={**environment, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        check=True,
    )
    assert [file.name for file in tmp_path.iterdir()] == []
