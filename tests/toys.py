"""Tiny models of the real families with random weights, tokenizers for them, and a backbone whose
vectors can be worked out by hand.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from ner_retriever.backbone.engine import Pending
from ner_retriever.backbone.tokenizer import TextTokenizer, Tokens
from ner_retriever.backbone.weights import find_weights
from ner_retriever.backbone.windows import Window, pool
from ner_retriever.config import Pooling, Preset, load_preset
from ner_retriever.heads.mention.files import save_mention_head
from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.record import MentionHeadRecord
from ner_retriever.heads.projection.files import save_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.projector import Projector
from ner_retriever.heads.projection.record import CONTEXT_NAME
from ner_retriever.reading.encoder import Encoder

VOCABULARY = 300
BLOCKS = 4

_WIDTHS = {
    "hidden_size": 32,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
_GROUPED = {**_WIDTHS, "num_key_value_heads": 2}
CONFIGS: dict[str, dict[str, Any]] = {
    "llama": {**_GROUPED, "head_dim": 16},
    "mistral": _GROUPED,
    "qwen2": _GROUPED,
    "qwen3": {**_GROUPED, "head_dim": 8},
    "gemma": {**_GROUPED, "head_dim": 8},
    "phi3": {**_GROUPED, "pad_token_id": 0},
    "gpt_neox": _WIDTHS,
    "gpt2": {"n_embd": 32, "n_layer": BLOCKS, "n_head": 4},
    "bert": _WIDTHS,
    "roberta": _WIDTHS,
    "distilbert": {"dim": 32, "n_layers": BLOCKS, "n_heads": 4, "hidden_dim": 48},
    "mpnet": _WIDTHS,
    "modernbert": _WIDTHS,
}
CAUSAL = {"llama", "mistral", "qwen2", "qwen3", "gemma", "phi3", "gpt_neox", "gpt2"}

# Where each family keeps what a site is made of, written down apart from the code under test.
MODULES: dict[str, dict[str, str]] = {
    "llama": {
        "value": "layers.{}.self_attn.v_proj",
        "key": "layers.{}.self_attn.k_proj",
        "query": "layers.{}.self_attn.q_proj",
        "attention": "layers.{}.self_attn.o_proj",
        "mlp": "layers.{}.mlp.down_proj",
        "hidden": "layers.{}",
    },
    "bert": {
        "value": "encoder.layer.{}.attention.self.value",
        "key": "encoder.layer.{}.attention.self.key",
        "query": "encoder.layer.{}.attention.self.query",
        "attention": "encoder.layer.{}.attention.output.dense",
        "mlp": "encoder.layer.{}.output.dense",
        "hidden": "encoder.layer.{}",
    },
    "mpnet": {
        "value": "encoder.layer.{}.attention.attn.v",
        "key": "encoder.layer.{}.attention.attn.k",
        "query": "encoder.layer.{}.attention.attn.q",
        "attention": "encoder.layer.{}.attention.attn.o",
        "mlp": "encoder.layer.{}.output.dense",
        "hidden": "encoder.layer.{}",
    },
    "distilbert": {
        "value": "transformer.layer.{}.attention.v_lin",
        "key": "transformer.layer.{}.attention.k_lin",
        "query": "transformer.layer.{}.attention.q_lin",
        "attention": "transformer.layer.{}.attention.out_lin",
        "mlp": "transformer.layer.{}.ffn.lin2",
        "hidden": "transformer.layer.{}",
    },
    "gpt_neox": {
        "fused": "layers.{}.attention.query_key_value",
        "attention": "layers.{}.attention.dense",
        "mlp": "layers.{}.mlp.dense_4h_to_h",
        "hidden": "layers.{}",
    },
    "gpt2": {
        "fused": "h.{}.attn.c_attn",
        "attention": "h.{}.attn.c_proj",
        "mlp": "h.{}.mlp.c_proj",
        "hidden": "h.{}",
    },
    "phi3": {
        "fused": "layers.{}.self_attn.qkv_proj",
        "attention": "layers.{}.self_attn.o_proj",
        "mlp": "layers.{}.mlp.down_proj",
        "hidden": "layers.{}",
    },
    "modernbert": {
        "fused": "layers.{}.attn.Wqkv",
        "attention": "layers.{}.attn.Wo",
        "mlp": "layers.{}.mlp.Wo",
        "hidden": "layers.{}",
    },
}
for _same in ("mistral", "qwen2", "qwen3", "gemma"):
    MODULES[_same] = MODULES["llama"]
MODULES["roberta"] = MODULES["bert"]


def tiny_model(family: str, seed: int = 0) -> nn.Module:
    """Return a family's base model with random weights, four blocks deep."""
    torch.manual_seed(seed)
    special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    settings = {"vocab_size": VOCABULARY, **special, **CONFIGS[family]}
    config = AutoConfig.for_model(family, **settings)
    if family == "modernbert":
        config.cls_token_id, config.sep_token_id = 1, 2
    config.use_cache = False
    return AutoModel.from_config(config).eval()


def windows(count: int, seed: int = 0) -> list[Window]:
    """Return windows of random tokens, each with two mentions."""
    generator = np.random.default_rng(seed)
    made = []
    for length in generator.integers(3, 20, count):
        ids = generator.integers(4, VOCABULARY, length)
        made.append(Window(ids=ids, ranges=np.array([[0, 2], [length // 2, length]])))
    return made


def byte_tokenizer(*, special: bool) -> PreTrainedTokenizerFast:
    """Return a tokenizer that gives a token for each UTF-8 byte, with offsets in characters.

    Args:
        special: whether it puts a start and an end token around a text, as encoders' do.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3}
    vocabulary |= {letter: index for index, letter in enumerate(alphabet, len(vocabulary))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if special:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
        )
    return _named_specials(tokenizer)


def word_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words, which drops control characters and accents as BERT's."""
    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "the", "cafe", "museum", "in", "."]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return _named_specials(tokenizer)


def _named_specials(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        unk_token="[UNK]",
    )


def text_tokenizer(*, special: bool) -> TextTokenizer:
    """Return the tokenizer of bytes as a backbone takes it."""
    return TextTokenizer(byte_tokenizer(special=special).backend_tokenizer)


def projector(head: ProjectionHead) -> Projector:
    """Return a head as it is used."""
    weights = {name: tensor.numpy() for name, tensor in head.state_dict().items()}
    return Projector(weights, detection=head.detection)


class LetterBackbone:
    """A stand-in for a backbone that reads small letters and full stops and drops the rest.

    ``^`` and ``$`` are its special tokens. A token's vector has 1 at its own sign, 1/2 at the sign
    before it and 1/4 at the one after it.

    Attributes:
        passes: the windows of each batch that was read.
    """

    batch_tokens = 1024
    buffer_texts = 2048
    SIGNS = "^$.abcdefghijklmnopqrstuvwxyz"

    def __init__(self, pooling: Pooling = "last") -> None:
        self.pooling = pooling
        self.before, self.after = np.array([0]), np.array([1])
        self.passes: list[list[Window]] = []

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        tokens = []
        for text in texts:
            places = [n for n, sign in enumerate(text) if sign in self.SIGNS[2:]]
            ids = np.array([self.SIGNS.index(text[n]) for n in places], dtype=np.int64)
            spans = np.array([[n, n + 1] for n in places], dtype=np.int64)
            tokens.append(Tokens(ids=ids, spans=spans.reshape(-1, 2)))
        return tokens

    def begin(self, windows: list[Window]) -> Pending:
        self.passes.append(windows)
        longest = max(len(item.ids) for item in windows)
        states = np.zeros((len(windows), longest, len(self.SIGNS)), np.float32)
        for row, window in enumerate(windows):
            for place in range(len(window.ids)):
                states[row, place] = self._token(window.ids, place)
        return lambda: states

    def project(self, states: NDArray[np.float32], windows: list[Window]) -> NDArray[np.float32]:
        return pool(states, windows, self.pooling)

    @classmethod
    def row(cls, **weights: float) -> NDArray[np.float32]:
        """Return a vector by signs; ``^``, ``$`` and ``.`` are called start, end and stop."""
        vector = np.zeros(len(cls.SIGNS), dtype=np.float32)
        names = {"start": "^", "end": "$", "stop": "."}
        for name, weight in weights.items():
            vector[cls.SIGNS.index(names.get(name, name))] = weight
        return vector

    def _token(self, ids: NDArray[np.int64], place: int) -> NDArray[np.float32]:
        vector = np.zeros(len(self.SIGNS), dtype=np.float32)
        for other, weight in ((place - 1, 0.5), (place, 1.0), (place + 1, 0.25)):
            if 0 <= other < len(ids):
                vector[ids[other]] += weight
        return vector


def save_tiny_preset(folder: Path, *, family: str = "bert", **settings: Any) -> Path:
    """Write a tiny model and a preset for it, without a head; return the preset's file."""
    model = folder / family
    tiny_model(family).save_pretrained(model)
    byte_tokenizer(special=family not in CAUSAL).save_pretrained(model)
    preset = {
        "name": "toy",
        "backbone": str(model),
        "site": {"component": "value", "block": 1, "pooling": "mean"},
        "max_tokens": 64,
        **settings,
    }
    file = folder / "toy.json"
    file.write_text(json.dumps(preset))
    return file


def headed(
    folder: Path,
    *,
    family: str = "bert",
    bank: int = 0,
    context_weight: float = 0.0,
    **settings: Any,
) -> Preset:
    """A preset of a tiny model with random low-rank updates and random heads."""
    torch.manual_seed(3)
    file = save_tiny_preset(folder, family=family, head=str(folder / "head"), **settings)
    preset = load_preset(str(file))
    head = ProjectionHead(32, 24, 16, bank=bank)
    head.mention_mean.normal_()
    head.query_mean.normal_()
    if bank:
        head.fill_bank(torch.randn(bank, 32), torch.randn(5, 32))
    updates = {}
    if family == "bert":
        for name in (
            "encoder.layer.0.attention.self.query",
            "encoder.layer.0.output.dense",
            f"encoder.layer.{preset.site.block}.attention.self.value",
        ):
            wide, deep = (48, 32) if name.endswith("output.dense") else (32, 32)
            updates[f"base_model.model.{name}.lora_A.weight"] = torch.randn(2, wide)
            updates[f"base_model.model.{name}.lora_B.weight"] = torch.randn(deep, 2)
    made_for = {
        "backbone": find_weights(preset.backbone).fingerprint,
        "site": preset.site_fingerprint,
    }
    if context_weight:
        context = ProjectionHead(32, 24, 8, skip=True)
        save_head(folder / "head" / CONTEXT_NAME, context, notes={}, **made_for)
    save_head(
        folder / "head",
        head,
        notes={},
        adapter=updates,
        context_weight=context_weight,
        **made_for,
    )
    return preset


def save_tiny_mention_head(folder: Path, encoder: Encoder, *, threshold: float = 0.52) -> Path:
    """Write a random mention head for the encoder of a tiny preset; return the folder."""
    torch.manual_seed(3)
    record = MentionHeadRecord(
        backbone=encoder.fingerprints["backbone"],
        site=encoder.fingerprints["site"],
        adapter="",
        width=32,
        hidden=16,
        longest=4,
        threshold=threshold,
        nested=0.9,
    )
    save_mention_head(folder, MentionHead(32, 16, 4), record)
    return folder
