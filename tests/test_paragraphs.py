"""Paragraphs of training texts."""

from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.documents import Span
from ner_retriever.training.paragraphs import join_paragraphs
from ner_retriever.training.typed_mentions import TypedText


def sentence(number: int, source: str = "news", end: str = ".") -> TypedText:
    name = f"Ship{number}"
    text = f"{name} left for Port{number}{end}"
    spans = (Span(0, len(name)), Span(text.index("Port"), len(text) - len(end)))
    return TypedText(f"{source}-{number}", source, text, spans, (("ship", "vessel"), ("port",)))


def surfaces(texts: list[TypedText]) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (text.text[span.start : span.end], types)
        for text in texts
        for span, types in zip(text.spans, text.types, strict=True)
    ]


@given(st.floats(0, 0.95), st.integers(0, 5), st.lists(st.sampled_from("ab"), max_size=60))
def test_every_mention_is_kept_once_in_its_order_with_its_types(share, seed, sources):
    texts = [
        sentence(number, source, "." if number % 7 else "") for number, source in enumerate(sources)
    ]
    joined = join_paragraphs(texts, share, seed)
    assert surfaces(joined) == surfaces(texts)
    assert joined == join_paragraphs(texts, share, seed)


def test_about_the_share_is_joined():
    texts = [sentence(number) for number in range(4000)]
    joined = join_paragraphs(texts, 0.3, 0)
    alone = sum(len(text.spans) == 2 for text in joined)
    assert 0.25 < 1 - alone / len(texts) < 0.35
    paragraphs = [len(text.spans) // 2 for text in joined if len(text.spans) > 2]
    assert min(paragraphs) == 2
    assert max(paragraphs) == 8


def test_nothing_is_joined_across_sources_and_nothing_that_is_no_sentence():
    texts = [sentence(number, "news" if number % 2 else "mail") for number in range(50)]
    assert join_paragraphs(texts, 0.9, 0) == texts
    names = [sentence(number, end="") for number in range(50)]
    assert join_paragraphs(names, 0.9, 0) == names


def test_sources_that_are_to_stay_apart_stay_as_they_are():
    texts = [sentence(number) for number in range(50)]
    assert join_paragraphs(texts, 0.9, 0, apart=["news"]) == texts
    assert join_paragraphs(texts, 0.0, 0) == texts


def test_a_paragraph_is_not_overlong():
    long = [TypedText(str(number), "news", "word " * 100 + "end.", (), ()) for number in range(60)]
    joined = join_paragraphs(long, 0.9, 0)
    assert max(len(text.text) for text in joined) < 1100
    assert len(joined) == 60
