"""The paper's ablations: vectors as they are at a site, without a head.

Mentions are centred on the mean of the pool's mentions, queries on the mean of many type names: in
a language model's space all mentions lie on one side and all type names on another. The type names
are a fixed list, so that no query depends on what else is asked.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import PRESETS, Preset, Site
from ner_retriever.detect import load_detector
from ner_retriever.documents import Document
from ner_retriever.evaluation.systems import Progress, Settings, System
from ner_retriever.index.mentions import DOCUMENT
from ner_retriever.index.parts import MENTION, Part
from ner_retriever.index.scan import Scan
from ner_retriever.reading.extractor import load_extractor

# The last block's output (of 30), at the last token, in place of the preset's value vectors.
LLM_HIDDEN = replace(
    PRESETS["smollm2"],
    name="smollm2, last hidden state",
    site=Site(component="hidden", block=29, pooling="last"),
    head=None,
)

# fmt: off
KINDS = (
    "actor", "aircraft", "airline", "album", "animal", "artwork", "athlete", "award", "band",
    "bank", "battle", "beverage", "bird", "body part", "book", "bridge", "building", "castle",
    "chemical compound", "church", "city", "club", "colour", "comet", "company", "composer",
    "conference", "country", "court", "crime", "currency", "dance", "device", "disease", "drug",
    "element", "emperor", "enzyme", "event", "festival", "fictional character", "film", "fish",
    "flower", "food", "fruit", "game", "gene", "god", "holiday", "hospital", "insect", "island",
    "journalist", "lake", "language", "law", "lawyer", "library", "material", "mineral", "monument",
    "mountain", "museum", "musical instrument", "nationality", "newspaper", "novel", "opera",
    "organisation", "painter", "painting", "park", "person", "philosopher", "place", "planet",
    "plant", "poem", "political party", "profession", "programming language", "protein", "religion",
    "restaurant", "river", "road", "saint", "school", "scientist", "ship", "singer", "software",
    "song", "sport", "stadium", "station", "symptom", "television series", "theory", "tool",
    "treaty", "tree", "university", "vehicle", "village", "war", "weapon", "writer",
)
# fmt: on

_BATCH_DOCUMENTS = 256


class Untrained(System):
    """A preset's site without its head, scored as the product scores.

    Args:
        preset: says backbone and site; its head is not used.
        name: how it is called in results.

    Raises:
        ModelError: the backbone cannot be loaded.
    """

    reads_mentions = True

    def __init__(self, preset: Preset, *, name: str = "untrained") -> None:
        self.name = name
        self._extractor = load_extractor(replace(preset, head=None))
        self._query_mean = self._extractor.queries(KINDS).mean(axis=0)
        self._scan: Scan

    @property
    def settings(self) -> Settings:
        """Backbone, site, and how many vectors of which size there are."""
        preset = self._extractor.preset
        return {
            "preset": preset.name,
            "backbone": self._extractor.fingerprint,
            "component": preset.site.component,
            "block": preset.site.block,
            "pooling": preset.site.pooling,
            "type names that queries are centred on": len(KINDS),
            "dimensions": self._scan.dimensions,
            "mentions": self._scan.mention_count,
        }

    @property
    def bytes_a_text(self) -> float:
        """The float16 vectors of its mentions."""
        numbers = self._scan.mention_count * self._scan.dimensions
        return 2 * numbers / len(self._scan.documents)

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Take the vectors of the documents' spans, and centre them.

        Raises:
            DocumentError: a document has no spans.
        """
        spans = load_detector("spans").detect(documents)
        texts = [document.text for document in documents]
        rows: list[NDArray[np.float32]] = [np.empty((0, len(self._query_mean)), dtype=np.float32)]
        for first in range(0, len(texts), _BATCH_DOCUMENTS):
            last = first + _BATCH_DOCUMENTS
            found = self._extractor.mentions(texts[first:last], spans[first:last])
            rows += [vectors for vectors in found if len(vectors)]
            if progress:
                progress(min(last, len(texts)))
        vectors = np.concatenate(rows)
        if len(vectors):
            vectors -= vectors.mean(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # A mention at the very mean has no direction, and none to answer with.
        units = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        mentions = [
            (span.start, span.end, span.detection_score, span.name_score, 0)
            for found in spans
            for span in found
        ]
        part = Part(
            vectors=units.astype(np.float16),
            mentions=np.array(mentions, dtype=MENTION),
            document_first=np.cumsum([0, *map(len, spans)], dtype=np.int64),
        )
        none_known = np.zeros(len(spans), dtype=DOCUMENT)
        self._scan = Scan.of(self.name, (part,), (units.shape[1], 0), none_known)

    def rank(self, query: str) -> NDArray[np.float32]:
        """The cosine of each text's best mention: (n_texts,) float32, −inf without mentions."""
        vector = self._extractor.queries([query])[0] - self._query_mean
        return self._scan.best(self._scan.scores(vector))
