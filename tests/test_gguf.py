"""A GGUF file gives the same model as the weights that it was written from."""

from pathlib import Path

import gguf as library
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel

from ner_retriever.backbone import gguf
from ner_retriever.backbone.loading import load_backbone
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import Preset, Site
from ner_retriever.documents import Span
from ner_retriever.errors import UnsupportedModel, WeightsCorrupted
from ner_retriever.reading.extractor import Extractor
from toys import VOCABULARY, byte_tokenizer, text_tokenizer, tiny_model

SITE = Site(component="value", block=2, pooling="last")
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def llama() -> nn.Module:
    model = tiny_model("llama")
    for name, weights in model.named_parameters():
        if "norm" in name:
            nn.init.uniform_(weights, 0.8, 1.2)
    return model.requires_grad_(False)


def write_gguf(
    file: Path, model: nn.Module, weights: dict[str, Tensor], *, quantised: bool = False
) -> Path:
    """Write a Llama with a vocabulary of bytes, as llama.cpp's converter does."""
    config = model.config
    writer = library.GGUFWriter(str(file), "llama")
    writer.add_name("toy")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    vocabulary = byte_tokenizer(special=False).get_vocab()
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    tokens += ["ab", *(f"<{number}>" for number in range(len(tokens) + 1, VOCABULARY))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([library.TokenType.NORMAL] * len(tokens))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, tensor in weights.items():
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        values = permuted(tensor, heads.get(name.split(".")[-2])).numpy()
        if quantised and quantisable(tensor):
            kind = library.GGMLQuantizationType.Q8_0
            writer.add_tensor(
                gguf_name(name), library.quants.quantize(values, kind), raw_dtype=kind
            )
        else:
            writer.add_tensor(gguf_name(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def quantisable(weights: Tensor) -> bool:
    return weights.dim() == 2 and weights.shape[1] % 32 == 0


def gguf_name(name: str) -> str:
    if name in ("embed_tokens.weight", "norm.weight"):
        return {"embed": "token_embd.weight", "norm.": "output_norm.weight"}[name[:5]]
    _, block, *path, _ = name.split(".")
    return f"blk.{block}.{NAMES['.'.join(path)]}.weight"


def permuted(weights: Tensor, heads: int | None) -> Tensor:
    """Interleave the two halves of each head's rows, as llama.cpp's rotary embedding wants them."""
    if heads is None:
        return weights
    halves = weights.view(heads, 2, -1, weights.shape[1])
    return halves.transpose(1, 2).reshape(weights.shape).contiguous()


def hidden_states(model: nn.Module) -> Tensor:
    ids = torch.tensor([[5, 6, 7, 8, 100, 200, 250]])
    return torch.stack(model(input_ids=ids, output_hidden_states=True).hidden_states)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    model = llama()
    return write_gguf(tmp_path / "toy.gguf", model, model.state_dict())


def test_hidden_states_equal_those_of_the_same_weights(file: Path) -> None:
    with torch.inference_mode():
        converted = AutoModel.from_pretrained(find_weights(str(file)).folder)
        torch.testing.assert_close(hidden_states(converted), hidden_states(llama()))


def test_quantised_weights_are_read_as_what_they_stand_for(tmp_path: Path) -> None:
    model = llama()
    # Q8_0 keeps 32 numbers as 8-bit integers with one scale, the largest over 127. Rows of
    # sixty-fourths whose largest is 127/64 are kept exactly.
    weights = model.state_dict()
    for tensor in weights.values():
        if quantisable(tensor):
            tensor.copy_(torch.randint(-127, 128, tensor.shape) / 64)
            tensor[:, ::32] = 127 / 64
    file = write_gguf(tmp_path / "toy.gguf", model, weights, quantised=True)
    read = AutoModel.from_pretrained(find_weights(str(file)).folder).state_dict()
    assert file.stat().st_size < 100_000
    torch.testing.assert_close(read, dict(weights), rtol=0, atol=0)


def test_a_gguf_file_is_a_backbone_like_any_other(file: Path) -> None:
    found = find_weights(str(file))
    preset = Preset(name="toy", backbone=str(file), site=SITE, prefix="x")
    text, spans = "Café 🦕\r\nb", [Span(0, 4), Span(5, 6), Span(8, 9)]
    vectors = [
        Extractor(preset, backbone, found.fingerprint).mentions([text], [spans])[0]
        for backbone in (
            load_backbone(found, SITE, device="cpu"),
            TorchBackbone(llama(), text_tokenizer(special=False), SITE),
        )
    ]
    np.testing.assert_allclose(*vectors, atol=1e-6)


def test_offsets_refer_to_the_text(file: Path) -> None:
    backbone = load_backbone(find_weights(str(file)), SITE, device="cpu")
    text = "ab é🦕\r\nab"
    tokens = backbone.tokenize([text])[0]
    surfaces = [text[start:end] for start, end in tokens.spans]
    assert surfaces == ["ab", " ", "é", "é", "🦕", "🦕", "🦕", "🦕", "\r", "\n", "ab"]


def test_a_file_is_converted_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_weights(str(file))
    converted: list[Path] = []
    convert = gguf.convert
    monkeypatch.setattr(
        gguf, "convert", lambda *paths: (converted.append(paths[0]), convert(*paths))
    )
    moved = file.rename(file.with_name("moved.gguf"))
    again = find_weights(str(moved))
    assert converted == []
    assert (again.folder, again.fingerprint) == (first.folder, first.fingerprint)
    find_weights(str(moved), force=True)
    assert converted == [moved]


def test_a_damaged_conversion_says_how_to_mend_it(file: Path) -> None:
    converted = find_weights(str(file)).folder / "model.safetensors"
    converted.write_bytes(b"damaged")
    with pytest.raises(WeightsCorrupted, match=f"models fetch --force {file}$"):
        find_weights(str(file))


@pytest.mark.parametrize("size", [0, 3, 24, 100, 9000, 100_000])
def test_a_file_that_cannot_be_read_leaves_nothing_behind(
    file: Path, size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NER_RETRIEVER_CACHE", str(tmp_path / "cache"))
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(UnsupportedModel, match="cannot be read as GGUF: ") as caught:
        find_weights(str(file))
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache" / "gguf").iterdir()) == []


def test_a_file_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    model = llama()
    weights = model.state_dict()
    del weights["layers.1.self_attn.v_proj.weight"]
    file = write_gguf(tmp_path / "toy.gguf", model, weights)
    with pytest.raises(
        UnsupportedModel, match=r"lacks 1 of the model's weights, such as layers\.1"
    ):
        find_weights(str(file))
