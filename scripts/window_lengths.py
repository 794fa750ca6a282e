"""Compare how much of a text a preset reads at once: single sentences, or windows of some lengths.

    python scripts/window_lengths.py --preset mpnet --data typed-documents.jsonl.gz --out out.json

R-Precision on the mentions that the preset's mention head detects, of the example corpus and of
whole abstracts. No benchmark is among them. Mentions are found once, and embedded in each way.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from score_weights import Pool, begin, examples, macro, sources

from ner_retriever.cli.output import write_json
from ner_retriever.documents import Span
from ner_retriever.reading.encoder import Encoder
from ner_retriever.text.windows import sentence_starts

SOURCES = ("re-docred",)
TOKENS = (32, 64, 128, 256)


def main() -> None:
    options, encoder, reader = begin(__doc__)
    console = Console(highlight=False, soft_wrap=True)
    results = {}
    for pool in [examples(), *sources(options.data, options.texts, SOURCES)]:
        spans = reader.detect(pool.documents)
        ways = {"a sentence": by_sentence(pool, spans, encoder)}
        for tokens in TOKENS:
            short = encoder.extractor.with_preset(replace(encoder.preset, max_tokens=tokens))
            texts = [document.text for document in pool.documents]
            ways[f"{tokens} tokens"] = Encoder(short, encoder.heads).mentions(texts, spans)
        queries = encoder.queries(list(pool.relevant))
        results[pool.name] = {
            "texts": len(pool.documents),
            "types": len(pool.relevant),
            "r_precision": {
                way: macro(queries @ np.concatenate(vectors).T, pool, spans)
                for way, vectors in ways.items()
            },
        }
        console.print(pool.name, results[pool.name])
    if options.out:
        write_json({"preset": options.preset, "pools": results}, options.out)


def by_sentence(
    pool: Pool, spans: Sequence[Sequence[Span]], encoder: Encoder
) -> list[NDArray[np.float32]]:
    """Embed each mention in its sentence alone; one that goes past it, in the rest of the text."""
    texts, own, owners = [], [], []
    for document, found in zip(pool.documents, spans, strict=True):
        starts = sentence_starts(document.text)
        ends = [*starts[1:], len(document.text)]
        for span in found:
            number = bisect_right(starts, span.start) - 1
            end = max(ends[number], span.end)
            texts.append(document.text[starts[number] : end])
            shift = starts[number]
            own.append([replace(span, start=span.start - shift, end=span.end - shift)])
        owners.append(len(found))
    vectors = np.concatenate(encoder.mentions(texts, own))
    return np.split(vectors, np.cumsum(owners)[:-1])


if __name__ == "__main__":
    main()
