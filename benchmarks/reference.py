"""The opponent: the pipeline that the paper describes, written from its description alone.

The whole model runs, through all blocks and, if it is a causal one, its language-model head; a
hook on the site keeps what comes by. Texts come in batches in the order they have, padded to the
longest. The head is applied a mention at a time. Vectors are Python lists; a flat float32 index is
made of them at each start, and searched whole.

    python benchmarks/reference.py TEXTS.jsonl --preset smollm2 --vectors OUT.npy --out OUT.json

TEXTS.jsonl holds texts with given spans. Backbone, adapter, head and texts are those of `ours.py`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from children import Measured, parts_of, read_given
from measuring import peak_bytes
from ner_retriever.backbone.adapter import merge_adapter
from ner_retriever.backbone.hugging_face import quiet_transformers
from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import PRESETS, Preset
from ner_retriever.documents import Document, Span
from ner_retriever.heads.projection.files import load_head
from ner_retriever.heads.projection.record import ADAPTER_NAME, find_head

BATCH = 32
_SITES = {
    "causal": "layers.{}.self_attn.v_proj",
    "encoder": "encoder.layer.{}.attention.self.value",
}


class FlatIndex:
    """All vectors in float32; every search compares with every one of them."""

    def __init__(self, vectors: list[list[float]]) -> None:
        self.rows = np.array(vectors, dtype=np.float32)

    def search(self, query: np.ndarray, number: int) -> np.ndarray:
        """Return the rows that are nearest to a query, best first."""
        return np.argsort(-(self.rows @ query), kind="stable")[:number]


class Reference:
    """The pipeline, its models loaded."""

    def __init__(self, preset: Preset) -> None:
        from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

        folder = find_weights(preset.backbone).folder
        causal = bool(preset.prefix)
        kind = AutoModelForCausalLM if causal else AutoModel
        with quiet_transformers():
            self.model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        head_folder = find_head(preset.head)
        self.head, record = load_head(head_folder)
        if record.adapter:
            merge_adapter(self.model.base_model, head_folder / ADAPTER_NAME)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        self.tokenizer.padding_side = "right"
        self.preset = preset
        path = _SITES["causal" if causal else "encoder"].format(preset.site.block)
        self.model.base_model.get_submodule(path).register_forward_hook(self._keep)
        self._values = torch.empty(0)
        self.vectors: list[list[float]] = []

    def add(self, documents: list[Document]) -> None:
        """Embed the given spans of documents."""
        for first in range(0, len(documents), BATCH):
            self._add_batch(documents[first : first + BATCH])

    @torch.no_grad()
    def _add_batch(self, documents: list[Document]) -> None:
        prefix = self.preset.prefix
        encoded = self.tokenizer(
            [prefix + document.text for document in documents],
            padding="longest",
            truncation=True,
            max_length=self.preset.max_tokens,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = encoded.pop("offset_mapping") - len(prefix)
        self.model(**encoded)
        for document, values, places in zip(documents, self._values, offsets, strict=True):
            for span in document.spans or ():
                vector = self._pooled(values, places, span)
                self.vectors.append(self.head.mentions(vector[None])[0].tolist())

    def _pooled(self, values: Tensor, places: Tensor, span: Span) -> Tensor:
        starts, ends = places[:, 0], places[:, 1]
        inside = torch.nonzero((starts < span.end) & (ends > span.start) & (ends > starts))[:, 0]
        if self.preset.site.pooling == "mean":
            return values[inside].mean(dim=0)
        return values[inside[-1]]

    def _keep(self, _module: object, _args: object, output: Tensor) -> None:
        self._values = output


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--preset", choices=PRESETS, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--more-mentions", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    reference = Reference(PRESETS[options.preset])
    documents = read_given(options.texts)
    reference.add(documents[:1])
    reference.vectors.clear()
    measured = Measured()
    for part in parts_of(documents):
        start = time.perf_counter()
        reference.add(part)
        measured.part(part, time.perf_counter() - start)
    np.save(options.vectors, np.array(reference.vectors, dtype=np.float32))
    measured.peak_bytes = peak_bytes()
    if options.more_mentions:
        generator, width = np.random.default_rng(0), len(reference.vectors[0])
        for _ in range(options.more_mentions):
            reference.vectors.append(generator.standard_normal(width).tolist())
    index = FlatIndex(reference.vectors)
    index.search(index.rows[0], 100)
    measured.peak_bytes_with_more = peak_bytes()
    measured.write(options.out)


if __name__ == "__main__":
    main()
