"""NV-Embed v2 (Lee et al. 2024, arXiv 2405.17428) without the program code that its files bring.

A Mistral whose tokens attend to both sides; above it every token attends to learned latent vectors
and passes a gated MLP; a text's vector is the mean over its tokens, a query's over those behind its
instruction. Of the model's files only tensors, sizes and the tokenizer are read. The weights may
not be used commercially (CC BY-NC 4.0).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from ner_retriever.backbone.hugging_face import quiet_transformers, refuse_incomplete
from ner_retriever.backbone.weights import find_weights
from ner_retriever.errors import UnsupportedModel, first_line

_LATENT_PREFIX = "latent_attention_model."
_CROSS_HEADS = 8
_PUBLISHED_NAMES = {
    "latents": "latents",
    "norm": "cross_attend_blocks.0.norm",
    "latent_norm": "cross_attend_blocks.0.norm_context",
    "query": "cross_attend_blocks.0.fn.to_q",
    "key_value": "cross_attend_blocks.0.fn.to_kv",
    "out": "cross_attend_blocks.0.fn.to_out",
    "mlp_norm": "cross_attend_blocks.1.norm",
    "up": "cross_attend_blocks.1.fn.net.0",
    "down": "cross_attend_blocks.1.fn.net.2",
}


class LatentAttention(nn.Module):
    """Section 3.2 of the paper: tokens are queries, the latent vectors keys and values.

    Args:
        latents: how many latent vectors there are.
        width: of a token and of a latent vector.
        inner: of all heads' keys together.
        heads: how many there are.
        expanded: width inside the MLP.
    """

    def __init__(self, *, latents: int, width: int, inner: int, heads: int, expanded: int) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.empty(latents, width))
        self.norm = nn.LayerNorm(width)
        self.latent_norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, inner, bias=False)
        self.key_value = nn.Linear(width, 2 * inner, bias=False)
        self.out = nn.Linear(inner, width, bias=False)
        self.mlp_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * expanded)
        self.down = nn.Linear(expanded, width)
        self._heads = heads

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, width) to the same."""
        keys, values = self.key_value(self.latent_norm(self.latents)).chunk(2, dim=-1)
        attended = functional.scaled_dot_product_attention(
            self._split(self.query(self.norm(tokens))),
            self._split(keys[None]).expand(len(tokens), -1, -1, -1),
            self._split(values[None]).expand(len(tokens), -1, -1, -1),
        )
        tokens = tokens + self.out(attended.transpose(1, 2).flatten(2))
        raised, gate = self.up(self.mlp_norm(tokens)).chunk(2, dim=-1)
        result: Tensor = tokens + self.down(raised * functional.gelu(gate))
        return result

    def _split(self, rows: Tensor) -> Tensor:
        """(batch, rows, inner) to (batch, heads, rows, inner / heads)."""
        return rows.view(*rows.shape[:-1], self._heads, -1).transpose(1, 2)


class NvEmbed:
    """NV-Embed v2 as its card says: float32 on a CPU, bfloat16 on a GPU.

    Args:
        model: an id on the hub, or a folder.
        device: a torch device; by default a GPU where there is one.

    Raises:
        WeightsNotFound: it is neither there nor to be fetched.
        UnsupportedModel: the files are not in the published layout.
    """

    longest = 32_768

    def __init__(self, model: str, *, device: str | None = None) -> None:
        weights = find_weights(model)
        self.fingerprint: str | None = weights.fingerprint
        where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        dtype = torch.float32 if where.type == "cpu" else torch.bfloat16
        try:
            with quiet_transformers():
                mistral, missing = _read_mistral(weights.folder, dtype)
                self._tokenizer = _read_tokenizer(weights.folder)
            latent_attention = _read_latent_attention(weights.folder, dtype)
        except Exception as error:  # damaged files make the readers raise almost anything
            raise UnsupportedModel(
                f"the model in {weights.folder} cannot be read as NV-Embed v2 "
                f"({first_line(error)}); fetch it anew"
            ) from error
        refuse_incomplete(missing, weights.folder)
        self._mistral = mistral.to(where).eval()
        self._latent_attention = latent_attention.to(where).eval()
        self._device = where

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, (n, width) float32; the batch is theirs."""
        return self._encode(texts, "")

    def query(self, query: str, *, instruction: str | None) -> NDArray[np.float32]:
        """The unit vector of a query, (width,) float32."""
        vector: NDArray[np.float32] = self._encode([query], instruction or "")[0]
        return vector

    @torch.inference_mode()
    def _encode(self, texts: Sequence[str], instruction: str) -> NDArray[np.float32]:
        end = self._tokenizer.eos_token
        rows = self._tokenizer(
            [f"{instruction}{text}{end}" for text in texts],
            truncation=True,
            max_length=self.longest,
        )["input_ids"]
        ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        places = torch.arange(ids.shape[1])
        real = places < torch.tensor([len(row) for row in rows])[:, None]
        # With four dimensions the mask is taken as it is; otherwise a causal one would be made.
        both_sides = real[:, None, None, :].expand(-1, 1, ids.shape[1], -1)
        hidden = self._mistral(
            input_ids=ids.to(self._device), attention_mask=both_sides.to(self._device)
        ).last_hidden_state
        tokens = self._latent_attention(hidden).float().cpu()
        # As published: the start token is among so many first ones, the instruction's last is not.
        skipped = len(self._tokenizer(instruction, add_special_tokens=False)["input_ids"])
        counted = (real & (places >= skipped)).unsqueeze(-1)
        means = (tokens * counted).sum(dim=1) / counted.sum(dim=1)
        vectors: NDArray[np.float32] = functional.normalize(means, dim=-1).numpy()
        return vectors


def _read_mistral(folder: Path, dtype: torch.dtype) -> tuple[Any, set[str]]:
    """Read the language model; also return the names of weights that are missing."""
    from transformers import MistralConfig, MistralModel

    record = json.loads((folder / "config.json").read_bytes())["text_config"]
    config = MistralConfig.from_dict({**record, "model_type": "mistral", "use_cache": False})
    model, loading = MistralModel.from_pretrained(
        folder,
        config=config,
        key_mapping={r"^embedding_model\.": ""},
        dtype=dtype,
        # The mask of booleans is this implementation's.
        attn_implementation="sdpa",
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
    )
    return model, set(loading["missing_keys"])


def _read_tokenizer(folder: Path) -> Any:
    from transformers import PreTrainedTokenizerFast

    # Not AutoTokenizer: it asks for the configuration's class, which is the model's own code.
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    if tokenizer.eos_token is None:
        raise ValueError("its tokenizer names no end token")
    return tokenizer


def _read_latent_attention(folder: Path, dtype: torch.dtype) -> LatentAttention:
    from safetensors import safe_open

    record = json.loads((folder / "config.json").read_bytes())["latent_attention_config"]
    found: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                if name.startswith(_LATENT_PREFIX):
                    found[name.removeprefix(_LATENT_PREFIX)] = tensors.get_tensor(name).to(dtype)
    latents, width = found["latents"].shape
    network = LatentAttention(
        latents=latents,
        width=width,
        inner=len(found["cross_attend_blocks.0.fn.to_q.weight"]),
        heads=int(record.get("num_cross_heads", _CROSS_HEADS)),
        expanded=found["cross_attend_blocks.1.fn.net.2.weight"].shape[1],
    ).to(dtype)
    network.load_state_dict({name: found[_published(name)] for name in network.state_dict()})
    return network


def _published(name: str) -> str:
    module, *kind = name.split(".")
    return ".".join([_PUBLISHED_NAMES[module], *kind])
