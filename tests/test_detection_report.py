"""The detection report; counts worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.documents import Span
from ner_retriever.evaluation.benchmarks import GoldMention, GoldText
from ner_retriever.evaluation.detection import (
    DetectionReport,
    detection_report,
    nearly_equal,
    surface_tokens,
)


def text_with(text: str, *surfaces: str) -> GoldText:
    mentions = tuple(
        GoldMention(Span(text.index(surface), text.index(surface) + len(surface)), ("T",))
        for surface in surfaces
    )
    return GoldText("1", text, mentions)


def spans(text: str, *surfaces: str) -> list[Span]:
    return [Span(text.index(found), text.index(found) + len(found)) for found in surfaces]


def test_report_by_hand() -> None:
    first = "The University of Stuttgart hired Ann Boe in Paris"
    second = "nothing here"
    report = detection_report(
        [text_with(first, "University of Stuttgart", "Ann Boe", "Paris"), text_with(second)],
        # The first ends where gold does, the second is exact, "hired" and "here" are wrong, and
        # nothing was found of Paris.
        [spans(first, "Stuttgart", "Ann Boe", "hired"), spans(second, "here")],
    )
    assert report == DetectionReport(
        texts=2,
        gold_mentions=3,
        detected_mentions=4,
        exact_recall=pytest.approx(1 / 3),
        end_recall=pytest.approx(2 / 3),
        overlap_recall=pytest.approx(2 / 3),
        fuzzy_recall=pytest.approx(2 / 3),
        precision=pytest.approx(1 / 4),
        mentions_a_text=2.0,
    )


def test_neighbours_do_not_overlap() -> None:
    text = "AnnBoe"
    report = detection_report([text_with(text, "Ann")], [spans(text, "Boe")])
    assert report.overlap_recall == 0


def test_a_span_found_twice_counts_once() -> None:
    report = detection_report([text_with("Ann", "Ann")], [[Span(0, 3), Span(0, 3, 0.5)]])
    assert (report.detected_mentions, report.precision) == (1, 1.0)


def test_nothing_to_find_and_nothing_found() -> None:
    report = detection_report([text_with("a")], [[]])
    assert (report.exact_recall, report.precision, report.mentions_a_text) == (0, 0, 0)


def test_another_surface_elsewhere_in_the_text_is_fuzzily_found() -> None:
    text = "the Beatles ; BEATLES"
    report = detection_report([text_with(text, "BEATLES")], [spans(text, "the Beatles")])
    assert (report.overlap_recall, report.fuzzy_recall) == (0, 1)


@pytest.mark.parametrize(
    ("surface", "tokens"),
    [
        ("The Beatles", {"beatles"}),
        ("the a Team", {"team"}),
        ("The", {"the"}),
        ("Café de la Paix", {"cafe", "de", "la", "paix"}),
        ("STRASSE", {"strasse"}),
        ("Straße", {"strasse"}),
        ("O'Brien", {"o", "brien"}),
        ("!?", {"!?"}),
    ],
)
def test_surface_tokens(surface: str, tokens: set[str]) -> None:
    assert surface_tokens(surface) == tokens


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        ("a b", "a b c d", True),
        ("a b c d e", "a b c d f", False),  # 4 of 6
        ("a b c d e f g h i j", "a b c d e f g h i k", True),  # 9 of 11
        ("a b c d e f g h x", "a b c d e f g h y", True),  # 8 of 10
        ("a b c d e f g x", "a b c d e f g y", False),  # 7 of 9
        ("a", "b", False),
    ],
)
def test_nearly_equal(first: str, second: str, equal: bool) -> None:
    sets = frozenset(first.split()), frozenset(second.split())
    assert nearly_equal(*sets) is equal
    assert nearly_equal(*reversed(sets)) is equal


@given(st.text(min_size=1), st.data())
def test_gold_as_detection_is_perfect(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    gold = GoldText("1", text, (GoldMention(Span(start, end), ()),))
    report = detection_report([gold], [[Span(start, end)]])
    shares = (report.exact_recall, report.end_recall, report.overlap_recall, report.fuzzy_recall)
    assert (*shares, report.precision) == (1, 1, 1, 1, 1)
