"""Find every document that mentions an entity of a type you make up at query time.

>>> from ner_retriever import Retriever
>>> retriever = Retriever.create("my.index")
>>> retriever.add(["Sue, a Tyrannosaurus, stands in the Field Museum."])
>>> [hit.id for hit in retriever.search("dinosaur")]
"""

from typing import TYPE_CHECKING, Any

from ner_retriever.config import PRESETS, Preset, Site
from ner_retriever.documents import Document, Hit, Mention, Span
from ner_retriever.errors import NerRetrieverError

if TYPE_CHECKING:
    from ner_retriever.retriever import Retriever

__all__ = [
    "PRESETS",
    "Document",
    "Hit",
    "Mention",
    "NerRetrieverError",
    "Preset",
    "Retriever",
    "Site",
    "Span",
]


def __getattr__(name: str) -> Any:
    # The store's libraries take half a second to load, which --help should not wait for.
    if name == "Retriever":
        from ner_retriever.retriever import Retriever

        return Retriever
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
