"""This package itself: an index that exists, or one made of the benchmark's texts.

Texts are added and queries answered by `Retriever`, so what is measured is what users get:
vectors rounded to float16, exact cosine, a text as good as its best mention.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import EngineName
from ner_retriever.documents import Document, Mention, Span
from ner_retriever.evaluation.seen import read_training_types
from ner_retriever.evaluation.systems import Progress, Settings, System
from ner_retriever.evaluation.systems.pool import find_texts, whole_scan
from ner_retriever.retriever import Retriever
from ner_retriever.temporary import TemporaryFolder


class ExistingIndex(System):
    """An index on disk that holds the benchmark's texts, with the mentions it was made with.

    Texts are recognised by their content, whatever their id. Further texts in the index are
    ignored: a text's score does not depend on the others.

    Args:
        retriever: the index, opened.
        name: how it is called in results.

    Raises:
        ModelError: the index's models cannot be loaded.
        FingerprintMismatch: they are not those that filled the index.
    """

    def __init__(self, retriever: Retriever, *, name: str) -> None:
        self.name = name
        self.training_types = read_training_types(retriever.preset.head)
        self._retriever = retriever
        self._documents: Sequence[Document] = ()
        self._rows = np.empty(0, dtype=np.int64)
        # Loaded here, so that it counts neither as time to index nor as time to answer.
        self._fingerprints = retriever.encoder.fingerprints

    @property
    def settings(self) -> Settings:
        """Preset, detector, fingerprints, and how many vectors of which size there are."""
        info = self._retriever.info()
        return {
            "preset": info.manifest.preset,
            "detector": info.manifest.settings["detector"],
            **self._fingerprints,
            "dimensions": info.dimensions,
            "mentions": info.mentions,
            "texts": info.documents,
        }

    @property
    def bytes_a_text(self) -> float:
        """The vectors of its mentions and of their sentences, as they are kept."""
        scan = whole_scan(self._retriever)
        return scan.vector_bytes / len(scan.documents)

    @property
    def disk_bytes_a_text(self) -> float:
        """All files of the index: text, mentions, vectors, and what is derived from them."""
        info = self._retriever.info()
        return info.bytes / info.documents

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Find the texts in the index.

        Raises:
            InputError: some are not there.
        """
        self._documents = documents
        self._rows = find_texts(self._retriever, documents)
        if progress:
            progress(len(documents))

    def rank(self, query: str) -> NDArray[np.float32]:
        """The cosine of each text's best mention: (n_texts,) float32, −inf without mentions."""
        results = self._retriever.search(query, limit=None)
        return results.document_scores[self._rows]

    @property
    def detector_fingerprint(self) -> str:
        """Names the detector that the index was made with."""
        return self._retriever.manifest.fingerprints["detector"]

    def mentions(self) -> list[list[Span]]:
        """The mentions of each of the benchmark's texts, with their detection scores."""
        scan = whole_scan(self._retriever)
        return [
            [Span(*mention[:4]) for mention in scan.mentions_of(row).tolist()]
            for row in self._rows.tolist()
        ]

    @property
    def retriever(self) -> Retriever:
        """The index."""
        return self._retriever

    @property
    def rows(self) -> NDArray[np.int64]:
        """Where each of the benchmark's texts stands in the index, (n_texts,) int64."""
        return self._rows

    def best_mentions(self, query: str, positions: Sequence[int]) -> list[Mention | None]:
        """The best mention of each of some texts; ``None`` where the text has none."""
        results = self._retriever.search(query, limit=None)
        rows = self._rows[list(positions)]
        found: list[Mention | None] = []
        of_rows = zip(positions, rows.tolist(), results.scores_of(rows), strict=True)
        for position, row, scores in of_rows:
            if not len(scores):
                found.append(None)
                continue
            best = int(np.argmax(scores))
            start, end = results.scan.mentions_of(row)[["start", "end"]][best].tolist()
            surface = self._documents[position].text[start:end]
            found.append(Mention(start, end, surface, float(scores[best])))
        return found


class NerRetriever(ExistingIndex):
    """A preset, with an index of its own in a temporary folder.

    Args:
        preset: a preset's name, or a JSON file with the keys of a ``Preset``.
        name: how it is called in results.
        detector: what finds mentions, as ``Retriever.create`` takes it; with ``spans`` they are
            given.
        engine: what runs the backbone.

    Raises:
        ConfigError: there is no such preset or detector.
        ModelError: its models cannot be loaded.
        StoreError: the temporary folder cannot be written.
    """

    def __init__(
        self,
        preset: str,
        *,
        name: str = "ner-retriever",
        detector: str | None = "spans",
        engine: EngineName = "torch",
    ) -> None:
        self.reads_mentions = detector == "spans"
        self._folder = TemporaryFolder()
        path = Path(self._folder.name) / "index"
        # A query that was asked in an earlier run must take as long as any other, and an index that
        # is thrown away need not survive a power cut.
        retriever = Retriever.create(
            path, preset=preset, detector=detector, engine=engine, query_cache=False, sync=False
        )
        super().__init__(retriever, name=name)

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Embed the documents' mentions, given or found, and store them.

        Raises:
            DocumentError: a document has no spans, where they are to be given.
        """
        self._retriever.add(
            documents, progress=(lambda added: progress(added.documents)) if progress else None
        )
        super().index(documents)
