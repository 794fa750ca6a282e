"""BERT's blocks up to a site in numpy, for the few tokens of a query.

Importing torch and transformers takes seconds, reading a query takes milliseconds. So the family
of the default preset is written out here once more; its vectors equal the model's
(tests/test_quick.py). Whatever is not plain BERT is left to the model.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from tokenizers import Tokenizer

from ner_retriever.backbone.adapter_file import read_adapter
from ner_retriever.config import Site
from ner_retriever.documents import Span
from ner_retriever.numerics import gelu, layer_norm, softmax

Array = NDArray[np.float32]

_COMPONENTS = {"query", "key", "value"}


class NumpyBert:
    """A BERT, cut off after a site.

    Args:
        config: what config.json holds.
        weights: by the names that BERT's files have, but the word embeddings; those of layers
            transposed, (in, out), which multiplies a few rows in half the time.
        updates: an adapter's, by the name of the layer: (rank, in) and (out, rank).
        words: the word embeddings, (vocabulary, hidden), read row by row.
        tokenizer: without truncation and padding.
        site: a query, key or value projection.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        weights: Mapping[str, Array],
        updates: Mapping[str, tuple[Array, Array]],
        words: Any,
        tokenizer: Tokenizer,
        site: Site,
    ) -> None:
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        self._weights = weights
        self._updates = updates
        self._words = words
        self._tokenizer = tokenizer
        self._site = site

    def read(
        self, texts: Sequence[str], spans: Sequence[Span], *, prefix: str, most_tokens: int
    ) -> list[tuple[Array, Array] | None]:
        """Return each span's vector at the site, (width,), and its mean state, (hidden,).

        Args:
            spans: one in each text.
            prefix: is read before each text.
            most_tokens: that may be read at once.

        Returns:
            ``None`` where a text needs more care than this gives it: no token, or too many.
        """
        before, after = self._special()
        before = before + self._tokenizer.encode(prefix, add_special_tokens=False).ids
        most = min(most_tokens, len(self._weights["embeddings.position_embeddings.weight"]))
        found: list[tuple[Array, Array] | None] = [None] * len(texts)
        read: dict[int, slice] = {}
        all_ids: list[list[int]] = []
        for place, (text, span) in enumerate(zip(texts, spans, strict=True)):
            bare = self._tokenizer.encode(text, add_special_tokens=False)
            first, last = _inside(bare.offsets, span)
            ids = [*before, *bare.ids, *after]
            if first < last and len(ids) <= most:
                start = sum(map(len, all_ids)) + len(before)
                read[place] = slice(start + first, start + last)
                all_ids.append(ids)
        if not read:
            return found
        states = self._states(all_ids)
        layer = f"encoder.layer.{self._site.block}.attention.self.{self._site.component}"
        for place, tokens in read.items():
            rows = states[tokens]
            pooled = {"first": rows[0], "last": rows[-1], "mean": rows.mean(axis=0)}
            found[place] = self._linear(layer, pooled[self._site.pooling]), pooled["mean"]
        return found

    def _special(self) -> tuple[list[int], list[int]]:
        """Return the special tokens that stand before and after a text."""
        full = self._tokenizer.encode("a")
        special = np.flatnonzero(np.diff([1, *full.special_tokens_mask, 1]))
        first, last = (int(place) for place in special[[0, -1]])
        return full.ids[:first], full.ids[last:]

    def _states(self, texts: Sequence[list[int]]) -> Array:
        """What goes into the site's block, texts one behind the other, (tokens, hidden)."""
        lengths = [len(ids) for ids in texts]
        words = [np.asarray(self._words[row : row + 1]) for ids in texts for row in ids]
        places = np.concatenate([np.arange(length) for length in lengths])
        states = np.concatenate(words)
        states = states + self._weights["embeddings.position_embeddings.weight"][places]
        states = states + self._weights["embeddings.token_type_embeddings.weight"][:1]
        states = self._norm("embeddings.LayerNorm", states)
        ends = np.cumsum(lengths)[:-1]
        for block in range(self._site.block):
            states = self._block(f"encoder.layer.{block}.", states, ends)
        return states

    def _block(self, block: str, states: Array, ends: NDArray[np.int64]) -> Array:
        parts = (
            np.split(self._linear(f"{block}attention.self.{part}", states), ends)
            for part in ("query", "key", "value")
        )
        # A text sees its own tokens alone; all else takes the tokens of all texts together, which
        # reads the weights once.
        seen = np.concatenate([self._attended(*of_text) for of_text in zip(*parts, strict=True)])
        attended = self._linear(f"{block}attention.output.dense", seen)
        states = self._norm(f"{block}attention.output.LayerNorm", states + attended)
        inner = gelu(self._linear(f"{block}intermediate.dense", states))
        return self._norm(
            f"{block}output.LayerNorm", states + self._linear(f"{block}output.dense", inner)
        )

    def _attended(self, *given: Array) -> Array:
        """Let a text's tokens attend to each other; each is (tokens, hidden)."""
        query, key, value = (
            rows.reshape(len(rows), self._heads, -1).swapaxes(0, 1) for rows in given
        )
        seen = softmax(query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1])) @ value
        return np.asarray(seen.swapaxes(0, 1).reshape(given[0].shape), np.float32)

    def _linear(self, name: str, rows: Array) -> Array:
        product: Array = rows @ self._weights[f"{name}.weight"]
        if name in self._updates:
            # For a few rows, this is quicker than adding the update to the weights.
            down, up = self._updates[name]
            product += (rows @ down.T) @ up.T
        product += self._weights[f"{name}.bias"]
        return product

    def _norm(self, name: str, rows: Array) -> Array:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return layer_norm(rows, weight, bias, self._epsilon)


def load_numpy_bert(folder: Path, site: Site, adapter: Path | None) -> NumpyBert | None:
    """Read a model's first blocks.

    Args:
        adapter: a file of low-rank updates that are added to the weights.

    Returns:
        ``None`` where the folder holds no plain BERT in one file, or cannot be read: the model
        itself says what is wrong.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
        if not _is_plain(config) or site.component not in _COMPONENTS:
            return None
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        file: Any = safe_open(folder / "model.safetensors", framework="numpy")
        words = file.get_slice("embeddings.word_embeddings.weight")
        needed = [name for name in file.keys() if _is_needed(name, site)]  # noqa: SIM118
        weights = {name: _ready(name, file.get_tensor(name)) for name in needed}
        updates = read_adapter(adapter) if adapter else {}
        return NumpyBert(config, weights, updates, words, tokenizer, site)
    except Exception:  # damaged files make the readers raise almost anything
        return None


def _is_plain(config: Mapping[str, Any]) -> bool:
    return (
        config["model_type"] == "bert"
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type") in {None, "absolute"}
        and not config.get("is_decoder")
    )


def _is_needed(name: str, site: Site) -> bool:
    if name.startswith("embeddings."):
        return "word_embeddings" not in name and "position_ids" not in name
    parts = name.split(".")
    if parts[:2] != ["encoder", "layer"]:
        return False
    block = int(parts[2])
    return block < site.block or (
        block == site.block and f".attention.self.{site.component}." in name
    )


def _ready(name: str, tensor: NDArray[Any]) -> Array:
    is_layer = tensor.ndim == 2 and not name.startswith("embeddings.")
    return np.ascontiguousarray(tensor.T if is_layer else tensor, np.float32)


def _inside(offsets: list[tuple[int, int]], span: Span) -> tuple[int, int]:
    """Return the tokens [first, last) that share a character with a span."""
    starts, ends = np.array(offsets, np.int64).reshape(-1, 2).T
    first = int(np.searchsorted(ends, span.start, side="right"))
    return first, int(np.searchsorted(starts, span.end, side="left"))
