"""What a detector is, and the order that it keeps."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from ner_retriever.documents import Document, Span


class Detector(Protocol):
    """Finds the spans of a text that may be entities, whatever their type.

    A detector is cheap to make: it loads its model when it first reads a text.
    """

    @property
    def name(self) -> str:
        """What ``--detector`` was given, and what else tells detectors of that name apart."""
        ...

    @property
    def fingerprint(self) -> str:
        """Names the detector, its options and its model; an index keeps it in its manifest."""
        ...

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Find the mentions of each document.

        Returns:
            One tuple a document, in the same order, as ``tidy`` leaves it. Spans may be nested
            and may overlap.
        """
        ...


def tidy(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Put spans of a text in order.

    Args:
        text: what the offsets refer to; each span lies in it.
        spans: in any order, perhaps empty, repeated, or with white space at their ends.

    Returns:
        The spans without white space at their ends, none empty, none twice (the best detection
        score stays), sorted by start and end.
    """
    best: dict[tuple[int, int], Span] = {}
    for span in spans:
        surface = text[span.start : span.end]
        start = span.start + len(surface) - len(surface.lstrip())
        end = start + len(surface.strip())
        if start == end:
            continue
        known = best.get((start, end))
        if known is None or known.detection_score < span.detection_score:
            best[start, end] = replace(span, start=start, end=end)
    return tuple(best[key] for key in sorted(best))
