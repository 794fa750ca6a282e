"""Type names that stand in texts as common nouns: "Denton is a *city* in Texas".

Read by the same path, the noun "city" lies next to the query "city" and would come before every
city that has a name. Such nouns are marked here, to be trained on as negatives of their own type.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from ner_retriever.documents import Span
from ner_retriever.training.typed_mentions import TypedText

_WORD = re.compile(r"[a-z][a-z-]*")
_LONGEST_NAME = 4


def with_generic_mentions(texts: Sequence[TypedText]) -> list[TypedText]:
    """Add to each text the type names that stand in it in lower case, singular or plural.

    Only names of two letters or more, outside of the text's mentions; of overlapping names the
    longest counts.
    """
    names = {name for text in texts for types in text.types for name in types}
    return [_add(text, names) for text in texts]


def _add(text: TypedText, names: Collection[str]) -> TypedText:
    words = [(match.start(), match.end()) for match in _WORD.finditer(text.text)]
    taken = [(span.start, span.end) for span in text.spans]
    spans, found = list(text.spans), list(text.generic)
    first = 0
    while first < len(words):
        step = 1
        for last in range(min(first + _LONGEST_NAME, len(words)), first, -1):
            start, end = words[first][0], words[last - 1][1]
            name = _name(text.text[start:end], names)
            if name and not any(start < right and left < end for left, right in taken):
                spans.append(Span(start, end))
                found.append(name)
                step = last - first
                break
        first += step
    added = len(spans) - len(text.spans)
    return replace(text, spans=tuple(spans), types=text.types + ((),) * added, generic=tuple(found))


def _name(surface: str, names: Collection[str]) -> str | None:
    candidates = [surface]
    if surface.endswith("ies"):
        candidates.append(surface[:-3] + "y")
    if surface.endswith("es"):
        candidates.append(surface[:-2])
    if surface.endswith("s"):
        candidates.append(surface[:-1])
    return next((name for name in candidates if len(name) > 1 and name in names), None)
