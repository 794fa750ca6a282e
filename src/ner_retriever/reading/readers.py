"""Readers by the names that ``--detector`` takes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ner_retriever.config import Preset
from ner_retriever.detect import load_detector
from ner_retriever.heads.mention.record import has_mention_head
from ner_retriever.heads.projection.record import find_head
from ner_retriever.reading.reader import Reader, TwoPasses

if TYPE_CHECKING:
    from ner_retriever.reading.encoder import Encoder

MENTION_HEAD = "mention-head"


def default_detector(preset: Preset) -> str:
    """Return ``mention-head`` where one comes with the preset's head, else ``spacy``."""
    return MENTION_HEAD if preset.head and has_mention_head(find_head(preset.head)) else "spacy"


def load_reader(
    detector: str,
    preset: Preset,
    encoder: "Callable[[], Encoder]",
    *,
    device: str | None = None,
) -> Reader:
    """Make a reader; models are loaded when it first reads a document.

    Args:
        detector: as ``--detector`` takes it: ``mention-head`` for the one that comes with the
            preset's head, ``mention-head:FOLDER`` for one that was trained for it, or what
            :func:`~ner_retriever.detect.load_detector` takes.
        encoder: gives the preset's encoder, when it is first needed.
        device: where torch runs a detector's own model.

    Raises:
        ConfigError: there is no such detector.
        WeightsNotFound: there is no such mention head.
        FingerprintMismatch: it was trained for something else than the preset.
    """
    kind, _, source = detector.partition(":")
    if kind != MENTION_HEAD:
        return TwoPasses(load_detector(detector, device=device or "cpu"), encoder)
    from ner_retriever.reading.mention_reader import MentionReader

    return MentionReader(detector, preset, encoder, folder=source or None)
