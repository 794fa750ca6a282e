"""How well mentions are found, whatever their type: what is not detected cannot be retrieved."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ner_retriever.documents import Span
from ner_retriever.evaluation.benchmarks import GoldText

_ARTICLES = frozenset({"a", "an", "the"})
_ENOUGH_SHARED = 0.8


@dataclass(frozen=True, slots=True)
class DetectionReport:
    """Detected mentions against gold ones, as shares in [0, 1] over all gold mentions.

    Attributes:
        texts: how many texts were compared.
        gold_mentions: distinct gold spans.
        detected_mentions: distinct detected spans.
        exact_recall: gold spans that were detected with both borders.
        end_recall: with the same end, where the reference system takes its vector.
        overlap_recall: that share at least one character with a detected span.
        fuzzy_recall: whose surface nearly equals that of a detected span in the text: case folded,
            accents and leading articles dropped, the tokens of one all among the other's, or a
            Jaccard index of the token sets of at least 0.8.
        precision: detected spans that are gold spans with both borders.
        mentions_a_text: detected spans a text.
    """

    texts: int
    gold_mentions: int
    detected_mentions: int
    exact_recall: float
    end_recall: float
    overlap_recall: float
    fuzzy_recall: float
    precision: float
    mentions_a_text: float


def detection_report(
    texts: Sequence[GoldText], detected: Sequence[Sequence[Span]]
) -> DetectionReport:
    """Compare detected spans with the gold mentions of the same texts.

    Where there is nothing to find, recall is 0; where nothing was found, precision is.

    Args:
        texts: texts with gold mentions.
        detected: the spans found in each text.
    """
    gold_total = detected_total = exact = end = overlap = fuzzy = 0
    for text, spans in zip(texts, detected, strict=True):
        found = {(span.start, span.end) for span in spans}
        gold = {(mention.span.start, mention.span.end) for mention in text.mentions}
        ends = {stop for _, stop in found}
        surfaces = {surface_tokens(text.text[start:stop]) for start, stop in found}
        gold_total += len(gold)
        detected_total += len(found)
        exact += len(gold & found)
        end += sum(stop in ends for _, stop in gold)
        overlap += sum(
            any(start < other_stop and other_start < stop for other_start, other_stop in found)
            for start, stop in gold
        )
        fuzzy += sum(
            any(nearly_equal(surface_tokens(text.text[start:stop]), other) for other in surfaces)
            for start, stop in gold
        )
    return DetectionReport(
        texts=len(texts),
        gold_mentions=gold_total,
        detected_mentions=detected_total,
        exact_recall=_share(exact, gold_total),
        end_recall=_share(end, gold_total),
        overlap_recall=_share(overlap, gold_total),
        fuzzy_recall=_share(fuzzy, gold_total),
        precision=_share(exact, detected_total),
        mentions_a_text=_share(detected_total, len(texts)),
    )


def surface_tokens(surface: str) -> frozenset[str]:
    """The words of a surface form, without case, accents and leading articles.

    A surface without any letter or digit is its own single token.
    """
    decomposed = unicodedata.normalize("NFKD", surface.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = re.findall(r"\w+", plain) or [plain]
    while len(words) > 1 and words[0] in _ARTICLES:
        del words[0]
    return frozenset(words)


def nearly_equal(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether one token set lies in the other, or their Jaccard index is at least 0.8."""
    shared = len(first & second)
    if shared == min(len(first), len(second)):
        return True
    return shared / len(first | second) >= _ENOUGH_SHARED


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
