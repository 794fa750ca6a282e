"""ONNX Runtime gives what torch gives, or is not used."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cli_helpers import error, found, run, write_jsonl
from ner_retriever.backbone import onnx_export
from ner_retriever.backbone.adapter_names import PREFIX
from ner_retriever.backbone.engine import TorchEngine
from ner_retriever.backbone.loading import load_backbone
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.onnx_export import graph_folder, wants_onnx
from ner_retriever.backbone.weights import Weights, find_weights
from ner_retriever.config import Component, Site, load_preset
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, MissingExtra
from ner_retriever.reading.encoder import load_encoder
from toys import save_tiny_preset, windows

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SITE = Site(component="value", block=2, pooling="mean")


def weights_of(folder: Path, family: str) -> Weights:
    preset = load_preset(str(save_tiny_preset(folder, family=family)))
    return find_weights(preset.backbone)


def loaded(weights: Weights, site: Site = SITE, *, engine: str = "onnx") -> Backbone:
    return load_backbone(weights, site, device="cpu", engine=engine)  # type: ignore[arg-type]


def graphs() -> list[Path]:
    folder = onnx_export.cache_folder() / "graphs"
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("component", ["value", "hidden", "mlp"])
@pytest.mark.parametrize("family", ["bert", "llama", "mpnet"])
def test_vectors_are_those_of_torch(tmp_path: Path, family: str, component: Component) -> None:
    site = Site(component=component, block=2, pooling="mean")
    weights = weights_of(tmp_path, family)
    with_torch, with_onnx = loaded(weights, site, engine="torch"), loaded(weights, site)
    assert (with_torch.engine.name, with_onnx.engine.name) == ("torch", "onnx")
    batch = windows(6)
    np.testing.assert_allclose(with_onnx.vectors(batch), with_torch.vectors(batch), atol=1e-5)
    alone = np.concatenate([with_onnx.vectors([window]) for window in batch])
    np.testing.assert_allclose(with_onnx.vectors(batch), alone, atol=1e-5)


def test_an_adapter_is_part_of_the_graph(tmp_path: Path) -> None:
    weights, adapter = weights_of(tmp_path, "bert"), tmp_path / "adapter.safetensors"
    query = f"{PREFIX}encoder.layer.0.attention.self.query"
    matrices = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    save_file(
        {f"{query}.lora_A.weight": matrices, f"{query}.lora_B.weight": matrices.T.contiguous()},
        adapter,
    )
    bare = loaded(weights).vectors(windows(3))
    with_torch, with_onnx = (
        load_backbone(weights, SITE, device="cpu", adapter=adapter, engine=engine)
        for engine in ("torch", "onnx")
    )
    adapted = with_onnx.vectors(windows(3))
    np.testing.assert_allclose(adapted, with_torch.vectors(windows(3)), atol=1e-5)
    assert np.abs(adapted - bare).max() > 1e-4


def test_a_graph_is_exported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = weights_of(tmp_path, "bert")
    first = loaded(weights)
    (folder,) = graphs()
    assert "-opset-" in folder.name
    assert f"-torch-{torch.__version__}" in folder.name

    def refuse(*_: object) -> None:
        raise AssertionError("the model was loaded, and so was to be exported again")

    monkeypatch.setattr("ner_retriever.backbone.loading.load_model", refuse)
    batch = windows(3)
    np.testing.assert_array_equal(loaded(weights).vectors(batch), first.vectors(batch))


def test_other_weights_and_sites_have_graphs_of_their_own(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.write_bytes(b"updates")
    higher = Site(component="value", block=3, pooling="mean")
    last = Site(component="value", block=2, pooling="last")
    folders = {
        graph_folder("a", SITE, None),
        graph_folder("b", SITE, None),
        graph_folder("a", higher, None),
        graph_folder("a", SITE, adapter),
    }
    assert len(folders) == 4
    # States do not depend on how they are pooled.
    assert graph_folder("a", last, None) in folders


def test_a_damaged_graph_is_made_again(tmp_path: Path) -> None:
    weights = weights_of(tmp_path, "bert")
    expected = loaded(weights).vectors(windows(3))
    (folder,) = graphs()
    graph = folder / "graph.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    np.testing.assert_allclose(loaded(weights).vectors(windows(3)), expected, atol=1e-6)
    assert graph.stat().st_size == len(whole)


def test_a_graph_that_differs_is_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    weights = weights_of(tmp_path, "bert")
    exported = onnx_export._export

    def export_another(engine: TorchEngine, file: Path) -> None:
        embeddings = engine.model.get_submodule("embeddings.word_embeddings").weight
        kept = embeddings.clone()
        embeddings.copy_(kept.flip(0))
        exported(engine, file)
        embeddings.copy_(kept)

    monkeypatch.setattr(onnx_export, "_export", export_another)
    expected = loaded(weights, engine="torch").vectors(windows(3))
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            backbone = loaded(weights)
        (message,) = caplog.messages
        assert message.startswith("torch runs the model, for ONNX Runtime cannot: its cosine to")
        assert backbone.engine.name == "torch"
        np.testing.assert_array_equal(backbone.vectors(windows(3)), expected)
    (folder,) = graphs()
    assert not (folder / "graph.onnx").exists()


def test_a_model_that_cannot_be_exported_is_run_by_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(onnx_export, "_LARGEST", 1000)
    with caplog.at_level(logging.WARNING):
        assert loaded(weights_of(tmp_path, "bert")).engine.name == "torch"
    assert "cannot: its weights take" in caplog.text


def test_which_engine_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert wants_onnx("auto", cpu)
    assert wants_onnx("onnx", cpu)
    assert not wants_onnx("torch", cpu)
    assert not wants_onnx("auto", gpu)
    with pytest.raises(ConfigError, match="runs on a CPU, not on cuda"):
        wants_onnx("onnx", gpu)
    monkeypatch.setattr(onnx_export, "find_spec", lambda _: None)
    assert not wants_onnx("auto", cpu)
    with pytest.raises(MissingExtra, match=r"pip install 'ner-retriever\[onnx\]'"):
        wants_onnx("onnx", cpu)


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
