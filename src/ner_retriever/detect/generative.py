"""Entities that a causal language model marks as it repeats the text.

The first step of the reference system (arXiv 2509.04011), with any causal language model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ner_retriever.detect.marking import MarkingModel
from ner_retriever.detect.pieces import cut, detect_in_pieces
from ner_retriever.documents import Document, Span

_LONGEST_PIECE = 400

# A mark opens before and closes behind something that is not white space, so that a mark which
# was never closed takes none of what follows. "##C###" marks "C#".
_MARKED = re.compile(r"##(?![\s#])((?:(?!##[^\s#]).)+?)(?<!\s)##(?!#)", re.DOTALL)

# Letters of scripts that put spaces between words: those before Thai in Unicode.
_SPACED_LETTER = r"[0-9A-Za-z\u00c0-\u0dff]"


@dataclass(frozen=True, kw_only=True)
class GenerativeSpans:
    """Detects by having a language model repeat texts with ``##marks##`` around entities.

    Attributes:
        name: what ``--detector`` was given.
        model: repeats and marks.
    """

    name: str
    model: MarkingModel

    @property
    def fingerprint(self) -> str:
        """The model and a digest of its prompt."""
        return f"generative:{self.model.fingerprint}"

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Find each document's mentions, reading at most 400 characters at once.

        Raises:
            ModelError: the model cannot be loaded.
        """
        return detect_in_pieces(
            [document.text for document in documents],
            cut=partial(cut, limit=_LONGEST_PIECE),
            find=self._find,
        )

    def _find(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        marked = self.model.mark(texts)
        return [align(*pair) for pair in zip(texts, marked, strict=True)]


def align(text: str, marked: str) -> tuple[Span, ...]:
    """Find in a text what was marked in a copy of it.

    The copy need not be faithful: white space does not count, words may be missing or changed,
    and a marked span that is not in the text is passed over. Each is looked for as whole
    words, and in another case if there is none in the same. Every occurrence counts.

    Args:
        text: what the offsets refer to.
        marked: the copy, with entities ``##like this##``.

    Returns:
        Distinct spans sorted by start, none within another.
    """
    found = {
        place for surface in set(_MARKED.findall(marked)) for place in _occurrences(text, surface)
    }
    spans: list[Span] = []
    # Sorted so, a span within another comes behind it.
    for start, end in sorted(found, key=lambda place: (place[0], -place[1])):
        if not spans or end > spans[-1].end:
            spans.append(Span(start, end))
    return tuple(spans)


def _occurrences(text: str, surface: str) -> list[tuple[int, int]]:
    letters = "".join(surface.split())
    pattern = r"\s*".join(map(re.escape, letters))
    if re.match(_SPACED_LETTER, letters[0]):
        pattern = rf"(?<!{_SPACED_LETTER}){pattern}"
    if re.match(_SPACED_LETTER, letters[-1]):
        pattern = rf"{pattern}(?!{_SPACED_LETTER})"
    for flags in (re.NOFLAG, re.IGNORECASE):
        places = [match.span() for match in re.finditer(pattern, text, flags)]
        if places:
            return places
    return []
