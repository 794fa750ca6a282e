"""Training texts in the form in which texts are read."""

from dataclasses import replace

from ner_retriever.text.layout import lay_out
from ner_retriever.training.typed_mentions import TypedText


def as_read(text: TypedText) -> TypedText:
    """Return a text in the form in which it is read, its mentions where they stand there."""
    layout = lay_out(text.text)
    spans = tuple(layout.as_read(span) for span in text.spans)
    return replace(text, text=layout.text, spans=spans)
