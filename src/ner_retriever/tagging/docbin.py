"""Tagged documents as a spaCy DocBin, to train or to look at with spaCy."""

from collections.abc import Iterable
from typing import BinaryIO

from ner_retriever.extras import needs
from ner_retriever.tagging.tags import TaggedText

SPANS_KEY = "types"


def write_docbin(texts: Iterable[TaggedText], stream: BinaryIO) -> None:
    """Write a DocBin, a doc a document.

    ``doc.spans["types"]`` holds a span for each type of a mention, ``doc.ents`` the likeliest that
    do not overlap, and ``doc.user_data["id"]`` the document's id. Tokens are those of spaCy's
    language-independent tokenizer; a mention that begins or ends within one is widened to it.

    Raises:
        MissingExtra: spaCy is not installed.
    """
    with needs("spacy", "Writing a DocBin"):
        import spacy
        from spacy.tokens import DocBin
        from spacy.util import filter_spans
    tokenizer = spacy.blank("xx").tokenizer
    packed = DocBin(store_user_data=True)
    for text in texts:
        doc = tokenizer(text.text)
        doc.user_data["id"] = text.id
        # The likeliest first, which is the one that stays where two overlap equally long.
        spans = [
            found
            for span in text.labelled(every=True).spans
            if (
                found := doc.char_span(
                    span.start, span.end, label=span.label, alignment_mode="expand"
                )
            )
        ]
        doc.spans[SPANS_KEY] = spans
        doc.ents = filter_spans(spans)
        packed.add(doc)
    stream.write(packed.to_bytes())
