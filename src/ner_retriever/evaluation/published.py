"""Figures that others published for the same protocol: arXiv 2509.04011 and its code.

They are macro R-Precision without catch-all types, on mentions that the system detected itself.
"""

from dataclasses import dataclass

SOURCE = "arXiv 2509.04011"
# NV-Embed v2's 4,096 numbers a text, in the float16 that our vectors are stored in.
NV_EMBED_BYTES_A_TEXT = 4096 * 2


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """A system's published result on a benchmark.

    Attributes:
        system: what was measured.
        r_precision: the figure; ``None`` where the source says only "significantly below" the
            reference system.
    """

    system: str
    r_precision: float | None


FIGURES = {
    "few-nerd": (
        PublishedFigure("NER Retriever (Llama 3.1 8B, 500 dimensions)", 0.34),
        PublishedFigure("E5-Mistral, one vector a sentence", None),
        PublishedFigure("BM25", None),
        PublishedFigure("NV-Embed v2, one vector a sentence", None),
    ),
    "multiconer2": (
        PublishedFigure("NER Retriever (Llama 3.1 8B, 500 dimensions)", 0.32),
        PublishedFigure("E5-Mistral, one vector a sentence", 0.09),
        PublishedFigure("BM25", 0.08),
        PublishedFigure("NV-Embed v2, one vector a sentence", None),
    ),
}

POOLS = {
    "few-nerd": "all 188,000 sentences of Few-NERD",
    "multiconer2": "the train, dev and test sentences of MultiCoNER 2 together",
}
