"""The layout of a text: what is read, where its borders are, and the way back to what was given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.documents import Span
from ner_retriever.text.layout import BORDER, lay_out

WRAPPED = (
    "The former minister of justice, Jan Coetzee Van der\n"
    "Merwe, was born in Cape Town and has written of Mar-\n"
    "garet Thatcher and of the politics of the United\n"
    "Kingdom."
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sue, a Tyrannosaurus, stands in the Field Museum.",
        "Two spaces.  After a full stop; AT&T & co, a < b, it's O'Neill.",
        "A snippet: x[i](j) and 'quoted' words, a | b.",
    ],
)
def test_a_text_of_one_line_is_read_as_it_is(text: str) -> None:
    layout = lay_out(text)
    assert layout.text == text
    assert layout.origin is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            "Reds deny bid for Gerrard\n\nLiverpool have",
            "Reds deny bid for Gerrard\nLiverpool have",
        ),
        ("Reds deny bid for Gerrard\nLiverpool have", "Reds deny bid for Gerrard\nLiverpool have"),
        ("Anna Berg\tMunich\tSiemens", "Anna Berg\nMunich\nSiemens"),
        ("Anna Berg     Munich   Siemens", "Anna Berg\nMunich\nSiemens"),
        ("Members:\n\n- Anna Berg\n- Siemens AG", "Members:\nAnna Berg\nSiemens AG"),
        ("Name  Town\nAnna Berg  Bonn\n\nOne  slip.", "Name\nTown\nAnna Berg\nBonn\nOne  slip."),
        ("1. Anna Berg\n2) Siemens\n(c) BBC", "Anna Berg\nSiemens\nBBC"),
        ("• Anna Berg\r\n• Siemens", "Anna Berg\nSiemens"),
        ("| name | town |\n|---|---|\n| Anna Berg | Bonn |", "name\ntown\nAnna Berg\nBonn"),
        ("# Minutes #\nAnna Berg spoke", "Minutes\nAnna Berg spoke"),
        ("== Early life ==\nHe was born", "Early life\nHe was born"),
        ("Title\n=====\nText", "Title\nText"),
        ("> Dear Anna,\n> the Bank", "Dear Anna,\nthe Bank"),
        (WRAPPED, WRAPPED.replace("-\n", "").replace("\n", " ")),
        ("東京都は日本の首都である。\n\n大阪", "東京都は日本の首都である。\n大阪"),
    ],
)
def test_each_block_stands_on_a_line_of_its_own(text: str, read: str) -> None:
    assert lay_out(text).text == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("M&uuml;nchen &amp; K&#246;ln", "München & Köln"),
        ("<b>Paris</b> and <a href='x'>Rome</a>", "Paris and Rome"),
        ("<p>Paris</p><p>Rome</p>", "Paris\nRome"),
        ("'''Paris''' in ''France''", "Paris in France"),
        ("[[Berlin|the capital]] and [[Bonn]]", "the capital and Bonn"),
        ("**Paris** and [Rome](http://example.org)", "Paris and Rome"),
        (r"G\"odel, Erd\H{o}s, \emph{Nature}, Stra{\ss}e", "Gödel, Erdős, Nature, Straße"),
        ("so\u00adft\u200b ware", "soft ware"),
        ("J O H N  M A R L O W spoke", "JOHN MARLOW spoke"),
        ("options A B C D", "options ABCD"),
        ("a < b and c > d", "a < b and c > d"),
        ("&nosuchthing; stays", "&nosuchthing; stays"),
    ],
)
def test_markup_is_taken_off(text: str, read: str) -> None:
    assert lay_out(text).text == read


def test_a_name_that_was_broken_is_given_back_whole() -> None:
    layout = lay_out(WRAPPED)
    for name, broken in (
        ("Jan Coetzee Van der Merwe", "Jan Coetzee Van der\nMerwe"),
        ("Margaret Thatcher", "Mar-\ngaret Thatcher"),
        ("United Kingdom", "United\nKingdom"),
    ):
        start = layout.text.index(name)
        span = layout.as_given(Span(start, start + len(name), 0.5))
        assert WRAPPED[span.start : span.end] == broken
        assert layout.as_read(span) == Span(start, start + len(name), 0.5)


def test_a_reference_is_given_back_whole() -> None:
    text = "in M&uuml;nchen today"
    layout = lay_out(text)
    start = layout.text.index("München")
    span = layout.as_given(Span(start, start + 7))
    assert text[span.start : span.end] == "M&uuml;nchen"


def test_borders_are_told() -> None:
    layout = lay_out("Anna Berg\tMunich")
    assert [place for place, sign in enumerate(layout.text) if sign == BORDER] == [9]


SIGNS = st.sampled_from(
    [*"ab Z.,|-*#=>\t\n\r'<&;\\{}[]()", "  ", "\n\n", "- ", "&amp;", "<b>", "é"]
)


@given(st.lists(SIGNS, max_size=60).map("".join))
def test_every_character_read_stands_in_the_text(text: str) -> None:
    layout = lay_out(text)
    if layout.origin is None:
        assert layout.text == text
        return
    starts, ends = layout.origin.starts, layout.origin.ends
    assert len(starts) == len(ends) == len(layout.text)
    assert (starts < ends).all()
    assert (np.diff(starts) >= 0).all()
    assert (np.diff(ends) >= 0).all()
    for place, sign in enumerate(layout.text):
        span = layout.as_given(Span(place, place + 1))
        given = text[span.start : span.end]
        assert sign == given or sign in " \n" or len(given) > 1
    words = "".join(sign for sign in layout.text if sign.isalnum())
    letters = (sign for sign in text if sign.isalnum())
    # What is read are letters of the text in their order, references and tags apart.
    assert "&" in text or "<" in text or "\\" in text or all(sign in letters for sign in words)


@pytest.mark.parametrize(
    "text",
    ["<!--" * 20_000, "[[" * 50_000, "''" * 50_000, "a b " * 50_000, "&" * 100_000, "|\n" * 50_000,
     "x\n" * 50_000, "\\" * 100_000, "[a](" * 30_000, " " * 200_000, "- " * 50_000],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    lay_out(text)
