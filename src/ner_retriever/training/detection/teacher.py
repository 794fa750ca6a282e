"""What a detector finds in training texts, kept on disk."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ner_retriever.config import fingerprint
from ner_retriever.detect import load_detector
from ner_retriever.documents import Document, Span
from ner_retriever.training.typed_mentions import TypedText

_BATCH = 512


def teacher_finds(
    texts: Sequence[TypedText],
    teacher: str,
    cache: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[tuple[Span, ...]]:
    """Return what a detector finds in each text; nothing where there is no teacher.

    Args:
        teacher: as ``--detector`` takes it; empty for none.
        cache: a folder; each (texts, detector) gets a file of its own in it.
        progress: called with (texts done, texts in all).
    """
    if not teacher:
        return [() for _ in texts]
    detector = load_detector(teacher)
    content = {"detector": detector.fingerprint, "texts": [text.text for text in texts]}
    file = cache / f"finds-{fingerprint(content)}.json"
    if not file.exists():
        found: list[tuple[Span, ...]] = []
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            found += detector.detect([Document(text.id, text.text) for text in batch])
            if progress:
                progress(len(found), len(texts))
        cache.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(
            json.dumps(
                [
                    [(span.start, span.end, span.detection_score) for span in spans]
                    for spans in found
                ]
            )
        )
        partial.replace(file)
    return [tuple(Span(*span) for span in spans) for spans in json.loads(file.read_bytes())]
