"""Site vectors of all training mentions and type names, extracted once and kept on disk.

With them at hand an epoch of the head takes seconds. An extraction that is cut off goes on where
it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import fingerprint
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training.annotations import Annotations, annotate
from ner_retriever.training.matrix import fill_matrix
from ner_retriever.training.typed_mentions import TypedText

_CHUNK = 2048


@dataclass(frozen=True, kw_only=True, slots=True)
class Activations(Annotations):
    """Training mentions as numbers.

    Attributes:
        mentions: (mentions, width) float32, memory-mapped.
        queries: (types, width) float32, type names read as queries.
    """

    mentions: NDArray[np.float32]
    queries: NDArray[np.float32]


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
    annotations = annotate(texts)
    queries = _queries(extractor, annotations.names, folder)
    mentions = _mentions(extractor, texts, folder, queries.shape[1], progress)
    known = {item.name: getattr(annotations, item.name) for item in fields(annotations)}
    return Activations(mentions=mentions, queries=queries, **known)


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
    first_row = np.concatenate([[0], np.cumsum([len(text.spans) for text in texts])])

    def write(rows: NDArray[np.float32], part: range) -> None:
        chunk = texts[part.start : part.stop]
        vectors = extractor.mentions([text.text for text in chunk], [text.spans for text in chunk])
        rows[first_row[part.start] : first_row[part.stop]] = np.concatenate(vectors)

    return fill_matrix(
        folder / "mentions.f32",
        np.float32,
        (int(first_row[-1]), width),
        write,
        items=len(texts),
        chunk=_CHUNK,
        progress=progress,
    )
