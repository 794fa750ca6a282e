"""A model's tokenizer: from texts to tokens with offsets, nothing ever cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ner_retriever.errors import UnsupportedModel, first_line


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text's tokens, special tokens apart.

    Attributes:
        ids: (tokens,) int64.
        spans: the characters [start, end) of each token, (tokens, 2) int64.
    """

    ids: NDArray[np.int64]
    spans: NDArray[np.int64]


class TextTokenizer:
    """Tokenizes texts whole.

    Args:
        tokenizer: its truncation and padding are switched off.

    Attributes:
        before, after: special tokens that the tokenizer puts around a text, (n,) int64.

    Raises:
        UnsupportedModel: the tokenizer changes a text's tokens when it adds special ones.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.before, self.after = self._special_ids()

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize texts, without special tokens."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            Tokens(
                ids=np.array(each.ids, np.int64),
                spans=np.array(each.offsets, np.int64).reshape(-1, 2),
            )
            for each in encoded
        ]

    def _special_ids(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        bare = self._tokenizer.encode("a", add_special_tokens=False).ids
        full = self._tokenizer.encode("a").ids
        for first in range(len(full) - len(bare) + 1):
            last = first + len(bare)
            if full[first:last] == bare:
                return np.array(full[:first], np.int64), np.array(full[last:], np.int64)
        raise UnsupportedModel("the tokenizer changes a text's tokens when it adds special ones")


def read_tokenizer(folder: Path) -> TextTokenizer:
    """Read the ``tokenizer.json`` of a model's folder; without one, transformers makes it.

    Raises:
        UnsupportedModel: it cannot be read, or gives no character offsets.
    """
    file = folder / "tokenizer.json"
    try:
        if file.is_file():
            return TextTokenizer(Tokenizer.from_file(str(file)))
    except UnsupportedModel:
        raise
    except Exception as error:  # the library raises no other class
        raise UnsupportedModel(
            f"the model in {folder} cannot be loaded: {file.name}: {first_line(error)}"
        ) from error
    from ner_retriever.backbone.hugging_face import make_tokenizer

    return TextTokenizer(make_tokenizer(folder))
