"""NV-Embed v2 in the published layout, tiny, with random weights."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor
from torch.nn import functional
from transformers import MistralConfig, MistralModel, PreTrainedTokenizerFast

from ner_retriever.documents import Document
from ner_retriever.errors import UnsupportedModel, WeightsNotFound
from ner_retriever.evaluation.systems.dense import INSTRUCTIONS, Dense
from ner_retriever.evaluation.systems.nv_embed import NvEmbed

TEXTS = ["the airport of Oslo", "a hotel near the sea", "sea", "the the airport hotel of Oslo sea"]
WIDTH, LATENTS, HEADS, HEAD_WIDTH = 16, 5, 2, 6
SIZES = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 24,
    "rope_theta": 10_000.0,
}
INSTRUCTION = INSTRUCTIONS["NV-Embed-v2"]
BLOCKS = "latent_attention_model.cross_attend_blocks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nvidia") / "NV-Embed-v2"
    folder.mkdir()
    words = sorted({word for text in [*TEXTS, INSTRUCTION] for word in text.split()})
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<s>", "</s>", *words])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=backend, **names).save_pretrained(folder)
    code = {"AutoModel": "modeling_nvembed.NVEmbedModel"}
    (folder / "config.json").write_text(
        json.dumps(
            {
                "architectures": ["NVEmbedModel"],
                "auto_map": {"AutoConfig": "configuration_nvembed.NVEmbedConfig", **code},
                "model_type": "nvembed",
                "text_config": {
                    **SIZES,
                    "vocab_size": len(vocabulary),
                    "model_type": "bidir_mistral",
                    "auto_map": code,
                },
                "latent_attention_config": {
                    "model_type": "latent_attention",
                    "num_cross_heads": HEADS,
                },
            }
        )
    )
    for module in ("configuration_nvembed", "modeling_nvembed"):
        (folder / f"{module}.py").write_text("raise SystemExit('the code of a model was run')\n")
    random = torch.Generator().manual_seed(0)

    def tensor(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random) / 3

    first = {"embedding_model.embed_tokens.weight": tensor(len(vocabulary), WIDTH)}
    for number in range(2):
        block = f"embedding_model.layers.{number}"
        first |= {
            f"{block}.input_layernorm.weight": tensor(WIDTH),
            f"{block}.post_attention_layernorm.weight": tensor(WIDTH),
            f"{block}.self_attn.q_proj.weight": tensor(WIDTH, WIDTH),
            f"{block}.self_attn.k_proj.weight": tensor(WIDTH // 2, WIDTH),
            f"{block}.self_attn.v_proj.weight": tensor(WIDTH // 2, WIDTH),
            f"{block}.self_attn.o_proj.weight": tensor(WIDTH, WIDTH),
            f"{block}.mlp.gate_proj.weight": tensor(24, WIDTH),
            f"{block}.mlp.up_proj.weight": tensor(24, WIDTH),
            f"{block}.mlp.down_proj.weight": tensor(WIDTH, 24),
        }
    inner = HEADS * HEAD_WIDTH
    second = {
        "embedding_model.norm.weight": tensor(WIDTH),
        "latent_attention_model.latents": tensor(LATENTS, WIDTH),
        f"{BLOCKS}.0.fn.to_q.weight": tensor(inner, WIDTH),
        f"{BLOCKS}.0.fn.to_kv.weight": tensor(2 * inner, WIDTH),
        f"{BLOCKS}.0.fn.to_out.weight": tensor(WIDTH, inner),
        f"{BLOCKS}.1.fn.net.0.weight": tensor(8 * WIDTH, WIDTH),
        f"{BLOCKS}.1.fn.net.0.bias": tensor(8 * WIDTH),
        f"{BLOCKS}.1.fn.net.2.weight": tensor(WIDTH, 4 * WIDTH),
        f"{BLOCKS}.1.fn.net.2.bias": tensor(WIDTH),
    }
    for norm in ("0.norm", "0.norm_context", "1.norm"):
        second |= {f"{BLOCKS}.{norm}.{kind}": tensor(WIDTH) for kind in ("weight", "bias")}
    shards = {
        f"model-0000{number}-of-00002.safetensors": part
        for number, part in ((1, first), (2, second))
    }
    for name, part in shards.items():
        save_file(part, folder / name, metadata={"format": "pt"})
    places = {name: shard for shard, part in shards.items() for name in part}
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def by_hand(folder: Path, text: str, instruction: str = "") -> NDArray[np.float32]:
    """A single text without padding: a plain Mistral with nothing masked, then head by head."""
    tensors = {k: v for file in folder.glob("*.safetensors") for k, v in load_file(file).items()}
    words = ["<s>", *f"{instruction}{text}".split(), "</s>"]
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    config = MistralConfig(
        **SIZES,  # type: ignore[arg-type]
        vocab_size=len(vocabulary),
        attn_implementation="eager",
    )
    mistral = MistralModel(config).eval()
    prefix = "embedding_model."
    mistral.load_state_dict(
        {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    )
    ids = torch.tensor([[vocabulary[word] for word in words]])
    unmasked = torch.zeros(1, 1, len(words), len(words))
    with torch.inference_mode():
        tokens = mistral(input_ids=ids, attention_mask=unmasked).last_hidden_state[0]
        tokens = latent_attention(tokens, tensors)
    # The instruction's words are as many as the first tokens left out, the start token included.
    vector = tokens[len(instruction.split()) :].mean(dim=0)
    return (vector / vector.norm()).numpy()


def latent_attention(tokens: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    def norm(rows: Tensor, name: str) -> Tensor:
        weight, bias = (tensors[f"{BLOCKS}.{name}.{kind}"] for kind in ("weight", "bias"))
        centred = rows - rows.mean(dim=-1, keepdim=True)
        return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt() * weight + bias

    latents = norm(tensors["latent_attention_model.latents"], "0.norm_context")
    queries = norm(tokens, "0.norm") @ tensors[f"{BLOCKS}.0.fn.to_q.weight"].T
    both = latents @ tensors[f"{BLOCKS}.0.fn.to_kv.weight"].T
    heads = []
    for head in range(HEADS):
        own = slice(head * HEAD_WIDTH, (head + 1) * HEAD_WIDTH)
        keys, values = both[:, : HEADS * HEAD_WIDTH][:, own], both[:, HEADS * HEAD_WIDTH :][:, own]
        weights = (queries[:, own] @ keys.T / HEAD_WIDTH**0.5).softmax(dim=-1)
        heads.append(weights @ values)
    tokens = tokens + torch.cat(heads, dim=1) @ tensors[f"{BLOCKS}.0.fn.to_out.weight"].T
    expanded = (
        norm(tokens, "1.norm") @ tensors[f"{BLOCKS}.1.fn.net.0.weight"].T
        + tensors[f"{BLOCKS}.1.fn.net.0.bias"]
    )
    raised = expanded[:, : 4 * WIDTH] * functional.gelu(expanded[:, 4 * WIDTH :])
    down, bias = (tensors[f"{BLOCKS}.1.fn.net.2.{kind}"] for kind in ("weight", "bias"))
    return tokens + raised @ down.T + bias


def test_a_batch_equals_each_text_by_hand(folder: Path) -> None:
    encoder = NvEmbed(str(folder), device="cpu")
    expected = np.stack([by_hand(folder, text) for text in TEXTS])
    np.testing.assert_allclose(encoder.texts(TEXTS), expected, atol=1e-5)


def test_a_query_is_the_mean_behind_its_instruction(folder: Path) -> None:
    vector = NvEmbed(str(folder), device="cpu").query("hotel", instruction=INSTRUCTION)
    np.testing.assert_allclose(vector, by_hand(folder, "hotel", INSTRUCTION), atol=1e-5)
    assert np.abs(vector - by_hand(folder, "hotel")).max() > 1e-3


def test_dense_takes_it_by_its_name_with_its_instruction(folder: Path) -> None:
    system = Dense(str(folder), device="cpu", batch_size=3)
    system.index([Document(str(number), text) for number, text in enumerate(TEXTS)])
    query = by_hand(folder, "hotel", INSTRUCTION)
    expected = np.stack([by_hand(folder, text) for text in TEXTS]) @ query
    np.testing.assert_allclose(system.rank("hotel"), expected, atol=2e-3)
    assert (system.name, system.bytes_a_text) == ("dense:NV-Embed-v2", 2 * WIDTH)
    assert str(system.settings["fingerprint"]).startswith("folder-")
    assert system.settings["instruction"] == INSTRUCTION


def test_it_is_nowhere() -> None:
    with pytest.raises(WeightsNotFound, match="no weights for 'nvidia/NV-Embed-v2'"):
        Dense("nvidia/NV-Embed-v2")


def without(folder: Path, name: str) -> None:
    for file in folder.glob("*.safetensors"):
        tensors = load_file(file)
        if tensors.pop(name, None) is not None:
            save_file(tensors, file, metadata={"format": "pt"})
    index = folder / "model.safetensors.index.json"
    record = json.loads(index.read_text())
    del record["weight_map"][name]
    index.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: without(folder, "latent_attention_model.latents"), "'latents'"),
        (lambda folder: without(folder, f"{BLOCKS}.1.norm.bias"), "1.norm.bias"),
        (
            lambda folder: without(folder, "embedding_model.layers.1.mlp.up_proj.weight"),
            "lacks 1 of the model's weights",
        ),
        (lambda folder: (folder / "config.json").write_text("{}"), "text_config"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "fetch it anew"),
    ],
)
def test_files_that_are_not_the_models(
    tmp_path: Path, folder: Path, damage: Callable[[Path], object], message: str
) -> None:
    copy = tmp_path / "NV-Embed-v2"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    damage(copy)
    with pytest.raises(UnsupportedModel, match=message):
        NvEmbed(str(copy), device="cpu")
