"""The generative detector: marks back to offsets, and generation by a tiny random model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.detect.generative import GenerativeSpans, align
from ner_retriever.detect.marking import MarkingModel
from ner_retriever.documents import Document, Span
from ner_retriever.errors import WeightsNotFound


@pytest.mark.parametrize(
    ("text", "marked", "expected"),
    [
        ("Rome is old", "##Rome## is old", ["Rome"]),
        ("Rome is old", "Rome is old", []),
        ("Rome is old", "", []),
        # Every occurrence, whole words only.
        ("Rome, not Romeo, is Rome", "##Rome##, not Romeo", ["Rome", "Rome"]),
        # White space altered.
        ("New  York\nCity 's mayor", "##New York City's## mayor", ["New  York\nCity 's"]),
        ("F. C. Porto", "##F.C. Porto## won", ["F. C. Porto"]),
        # Words dropped, changed, added.
        (
            "the old city of Rome in Italy",
            "city ##Rome## with ##Italy## ##Spain##",
            ["Rome", "Italy"],
        ),
        ("we saw PARIS", "we saw ##Paris##", ["PARIS"]),
        ("Apple ate an apple", "##Apple## ate an apple", ["Apple"]),
        # Nested.
        ("University of Bonn", "##University of Bonn## ##Bonn##", ["University of Bonn"]),
        (
            "Bonn, University of Bonn",
            "##Bonn##, ##University of Bonn##",
            ["Bonn", "University of Bonn"],
        ),
        # Overlapping but not nested.
        ("a b c", "##a b## ##b c##", ["a b", "b c"]),
        # Marks that are not pairs.
        ("Paris in France", "##Paris in ##France##", ["France"]),
        ("Paris in France", "##Paris## in ##France", ["Paris"]),
        ("Paris in France", "####Paris## in France", ["Paris"]),
        ("Paris", "## ##", []),
        # Punctuation around and within.
        ("(Paris)'s C# and C++", "(##Paris##)'s ##C### and ##C++##", ["Paris", "C#", "C++"]),
        ("a.c abc", "##a.c##", ["a.c"]),
        # Scripts without spaces, and emoji.
        ("東京都に住む", "##東京都##に住む", ["東京都"]),
        ("in Zu\u0308rich 😀", "in ##Zu\u0308rich## ##😀##", ["Zu\u0308rich", "😀"]),
        ("## Head\nRome", "## Head ##Rome##", ["Rome"]),
    ],
)
def test_marks_are_aligned(text: str, marked: str, expected: list[str]) -> None:
    assert [text[span.start : span.end] for span in align(text, marked)] == expected


END = "</s>"
TEXTS = st.text(alphabet="ab# .\nß東", max_size=30)


@given(text=TEXTS, marked=TEXTS)
def test_any_answer_gives_spans_in_the_text(text: str, marked: str) -> None:
    spans = align(text, marked)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    for span, following in pairwise(spans):
        assert span.start < following.start
        assert span.end < following.end


@given(
    words=st.lists(st.sampled_from(["Rome", "is", "old", "東京", "C#"]), min_size=1), data=st.data()
)
def test_a_faithful_copy_gives_back_what_it_marks(words: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(words) - 1))
    copy = [f"##{word}##" if number == index else word for number, word in enumerate(words)]
    start = len(" ".join([*words[:index], ""]))
    assert Span(start, start + len(words[index])) in align(" ".join(words), " ".join(copy))


@dataclass(frozen=True, kw_only=True)
class MarksCapitals(MarkingModel):
    source: str = "stub"
    seen: list[str] = field(default_factory=list)

    def mark(self, texts: Sequence[str]) -> list[str]:
        self.seen.extend(texts)
        return [
            " ".join(f"##{word}##" if word[0].isupper() else word for word in text.split())
            for text in texts
        ]


def test_long_texts_are_read_in_pieces() -> None:
    model = MarksCapitals()
    text = "nothing to see here. " * 40 + "Then Rome"
    documents = [Document("long", text), Document("empty", ""), Document("short", "in Oslo now")]
    long, empty, short = GenerativeSpans(name="generative:stub", model=model).detect(documents)
    assert [text[span.start : span.end] for span in long] == ["Then", "Rome"]
    assert (empty, short) == ((), (Span(3, 7),))
    assert "".join(model.seen) == text + "in Oslo now"
    assert max(map(len, model.seen)) <= 400


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = {letter: n for n, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab={**letters, END: 256}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=256,
    )
    folder = tmp_path_factory.mktemp("tiny")
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    fast.eos_token = END
    fast.save_pretrained(folder)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_a_random_model_marks_without_failing(tiny_model: Path) -> None:
    detector = GenerativeSpans(name="x", model=MarkingModel(source=str(tiny_model), batch_size=2))
    texts = ["Rome\nis old", "", "東京😀", "a somewhat longer sentence about Oslo"]
    found = detector.detect([Document(str(n), text) for n, text in enumerate(texts)])
    assert len(found) == len(texts)


def test_an_answer_is_one_line_and_does_not_change_with_the_batch(tiny_model: Path) -> None:
    model = MarkingModel(source=str(tiny_model), batch_size=2, prompt="{text}")
    texts = ["a longer one", "b", "the longest one of them all", "cc"]
    answers = model.mark(texts)
    assert answers == [model.mark([text])[0] for text in texts]
    assert not any("\n" in answer for answer in answers)


def test_the_prompt_belongs_to_the_fingerprint() -> None:
    first = GenerativeSpans(name="x", model=MarkingModel(source="a/b"))
    second = GenerativeSpans(name="x", model=MarkingModel(source="a/b", prompt="Mark: {text}"))
    assert first.fingerprint.startswith("generative:a/b:")
    assert first.fingerprint != second.fingerprint


def test_a_missing_model_is_said_on_one_line(tmp_path: Path) -> None:
    model = MarkingModel(source=str(tmp_path))
    with pytest.raises(WeightsNotFound, match="no causal language model") as caught:
        model.mark(["Rome"])
    assert "\n" not in str(caught.value)
