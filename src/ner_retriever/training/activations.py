"""Site vectors of all training mentions and type names, extracted once and kept on disk.

With them at hand an epoch of the head takes seconds. An extraction that is cut off goes on where
it stopped.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import fingerprint
from ner_retriever.encode import Extractor
from ner_retriever.training.typed_mentions import TypedText

_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Activations:
    """Training mentions as numbers.

    Attributes:
        mentions: (mentions, width) float32, memory-mapped.
        queries: (types, width) float32, type names read as queries.
        names: the type names.
        owners: (pairs,) int64 and
        types: (pairs,) int64: mention ``owners[i]`` has type ``types[i]``.
        texts: (mentions,) int64, the text that a mention stands in.
        sources: (mentions,) str, the source of that text.
        fingerprint: names texts, spans, types, backbone and site.
    """

    mentions: NDArray[np.float32]
    queries: NDArray[np.float32]
    names: tuple[str, ...]
    owners: NDArray[np.int64]
    types: NDArray[np.int64]
    texts: NDArray[np.int64]
    sources: NDArray[np.str_]
    fingerprint: str = ""


def extract(
    extractor: Extractor,
    texts: Sequence[TypedText],
    cache: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Activations:
    """Extract, or read from the cache, the activations of texts.

    Args:
        cache: a folder; each (texts, backbone, site) gets a folder of its own in it.
        progress: called with (texts done, texts in all).
    """
    key = fingerprint(
        {
            "backbone": extractor.fingerprint,
            "site": extractor.preset.site_fingerprint,
            "texts": [[text.text, [[s.start, s.end] for s in text.spans]] for text in texts],
        }
    )
    folder = cache / key
    folder.mkdir(parents=True, exist_ok=True)
    names = tuple(sorted({name for text in texts for types in text.types for name in types}))
    queries = _queries(extractor, names, folder)
    mentions = _mentions(extractor, texts, folder, queries.shape[1], progress)
    number = {name: index for index, name in enumerate(names)}
    all_types = [types for text in texts for types in text.types]
    pairs = [(owner, number[name]) for owner, types in enumerate(all_types) for name in types]
    owners, types = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    sizes = [len(text.spans) for text in texts]
    return Activations(
        mentions=mentions,
        queries=queries,
        names=names,
        owners=owners,
        types=types,
        texts=np.repeat(np.arange(len(texts)), sizes),
        sources=np.repeat([text.source for text in texts], sizes),
        fingerprint=fingerprint({"texts": key, "types": all_types}),
    )


def _queries(extractor: Extractor, names: Sequence[str], folder: Path) -> NDArray[np.float32]:
    file = folder / f"queries-{fingerprint({'names': list(names)})}.npy"
    if not file.exists():
        partial = file.with_suffix(".partial.npy")
        np.save(partial, extractor.queries(names))
        partial.rename(file)
    return np.asarray(np.load(file), dtype=np.float32)


def _mentions(
    extractor: Extractor,
    texts: Sequence[TypedText],
    folder: Path,
    width: int,
    progress: Callable[[int, int], None] | None,
) -> NDArray[np.float32]:
    """Fill the matrix chunk by chunk; ``done.json`` counts the texts whose rows are on disk."""
    first_row = np.concatenate([[0], np.cumsum([len(text.spans) for text in texts])])
    shape = (int(first_row[-1]), width)
    matrix, counter = folder / "mentions.f32", folder / "done.json"
    done = json.loads(counter.read_text()) if counter.exists() else 0
    rows = np.memmap(matrix, np.float32, "r+" if done else "w+", shape=shape)
    while done < len(texts):
        chunk = texts[done : done + _CHUNK]
        vectors = extractor.mentions([text.text for text in chunk], [text.spans for text in chunk])
        rows[first_row[done] : first_row[done + len(chunk)]] = np.concatenate(vectors)
        rows.flush()
        done += len(chunk)
        partial = counter.with_suffix(".partial")
        partial.write_text(json.dumps(done))
        partial.replace(counter)
        if progress:
            progress(done, len(texts))
    return np.memmap(matrix, np.float32, "r", shape=shape)
