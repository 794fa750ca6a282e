"""Passages and token windows: nothing is lost, nothing too long, cuts where they hurt least."""

import unicodedata
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.errors import ConfigError, InputError
from ner_retriever.text.windows import passages, sentence_starts, token_windows, window_of

PIECES = [
    *"ab .!?\n\t\x00\u3000。！漢字ñ…",
    "\r\n",
    "e\u0301",
    "a\u0301\u0323",
    "\u2764\ufe0f",
    "👩‍🔬",
    "👍🏽",
    "”",
    ") ",
]
unicode_text = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


def cut(text: str, max_characters: int) -> list[str]:
    return [text[start:end] for start, end in passages(text, max_characters)]


def one_character_tokens(count: int) -> np.ndarray:
    return np.array([(i, i + 1) for i in range(count)], dtype=np.int64).reshape(-1, 2)


# --- sentences ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentences",
    [
        ["He left. ", "She stayed!  ", "Why? ", "No… ", "Yes"],
        ['"Go." ', "(Now.) ", "He said “Stop!” ", "Then 3.14 and v1.2"],
        ["一つ。", "二つ！」", "三つ？ ", "四つ。。。", "五つ"],
        ["no full stop\r\n", "next line\n\n  ", "indented\u2029", "last"],
        ["e\u0301. ", "👩‍🔬! ", "end."],
        ["A.\x00"],
        ["一つ。\ufe00二つ。", "三つ"],
    ],
)
def test_sentence_starts(sentences):
    text = "".join(sentences)
    starts = sentence_starts(text)
    borders = [*starts, len(text)]
    assert [text[a:b] for a, b in pairwise(borders)] == sentences


def test_empty_text_has_no_sentence():
    assert sentence_starts("") == []


@pytest.mark.parametrize(
    "run", ["." * 300_000, "." + ")" * 300_000, ". " * 150_000, "。" * 300_000]
)
def test_sentence_starts_take_linear_time(run):
    began = perf_counter()
    sentence_starts(run)
    assert perf_counter() - began < 5


# --- passages -----------------------------------------------------------------------------------


def test_passages_are_cut_at_sentences():
    assert cut("One two. Three. Four five six.", 16) == ["One two. Three. ", "Four five six."]
    assert cut("One two. Three.", 15) == ["One two. Three."]


def test_long_sentence_is_cut_after_white_space_else_anywhere():
    assert cut("Hi. one two three", 10) == ["Hi. ", "one two ", "three"]
    assert cut("abcdefgh", 3) == ["abc", "def", "gh"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abe\u0301cd", ["ab", "e\u0301c", "d"]),
        ("ab\u2764\ufe0fcd", ["ab", "\u2764\ufe0fc", "d"]),
        ("a👩‍🔬bcd", ["a", "👩‍🔬", "bcd"]),
        ("ab👍🏽cd", ["ab", "👍🏽c", "d"]),
        ("ab\r\ncd", ["ab", "\r\n", "cd"]),
        ("a\u0301\u0323\u0324b", ["a\u0301\u0323", "\u0324b"]),
    ],
)
def test_signs_stay_whole_where_possible(text, expected):
    assert cut(text, 3) == expected


def test_empty_text_has_no_passage():
    assert passages("", 10) == []


def test_passage_limit_must_be_positive():
    with pytest.raises(ConfigError, match="at least 1, not 0"):
        passages("text", 0)


@given(unicode_text, st.integers(1, 12))
def test_passages_cover_the_text(text, max_characters):
    pieces = cut(text, max_characters)
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= max_characters for piece in pieces)


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_passage_begins_with_a_mark(text):
    # The longest sign among the pieces has three characters, so four always leave a place to cut.
    assert not any(
        unicodedata.category(piece[0]).startswith("M") or piece[0] == "\u200d"
        for piece in cut(text, 4)[1:]
    )


# --- token windows ------------------------------------------------------------------------------


def test_text_that_fits_is_one_window():
    assert token_windows(one_character_tokens(5), [0, 2], max_tokens=5, overlap=2) == [(0, 5)]


def test_no_tokens_are_one_empty_window():
    assert token_windows(one_character_tokens(0), [], max_tokens=5, overlap=2) == [(0, 0)]


def test_whole_sentences_are_packed():
    # Sentences of 3, 3, 4 and 1 tokens.
    starts = [0, 3, 6, 10]
    windows = token_windows(one_character_tokens(11), starts, max_tokens=7, overlap=2)
    assert windows == [(0, 6), (6, 11)]


def test_only_a_long_sentence_is_cut_and_overlaps():
    # Sentences of 2, 9 and 2 tokens; the last is packed with the end of the long one.
    windows = token_windows(one_character_tokens(13), [0, 2, 11], max_tokens=5, overlap=2)
    assert windows == [(0, 2), (2, 7), (5, 10), (8, 13)]


def test_token_belongs_to_the_sentence_in_which_it_ends():
    # "It is. We go." as a byte-level tokenizer sees it: white space leads the tokens.
    tokens = np.array([(0, 2), (2, 5), (5, 6), (6, 9), (9, 12), (12, 13)], dtype=np.int64)
    starts = sentence_starts("It is. We go.")
    assert starts == [0, 7]
    assert token_windows(tokens, starts, max_tokens=4, overlap=1) == [(0, 3), (3, 6)]


@pytest.mark.parametrize("overlap", [-1, 4, 5])
def test_overlap_must_leave_room(overlap):
    with pytest.raises(ConfigError, match="less than max_tokens"):
        token_windows(one_character_tokens(3), [0], max_tokens=4, overlap=overlap)


@st.composite
def sentences_and_limits(draw):
    lengths = draw(st.lists(st.integers(1, 30), max_size=12))
    max_tokens = draw(st.integers(1, 16))
    return lengths, max_tokens, draw(st.integers(0, max_tokens - 1))


@given(sentences_and_limits())
def test_token_windows_cover_everything(case):
    lengths, max_tokens, overlap = case
    borders = [0, *np.cumsum(lengths).tolist()]
    windows = token_windows(
        one_character_tokens(borders[-1]), borders[:-1], max_tokens=max_tokens, overlap=overlap
    )
    assert windows[0][0] == 0
    assert windows[-1][1] == borders[-1]
    assert all(last - first <= max_tokens for first, last in windows)
    for (_, last), (first, _) in pairwise(windows):
        if last in borders:
            assert first == last
        else:
            sentence = max(i for i, border in enumerate(borders) if border <= first)
            assert first == last - overlap
            assert lengths[sentence] > max_tokens
            assert last < borders[sentence + 1]


@given(sentences_and_limits(), st.data())
def test_short_mention_in_a_sentence_is_whole_in_its_window(case, data):
    lengths, max_tokens, overlap = case
    borders = [0, *np.cumsum(lengths).tolist()]
    windows = token_windows(
        one_character_tokens(borders[-1]), borders[:-1], max_tokens=max_tokens, overlap=overlap
    )
    for begin, end in pairwise(borders):
        first = data.draw(st.integers(begin, end - 1))
        last = data.draw(st.integers(first + 1, min(end, first + overlap + 1)))
        window = windows[window_of(windows, first, last)]
        assert window[0] <= first < last <= window[1]


# --- choosing a window --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 2, 0),
        (5, 7, 0),  # 3 tokens from the end of window 0, outside window 1
        (6, 8, 0),  # 2 from the end of window 0, at the start of window 1
        (8, 9, 1),  # 1 from the end of window 0, 2 from the start of window 1
        (7, 9, 0),  # 1 from an end of either
        (12, 16, 1),
        (4, 16, 1),  # whole in none: 6 of its tokens in window 0, 10 in window 1
        (15, 18, 2),  # across two sentences: 1 token in window 1, 2 in window 2
    ],
)
def test_window_of_a_mention(first, last, expected):
    assert window_of([(0, 10), (6, 16), (16, 20)], first, last) == expected


@pytest.mark.parametrize(("first", "last"), [(10, 11), (3, 3)])
def test_mention_without_tokens_has_no_window(first, last):
    with pytest.raises(InputError, match="at least one token"):
        window_of([(0, 5), (5, 10)], first, last)
