"""Adapters: what is trained is what is loaded, and only with what it was trained for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ner_retriever.backbone.adapter import merge_adapter
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.backbone.windows import Window
from ner_retriever.config import Component, Preset, Site, load_preset
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, WeightsCorrupted
from ner_retriever.heads.projection.files import load_head, save_head
from ner_retriever.heads.projection.record import ADAPTER_NAME
from ner_retriever.reading.encoder import load_encoder, load_extractor
from ner_retriever.training import split as split_module
from ner_retriever.training.activations import Activations
from ner_retriever.training.adapter import Adapter
from ner_retriever.training.annotations import annotate
from ner_retriever.training.config import AdapterConfig, SoftmaxConfig, TrainingConfig
from ner_retriever.training.loop import Trained, train
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.vectors import FrozenVectors, LiveVectors
from toys import CONFIGS, VOCABULARY, save_tiny_preset, text_tokenizer, tiny_model


def backbone(family: str, component: Component = "value", block: int = 2) -> TorchBackbone:
    site = Site(component=component, block=block, pooling="mean")
    return TorchBackbone(tiny_model(family), text_tokenizer(special=False), site)


def windows() -> list[Window]:
    generator = np.random.default_rng(0)
    return [
        Window(
            ids=generator.integers(4, VOCABULARY, length), ranges=np.array([[1, 3], [2, length]])
        )
        for length in (5, 9, 6)
    ]


def stir(adapter: Adapter) -> None:
    """Put numbers into an adapter that float16 can hold."""
    torch.manual_seed(1)
    for weights in adapter.updates:
        weights.data = torch.randn_like(weights).half().float() / 4


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_a_merged_adapter_gives_what_the_trained_one_gave(family: str, tmp_path: Path) -> None:
    trained = backbone(family)
    before = trained.vectors(windows())
    adapter = Adapter(trained, rank=3, seed=0)
    np.testing.assert_allclose(trained.vectors(windows()), before, atol=1e-6)
    stir(adapter)
    after = trained.vectors(windows())
    assert np.abs(after - before).max() > 0.01
    save_file(adapter.tensors(), tmp_path / ADAPTER_NAME)
    loaded = backbone(family)
    merge_adapter(loaded.model, tmp_path / ADAPTER_NAME)
    np.testing.assert_allclose(loaded.vectors(windows()), after, atol=1e-4)


@pytest.mark.parametrize(
    ("component", "blocks"), [("value", "01"), ("mlp", "01"), ("hidden", "012")]
)
def test_an_adapter_trains_the_blocks_below_the_site(component: Component, blocks: str) -> None:
    names = Adapter(backbone("bert", component), rank=2, seed=0).tensors()
    assert {name.split("layer.")[1][0] for name in names} == set(blocks)
    matrices = ("query", "key", "value", "attention.output", "intermediate", "layer.0.output")
    assert all(any(matrix in name for name in names) for matrix in matrices)


def test_there_must_be_a_block_below_the_site() -> None:
    with pytest.raises(ConfigError, match="block 0 has none"):
        Adapter(backbone("bert", block=0), rank=2, seed=0)


def stored(folder: Path, family: str = "bert") -> Path:
    file = folder / ADAPTER_NAME
    save_file(Adapter(backbone(family), rank=2, seed=0).tensors(), file)
    return file


def test_an_adapter_of_another_family_is_refused(tmp_path: Path) -> None:
    file = stored(tmp_path, "llama")
    with pytest.raises(WeightsCorrupted, match=r"layers\.0\..*which BertModel lacks"):
        merge_adapter(backbone("bert").model, file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: {"weights": torch.zeros(2)}, "'weights', which is no low-rank update"),
        (lambda tensors: dict(list(tensors.items())[:1]), "which is no low-rank update"),
        (
            lambda tensors: {name: weights[:1] for name, weights in tensors.items()},
            "the two matrices of .* don't fit",
        ),
        (
            lambda tensors: {
                name: weights[:, :5] if "lora_A" in name else weights
                for name, weights in tensors.items()
            },
            "which does not fit; the adapter belongs to another backbone",
        ),
    ],
)
def test_what_is_no_adapter_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    file = stored(tmp_path)
    changed = {name: tensor.clone() for name, tensor in change(load_file(file)).items()}
    save_file(changed, file)
    with pytest.raises(WeightsCorrupted, match=message):
        merge_adapter(backbone("bert").model, file)


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / ADAPTER_NAME).write_bytes(b"not safetensors")
    with pytest.raises(WeightsCorrupted, match="cannot be read"):
        merge_adapter(backbone("bert").model, tmp_path / ADAPTER_NAME)


KINDS = ("river", "city", "tool", "fish")


def typed_texts() -> list[TypedText]:
    """Texts in which the word before a mention tells its type."""
    texts = []
    for number in range(48):
        kind = KINDS[number % 4]
        text = f"{kind} n{number:02} and {KINDS[(number + 1) % 4]} m{number:02}"
        first, second = len(kind) + 1, len(text) - 3
        spans = (Span(first, first + 3), Span(second, second + 3))
        types = ((kind, f"{kind} thing"), (KINDS[(number + 1) % 4],))
        texts.append(TypedText(str(number), "news", text, spans, types))
    return texts


CONFIG = TrainingConfig(
    loss=SoftmaxConfig(types_a_batch=6, whole_texts=True, temperature=0.2),
    adapter=AdapterConfig(rank=2, learning_rate=0.01),
    hidden=16,
    dimensions=8,
    nested=(4,),
    dropout=0.3,
    steps=8,
    evaluate_every=2,
    learning_rate=0.01,
)


def run(
    preset: Preset,
    config: TrainingConfig = CONFIG,
    *,
    texts: list[TypedText] | None = None,
    **options: Any,
) -> Trained:
    texts = texts or typed_texts()
    annotations = annotate(texts)
    extractor = load_extractor(preset)
    vectors = LiveVectors(extractor, texts, annotations.names)
    adapter = Adapter(extractor.backbone, rank=2, seed=0)
    return train(annotations, texts, vectors, config, adapter=adapter, **options)


@pytest.fixture
def preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Preset:
    # The texts are few, so any type may be held out.
    monkeypatch.setattr(split_module, "_LARGEST_SHARE", 1.0)
    return load_preset(str(save_tiny_preset(tmp_path)))


def test_live_vectors_are_those_that_are_extracted(preset: Preset) -> None:
    texts = typed_texts()
    annotations = annotate(texts)
    extractor = load_extractor(preset)
    live = LiveVectors(extractor, texts, annotations.names)
    spans = [text.spans for text in texts]
    extracted = np.concatenate(extractor.mentions([text.text for text in texts], spans))
    rows = np.array([3, 95, 3, 0, 50])
    np.testing.assert_allclose(live.mentions(rows).site.detach(), extracted[rows], atol=1e-5)
    queries = extractor.queries(annotations.names)
    types = np.array([4, 0, 4])
    np.testing.assert_allclose(live.queries(types).site.detach(), queries[types], atol=1e-5)
    assert live.mentions(rows[:0]).site.shape == (0, extracted.shape[1])


def test_a_head_with_its_adapter_is_loaded_as_it_was_trained(
    preset: Preset, tmp_path: Path
) -> None:
    trained = run(preset)
    assert trained.adapter is not None
    losses = [record["loss"] for record in trained.log]
    assert losses[-1] < losses[0]
    untouched = load_extractor(preset)
    save_head(
        tmp_path / "head",
        trained.head,
        backbone=untouched.fingerprint,
        site=preset.site_fingerprint,
        notes={},
        adapter=trained.adapter,
    )
    settings = Preset.from_record({**preset.to_record(), "head": str(tmp_path / "head")})
    encoder = load_encoder(settings)
    adapted = load_extractor(preset, adapter=tmp_path / "head" / ADAPTER_NAME)
    queries = adapted.queries(["fish"])
    assert np.abs(queries - untouched.queries(["fish"])).max() > 1e-4
    expected = trained.head.queries(torch.from_numpy(queries)).numpy()
    np.testing.assert_allclose(encoder.queries(["fish"]), expected, atol=1e-6)
    digits = encoder.fingerprints["head"].split("-")
    assert [len(part) for part in digits] == [16, 16, 4]
    assert digits[2] == "0.02"


def test_a_damaged_adapter_is_refused(preset: Preset, tmp_path: Path) -> None:
    trained = run(preset)
    folder = tmp_path / "head"
    options: dict[str, Any] = {"backbone": "x", "site": "y", "notes": {}}
    save_head(folder, trained.head, **options, adapter=trained.adapter)
    content = bytearray((folder / ADAPTER_NAME).read_bytes())
    content[-1] ^= 1
    (folder / ADAPTER_NAME).write_bytes(content)
    with pytest.raises(WeightsCorrupted, match=r"adapter_model\.safetensors is damaged"):
        load_head(folder)
    save_head(folder, trained.head, **options)
    assert not (folder / ADAPTER_NAME).exists()
    assert load_head(folder)[1].adapter == ""


class Stopped(Exception):
    pass


@pytest.mark.parametrize("hard_negatives", [0, 2])
@pytest.mark.parametrize("held_out", [0, 1])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    preset: Preset, tmp_path: Path, held_out: int, hard_negatives: int
) -> None:
    loss = SoftmaxConfig(types_a_batch=6, whole_texts=True, hard_negatives=hard_negatives)
    config = TrainingConfig.from_record(
        {**CONFIG.to_record(), "loss": loss.to_record(), "held_out": held_out}
    )
    whole = run(preset, config)

    def stop(record: dict[str, Any]) -> None:
        if record["step"] == 4:
            raise Stopped

    checkpoint = tmp_path / "run" / "checkpoint.safetensors"
    with pytest.raises(Stopped):
        run(preset, config, checkpoint=checkpoint, report=stop)
    resumed_at: list[int] = []
    resumed = run(
        preset,
        config,
        checkpoint=checkpoint,
        report=lambda record: resumed_at.append(record["step"]),
    )
    assert resumed_at == [6, 8]
    assert resumed.log == whole.log
    assert whole.adapter is not None
    assert resumed.adapter is not None
    for name, weights in whole.adapter.items():
        assert torch.equal(weights, resumed.adapter[name])
    for name, weights in whole.head.state_dict().items():
        assert torch.equal(weights, resumed.head.state_dict()[name])


def test_a_checkpoint_of_another_run_is_refused(preset: Preset, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.safetensors"
    run(preset, checkpoint=checkpoint)
    other = TrainingConfig.from_record({**CONFIG.to_record(), "steps": 10})
    with pytest.raises(ConfigError, match="is of a run on other data, another backbone or with"):
        run(preset, other, checkpoint=checkpoint)
    checkpoint.write_bytes(b"cut off")
    with pytest.raises(WeightsCorrupted, match="to begin anew"):
        run(preset, checkpoint=checkpoint)


def test_training_stops_early_and_keeps_the_best(preset: Preset) -> None:
    texts = typed_texts()
    annotations = annotate(texts)
    extractor = load_extractor(preset)
    spans = [text.spans for text in texts]
    mentions = np.concatenate(extractor.mentions([text.text for text in texts], spans))
    fields = {name: getattr(annotations, name) for name in ("names", "owners", "types", "texts")}
    activations = Activations(
        **fields,
        sources=annotations.sources,
        mentions=mentions,
        queries=extractor.queries(annotations.names),
    )
    config = TrainingConfig.from_record(
        {**CONFIG.to_record(), "adapter": None, "held_out": 1, "patience": 2, "steps": 400}
    )
    trained = train(annotations, texts, FrozenVectors(activations), config)
    values = [record["validation_r_precision"] for record in trained.log]
    assert len(values) < 200
    assert values.index(max(values)) == len(values) - 3
    assert trained.validation is not None
    assert trained.validation.r_precision() == pytest.approx(max(values))
