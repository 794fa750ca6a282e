"""Documents made of training texts."""

from ner_retriever.training.detection.augmentation import noisy
from ner_retriever.training.detection.documents import make_documents
from ner_retriever.training.detection.examples import Example


def examples() -> list[Example]:
    made = []
    for source in ("news", "wiki"):
        for number in range(12):
            text = f"In {source} number {number}, Anna Berg met Siemens."
            gold = {(text.index(name), text.index(name) + len(name)) for name in NAMES}
            targets = dict.fromkeys(gold, 1.0) | {(3, 7): 0.05}
            made.append(Example(source, text, targets, frozenset(gold)))
    return made


NAMES = ("Anna Berg", "Siemens")


def test_mentions_stand_where_they_stood() -> None:
    documents = make_documents(examples(), paragraphs=30, lists=30, seed=0)
    assert len(documents) == 60
    for document in documents:
        surfaces = {document.text[start:end] for start, end in document.gold}
        assert surfaces <= set(NAMES)
        assert set(document.targets) >= document.gold
        others = {document.text[slice(*place)] for place in set(document.targets) - document.gold}
        assert others <= {"news", "wiki"}
        assert document.source in {"news", "wiki"}
    assert sum(bool(document.gold) for document in documents) > 50
    assert any("\n" in document.text for document in documents)
    assert any("Siemens. In" in document.text for document in documents[:30])


def test_the_same_seed_makes_the_same_documents() -> None:
    first, again, other = (
        make_documents(examples(), paragraphs=5, lists=5, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_noise_moves_nothing() -> None:
    example = Example("news", "those lions of Ontario " * 20, {(6, 11): 1.0}, frozenset([(6, 11)]))
    misread = noisy(example)
    assert misread.text != example.text
    assert len(misread.text) == len(example.text)
    assert misread.targets == example.targets
