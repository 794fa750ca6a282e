"""Compare weights of the detection score, of the sentence and of a type's own word in the ranking.

    python scripts/score_weights.py --preset mpnet --data typed-mentions.jsonl.gz --out out.json

R-Precision on mentions that the preset's mention head detects, of the example corpus and of texts
of those sources of the typed mentions that annotate every mention. No benchmark is among them. What
the weights are for: ner_retriever.heads.projection.network and .record.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from ner_retriever.cli.output import write_json
from ner_retriever.config import load_preset
from ner_retriever.detect import Detector
from ner_retriever.documents import LEAST_NAME_SCORE, Document, Span
from ner_retriever.heads.projection.files import load_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.record import find_head
from ner_retriever.reading.encoder import Encoder, load_encoder
from ner_retriever.reading.reader import Reader
from ner_retriever.reading.readers import load_reader
from ner_retriever.search.rollup import entity_key
from ner_retriever.text.normal_form import singular
from ner_retriever.text.readers import read_documents
from ner_retriever.training.metric import r_precision
from ner_retriever.training.typed_mentions import read_typed_mentions

EXAMPLES = Path(__file__).parent.parent / "examples"
SOURCES = ("crossner", "wikigold", "wnut17")
DETECTION_WEIGHTS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08)
CONTEXT_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
# What a mention loses that is no name and nothing but the word that the type is called by.
OWN_WORD_LOSSES = (0.0, 0.02, 0.05, 0.1, 0.2, 1.0)
FEWEST_TEXTS = 5


@dataclass(frozen=True)
class Pool:
    name: str
    documents: Sequence[Document]
    relevant: dict[str, NDArray[np.int64]]


def main() -> None:
    options, encoder, reader = begin(__doc__)
    console = Console(highlight=False, soft_wrap=True)
    head, _ = load_head(find_head(encoder.preset.head))
    results = {}
    for pool in [examples(), *sources(options.data, options.texts)]:
        results[pool.name] = {
            "texts": len(pool.documents),
            "types": len(pool.relevant),
            **measure(pool, encoder, reader, head),
        }
        console.print(pool.name, json.dumps(results[pool.name]))
    if options.out:
        write_json({"preset": options.preset, "pools": results}, options.out)


def begin(description: str) -> tuple[argparse.Namespace, Encoder, Reader]:
    """Read the options of a script that compares ways of ranking, and load the preset."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", required=True, help="its name, or a JSON file")
    parser.add_argument("--data", type=Path, required=True, help="typed mentions")
    parser.add_argument("--texts", type=int, default=600, help="of each source, about")
    parser.add_argument("--out", type=Path, help="write what was measured here, JSON")
    options = parser.parse_args()
    preset = load_preset(options.preset)
    encoder = load_encoder(preset)
    return options, encoder, load_reader("mention-head", preset, lambda: encoder)


def examples() -> Pool:
    documents = list(read_documents([EXAMPLES / "corpus.jsonl"]))
    rows = {document.id: row for row, document in enumerate(documents)}
    lines = (EXAMPLES / "types.jsonl").read_text(encoding="utf-8").splitlines()
    types = [json.loads(line) for line in lines]
    relevant = {of["type"]: np.array([rows[name] for name in of["ids"]]) for of in types}
    return Pool("examples", documents, relevant)


def sources(data: Path, most: int, names: Sequence[str] = SOURCES) -> list[Pool]:
    typed = read_typed_mentions([data])
    pools = []
    for source in names:
        texts = [text for text in typed if text.source == source]
        texts = texts[:: max(1, len(texts) // most)]
        rows: defaultdict[str, set[int]] = defaultdict(set)
        for row, text in enumerate(texts):
            for name in {name for names in text.types for name in names}:
                rows[name].add(row)
        relevant = {
            name: np.array(sorted(found))
            for name, found in rows.items()
            if len(found) >= FEWEST_TEXTS
        }
        pools.append(Pool(source, [Document(text.id, text.text) for text in texts], relevant))
    return pools


def measure(
    pool: Pool, encoder: Encoder, detector: Detector, head: ProjectionHead
) -> dict[str, object]:
    """R-Precision by weights, and by what a type's own word loses, on average over the types."""
    spans = detector.detect(pool.documents)
    texts = [document.text for document in pool.documents]
    sites = torch.from_numpy(np.concatenate(encoder.extractor.mentions(texts, spans)))
    sureness = torch.tensor([span.detection_score for found in spans for span in found])
    own_part = slice(encoder.dimensions)
    context_part = slice(encoder.dimensions, None)
    around = units(np.concatenate(encoder.mentions(texts, spans))[:, context_part])
    queries = encoder.queries(list(pool.relevant))
    in_context = units(queries[:, context_part]) @ around.T
    own_queries = units(queries[:, own_part])
    context_weights = CONTEXT_WEIGHTS if around.shape[1] else (0.0,)
    weighted: dict[str, dict[str, float]] = {}
    own_detection = head.detection
    for detection in DETECTION_WEIGHTS:
        head.detection = detection
        with torch.inference_mode():
            own = own_queries @ head.mentions(sites, sureness).numpy().T
        weighted[f"{detection:g}"] = {
            f"{weight:g}": macro(own + weight * in_context, pool, spans)
            for weight in context_weights
        }
    head.detection = own_detection
    own_word = own_words(pool, spans)
    scores = encoder.queries(list(pool.relevant)) @ np.concatenate(encoder.mentions(texts, spans)).T
    lost = {f"{loss:g}": macro(scores - loss * own_word, pool, spans) for loss in OWN_WORD_LOSSES}
    return {"r_precision": weighted, "own_word_loses": lost}


def own_words(pool: Pool, spans: Sequence[Sequence[Span]]) -> NDArray[np.bool_]:
    """Whether a mention is an ordinary noun that the type is called by, (types, mentions)."""
    keys = np.array(
        [
            ""
            if span.name_score >= LEAST_NAME_SCORE
            else noun(document.text[span.start : span.end])
            for document, found in zip(pool.documents, spans, strict=True)
            for span in found
        ]
    )
    return np.stack([keys == noun(name) for name in pool.relevant])


def noun(text: str) -> str:
    return singular(entity_key(text))


def macro(scores: NDArray[np.float32], pool: Pool, spans: Sequence[Sequence[Span]]) -> float:
    pairs = zip(scores, pool.relevant.values(), strict=True)
    return float(np.mean([r_precision(best(row, spans), relevant) for row, relevant in pairs]))


def units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def best(scores: NDArray[np.float32], spans: Sequence[Sequence[Span]]) -> NDArray[np.float32]:
    """Each document's best score, −inf without mentions."""
    owners = np.repeat(np.arange(len(spans)), [len(found) for found in spans])
    found = np.full(len(spans), -np.inf, np.float32)
    np.maximum.at(found, owners, scores)
    return found


if __name__ == "__main__":
    main()
