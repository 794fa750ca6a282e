"""Shared by all tests: one thread, so that a test's time doesn't hang on what else runs."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ner_retriever.documents import Document, Span

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def toy_preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset file of a tiny random BERT without a head."""
    from toys import save_tiny_preset

    return save_tiny_preset(tmp_path_factory.mktemp("toy"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests from the user's cache and from every network, unless they need weights."""
    # A query that was asked before would not show what a damaged model does.
    monkeypatch.setenv("NER_RETRIEVER_QUERY_CACHE", "0")
    if "NER_RETRIEVER_TEST_CACHE" in os.environ:
        monkeypatch.setenv("NER_RETRIEVER_CACHE", os.environ["NER_RETRIEVER_TEST_CACHE"])
        return
    monkeypatch.setenv("NER_RETRIEVER_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("NER_RETRIEVER_OFFLINE", "1")


@pytest.fixture
def capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the default detector find the first capital letter, without loading spaCy."""

    from ner_retriever.detect.spacy_spans import SpacySpans

    def detect(_: SpacySpans, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        return [tuple(_first_capital(document.text)) for document in documents]

    monkeypatch.setattr(SpacySpans, "detect", detect)


def _first_capital(text: str) -> list[Span]:
    return [Span(n, n + 1) for n, letter in enumerate(text) if letter.isupper()][:1]
