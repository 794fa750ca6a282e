"""A text in the form in which it is read, and the way back."""

from dataclasses import dataclass, replace

import numpy as np

from ner_retriever.documents import Span
from ner_retriever.text.layout.edits import Edited, apply
from ner_retriever.text.layout.lines import line_edits
from ner_retriever.text.layout.markup import markup_edits

BORDER = "\n"


@dataclass(frozen=True)
class Layout:
    """A text in the form in which it is read.

    Attributes:
        text: what is read; a line feed is a border that no mention crosses.
        origin: where each of its characters stands in the text as given; ``None`` where the text
            is read as it was given.
    """

    text: str
    origin: Edited | None = None

    def as_given(self, span: Span) -> Span:
        """Return where a span of what is read stands in the text as given."""
        if self.origin is None:
            return span
        start, end = self.origin.starts[span.start], self.origin.ends[span.end - 1]
        return replace(span, start=int(start), end=int(end))

    def as_read(self, span: Span) -> Span:
        """Return where a span of the text as given stands in what is read.

        What isn't read, such as a tag, becomes the character after it.
        """
        if self.origin is None or not self.text:
            return span
        first = int(np.searchsorted(self.origin.ends, span.start, side="right"))
        first = min(first, len(self.text) - 1)
        last = int(np.searchsorted(self.origin.starts, span.end, side="left"))
        return replace(span, start=first, end=max(last, first + 1))


def lay_out(text: str) -> Layout:
    """Bring a text into the form in which it is read; time grows with its length.

    A text of one line without markup is read as it is.
    """
    origin: Edited | None = None
    read = text
    for find in (markup_edits, line_edits):
        if edits := find(read):
            edited = apply(read, edits)
            origin = origin.before(edited) if origin else edited
            read = edited.text
    return Layout(read, origin)
