"""A published sentence model as it was before training: what a context head must not forget."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ner_retriever.backbone.torch_loading import load_model
from ner_retriever.backbone.weights import find_weights

_SAMPLE = 8192
_BATCH_TOKENS = 16_384
_MOST_TOKENS = 256


class Teacher:
    """Vectors of sentences and type names from a published model, in few numbers.

    A text's vector is the mean of its tokens' last hidden states, as the sentence-transformers
    models with mean pooling have it, mapped to the leading right singular vectors of a sample: of
    all linear maps to so few numbers, the one that changes dot products least.

    Args:
        name: of the model, as a backbone's is given.
        texts: the sentences and type names that may be asked for, by number.
        dimensions: of the vectors.
        device: where the model is to be.
        seed: of the sample.

    Raises:
        ModelError: its weights cannot be found, are damaged, or are of no known family.
    """

    def __init__(
        self, name: str, texts: Sequence[str], *, dimensions: int, device: torch.device, seed: int
    ) -> None:
        model, tokenizer = load_model(find_weights(name), device=str(device))
        self._model: nn.Module = model.eval().requires_grad_(False)
        self._device = device
        room = _MOST_TOKENS - len(tokenizer.before) - len(tokenizer.after)
        self._ids = [
            np.concatenate([tokenizer.before, tokens.ids[:room], tokenizer.after])
            for tokens in tokenizer.tokenize(texts)
        ]
        generator = np.random.default_rng(seed)
        drawn = generator.choice(len(texts), min(len(texts), _SAMPLE), replace=False)
        _, _, right = torch.linalg.svd(self._read(drawn), full_matrices=False)
        self._map = right[:dimensions].T.contiguous()

    def vectors(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the vectors of some texts, (rows, dimensions) float32, rows of length 1."""
        return functional.normalize(self._read(rows) @ self._map, dim=-1)

    @torch.no_grad()
    def _read(self, rows: NDArray[np.int64]) -> Tensor:
        lengths = np.array([len(self._ids[row]) for row in rows])
        order = np.argsort(-lengths, kind="stable")
        found: list[Tensor] = []
        first = 0
        while first < len(order):
            count = max(1, _BATCH_TOKENS // int(lengths[order[first]]))
            batch = order[first : first + count]
            found.append(self._batch(rows[batch], int(lengths[batch[0]])))
            first += count
        back = torch.from_numpy(np.argsort(order, kind="stable")).to(self._device)
        return functional.normalize(torch.cat(found)[back], dim=-1)

    def _batch(self, rows: NDArray[np.int64], longest: int) -> Tensor:
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for place, row in enumerate(rows):
            ids[place, : len(self._ids[row])] = self._ids[row]
            mask[place, : len(self._ids[row])] = 1
        real = torch.from_numpy(mask).to(self._device)
        given = {"input_ids": torch.from_numpy(ids).to(self._device), "attention_mask": real}
        states: Tensor = self._model(**given).last_hidden_state.float()
        return (states * real[..., None]).sum(1) / real.sum(1, keepdim=True)
