"""Where entities are: one small file a detector, one protocol."""

from ner_retriever.detect.base import Detector, tidy
from ner_retriever.detect.generative import GenerativeSpans
from ner_retriever.detect.given import GivenSpans
from ner_retriever.detect.gliner_spans import GlinerSpans
from ner_retriever.detect.marking import MarkingModel
from ner_retriever.detect.spacy_spans import SpacySpans
from ner_retriever.errors import ConfigError

__all__ = ["Detector", "load_detector", "tidy"]


def load_detector(name: str, *, device: str = "cpu") -> Detector:
    """Make a detector; its model is loaded when it first reads a text.

    Args:
        name: ``spans``, ``spacy``, ``gliner:MODEL`` or ``generative:MODEL``, where MODEL is a
            folder or a hub id.
        device: where torch runs a model, for ``gliner`` and ``generative``.

    Raises:
        ConfigError: there is no such detector.
    """
    kind, _, source = name.partition(":")
    match kind, source:
        case "spans", "":
            return GivenSpans()
        case "spacy", "":
            return SpacySpans()
        case "gliner", _ if source:
            return GlinerSpans(source=source, name=name, device=device)
        case "generative", _ if source:
            return GenerativeSpans(name=name, model=MarkingModel(source=source, device=device))
    raise ConfigError(
        f"no detector {name!r}; choose mention-head, mention-head:FOLDER, spans, spacy, "
        "gliner:MODEL or generative:MODEL, where MODEL is a folder or a hub id"
    )
