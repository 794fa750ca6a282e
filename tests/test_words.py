"""Words by tokens: borders, characters, shapes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.heads.mention.words import SHAPES, find_words
from toys import byte_tokenizer


def spans(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def shapes(text: str) -> list[str]:
    places = [0, *(n + 1 for n, sign in enumerate(text) if sign == " "), len(text) + 1]
    tokens = spans(*((a, b - 1) for a, b in pairwise(places)))
    return [SHAPES[shape] for shape in find_words(text, tokens).shapes]


def test_tokens_without_space_or_sign_between_are_one_word() -> None:
    # ty|rann|o 's
    words = find_words("tyranno's x", spans((0, 2), (2, 6), (6, 7), (7, 8), (8, 9), (10, 11)))
    assert words.spans.tolist() == [[0, 7], [7, 8], [8, 9], [10, 11]]
    assert words.tokens.tolist() == [[0, 3], [3, 4], [4, 5], [5, 6]]


def test_white_space_belongs_to_no_word() -> None:
    words = find_words("a  b ", spans((0, 1), (1, 2), (2, 4), (4, 5)))
    assert words.spans.tolist() == [[0, 1], [3, 4]]
    assert words.tokens.tolist() == [[0, 1], [2, 3]]


def test_tokens_that_share_a_sign_are_one_word() -> None:
    words = find_words("🦕!", spans((0, 1), (0, 1), (0, 1), (1, 2)))
    assert words.spans.tolist() == [[0, 1], [1, 2]]
    assert words.tokens.tolist() == [[0, 3], [3, 4]]


def test_a_text_without_tokens_has_no_words() -> None:
    words = find_words("\x00", spans())
    assert (words.tokens.shape, words.spans.shape, words.shapes.shape) == ((0, 2), (0, 2), (0,))


def test_shapes() -> None:
    text = "The UN saw 12 of I iPhone B52 - 東京"
    assert shapes(text) == [
        "capitalised", "upper", "lower", "number", "lower", "initial", "mixed", "mixed",
        "punctuation", "caseless",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["the un saw 12", "THE UN SAW 12"])
def test_in_a_caseless_text_no_word_has_a_case(text: str) -> None:
    assert shapes(text) == ["caseless", "caseless", "caseless", "number"]


@given(st.text(max_size=40))
@settings(deadline=None)
def test_words_are_apart_and_whole(text: str) -> None:
    encoded = byte_tokenizer(special=False)(text, return_offsets_mapping=True)
    words = find_words(text, spans(*encoded["offset_mapping"]))
    surfaces = [text[start:end] for start, end in words.spans]
    assert all(surface and surface == surface.strip() for surface in surfaces)
    assert "".join("".join(surfaces).split()) == "".join(text.split())
    assert (np.diff(words.spans.ravel()) >= 0).all()
    assert (words.tokens[:, 0] < words.tokens[:, 1]).all()


def test_case_is_the_windows_own() -> None:
    text = "BIG NEWS. Sue is back."
    first = find_words(text, spans((0, 3), (4, 8), (8, 9)))
    second = find_words(text, spans((10, 13), (14, 16), (17, 21), (21, 22)))
    assert [SHAPES[shape] for shape in first.shapes] == ["caseless", "caseless", "punctuation"]
    assert SHAPES[second.shapes[0]] == "capitalised"
