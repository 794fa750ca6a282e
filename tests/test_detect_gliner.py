"""The GLiNER detector, with a stand-in that cuts off texts as silently as GLiNER does."""

import re
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.detect.gliner_spans import GlinerSpans, word_windows
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, MissingExtra, WeightsNotFound

MAX_WORDS = 12


class Encoding:
    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)

    def word_ids(self) -> list[int]:
        # A token for each four letters.
        return [n for n, word in enumerate(self.words) for _ in range(0, len(word), 4)]


class Tokenizer:
    model_max_length = 40

    def __call__(
        self,
        words: list[str],
        *,
        is_split_into_words: bool,
        add_special_tokens: bool,
        verbose: bool,
    ) -> Encoding:
        assert is_split_into_words
        assert not add_special_tokens
        return Encoding(words)


def split_words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in re.finditer(r"\w+(?:[-_]\w+)*|\S", text):
        yield match.group(), match.start(), match.end()


class GLiNER:
    """Finds words with a capital among the first words and tokens of a text."""

    def __init__(self) -> None:
        self.config = SimpleNamespace(max_len=MAX_WORDS, max_width=3)
        self.data_processor = SimpleNamespace(
            words_splitter=split_words, transformer_tokenizer=Tokenizer()
        )

    @classmethod
    def from_pretrained(cls, model_id: str, *, map_location: str = "cpu") -> "GLiNER":
        if model_id == "missing":
            raise FileNotFoundError("No config file found\nin missing")
        return cls()

    def inference(
        self,
        texts: list[str],
        labels: list[str],
        *,
        flat_ner: bool = True,
        threshold: float = 0.5,
        multi_label: bool = False,
        batch_size: int = 8,
    ) -> list[list[dict[str, object]]]:
        return [self._entities(text, labels, threshold) for text in texts]

    def _entities(self, text: str, labels: list[str], threshold: float) -> list[dict[str, object]]:
        words = list(split_words(text))[: self.config.max_len]
        prompt = [piece for label in labels for piece in (label, "<<E>>")] + ["<S>"]
        tokens = 1 + sum((len(piece) + 3) // 4 for piece in prompt)
        entities = []
        for word, start, end in words:
            tokens += (len(word) + 3) // 4
            if tokens >= Tokenizer.model_max_length and start > 0:
                break
            score = 0.9 if word.isupper() else 0.4
            if word[0].isupper() and score > threshold:
                entities.append(
                    {"start": start, "end": end, "text": word, "label": labels[0], "score": score}
                )
        return entities


@pytest.fixture(autouse=True)
def gliner(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("gliner")
    module.GLiNER = GLiNER  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gliner", module)


def detector(**options: object) -> GlinerSpans:
    return GlinerSpans(**{"source": "some/model", "labels": ("city",), **options})  # type: ignore[arg-type]


def test_spans_carry_the_score() -> None:
    documents = [Document("a", "in Rome, or OSLO"), Document("b", " "), Document("c", "")]
    assert detector().detect(documents) == [(Span(3, 7, 0.4), Span(12, 16, 0.9)), (), ()]


def test_the_threshold_is_passed_on() -> None:
    (spans,) = detector(threshold=0.5).detect([Document("a", "in Rome, or OSLO")])
    assert spans == (Span(12, 16, 0.9),)


def test_the_stand_in_would_cut_off() -> None:
    assert GLiNER().inference(["a " * MAX_WORDS + "Rome"], ["city"]) == [[]]


@pytest.mark.parametrize("filler", ["a ", "filling ", "extraordinarily-long-compound ", ", "])
def test_nothing_is_cut_off(filler: str) -> None:
    text = (filler * 7 + "Rome ") * 20
    (spans,) = detector().detect([Document("long", text)])
    assert [span.start for span in spans] == [match.start() for match in re.finditer("Rome", text)]


@given(
    counts=st.lists(st.integers(1, 9), max_size=40),
    max_words=st.integers(1, 8),
    max_tokens=st.integers(1, 12),
    overlap=st.integers(0, 8),
)
def test_windows_hold_every_word_and_keep_the_limits(
    counts: list[int], max_words: int, max_tokens: int, overlap: int
) -> None:
    windows = word_windows(counts, max_words=max_words, max_tokens=max_tokens, overlap=overlap)
    assert {n for start, end in windows for n in range(start, end)} == set(range(len(counts)))
    for start, end in windows:
        assert 1 <= end - start <= max_words
        assert sum(counts[start:end]) <= max_tokens or end - start == 1


def test_windows_overlap() -> None:
    assert word_windows([1] * 10, max_words=5, max_tokens=99, overlap=2) == [
        (0, 5),
        (3, 8),
        (6, 10),
    ]
    assert word_windows([3] * 4, max_words=9, max_tokens=6, overlap=0) == [(0, 2), (2, 4)]


def test_labels_that_leave_no_room_are_an_error() -> None:
    with pytest.raises(ConfigError, match="fewer or shorter labels"):
        detector(labels=tuple("abcdefghijklmnopqrst")).detect([Document("a", "Rome")])


def test_options_belong_to_the_fingerprint() -> None:
    options = [{}, {"labels": ("dish",)}, {"threshold": 0.5}, {"source": "other/model"}]
    assert len({detector(**each).fingerprint for each in options}) == len(options)


def test_without_gliner_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gliner", None)
    with pytest.raises(MissingExtra, match=r"ner-retriever\[gliner\]"):
        detector().detect([Document("a", "Rome")])


def test_a_missing_model_is_said_on_one_line() -> None:
    with pytest.raises(WeightsNotFound, match="No config file found in missing"):
        detector(source="missing").detect([Document("a", "Rome")])
