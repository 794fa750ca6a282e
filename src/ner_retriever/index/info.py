"""What an index holds, counted."""

from dataclasses import dataclass
from pathlib import Path

from ner_retriever.index.folder import size
from ner_retriever.index.manifest import Manifest
from ner_retriever.index.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexInfo:
    """What an index holds and was made with.

    Attributes:
        documents, mentions: how many there are.
        dimensions: of a mention's vector.
        bytes: of all files of the index, earlier versions and derived files included.
        version: of the store; grows with every change.
        manifest: what the index was made with.
    """

    path: str
    documents: int
    mentions: int
    dimensions: int
    bytes: int
    version: int
    manifest: Manifest


def index_info(path: Path, store: Store, manifest: Manifest) -> IndexInfo:
    """Count what an index holds."""
    return IndexInfo(
        path=str(path),
        documents=store.count(),
        mentions=store.mention_count(),
        dimensions=manifest.dimensions,
        bytes=size(path),
        version=store.version,
        manifest=manifest,
    )
