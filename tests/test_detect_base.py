"""The detectors' common ground: order of spans, cutting long texts, choosing by name."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.detect import load_detector, tidy
from ner_retriever.detect.pieces import cut, detect_in_pieces
from ner_retriever.detect.sources import model_identity
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, DocumentError

TEXTS = st.text(alphabet=st.sampled_from("ab .\n\t\r\0é東。😀e\u0301\u3000"), max_size=60)


def test_tidy_trims_sorts_and_keeps_the_best_score() -> None:
    text = " Rome and Oslo\n"
    spans = [Span(10, 15, 0.2), Span(0, 5, 0.3), Span(1, 5, 0.9), Span(5, 6), Span(1, 9, 0.4)]
    assert tidy(text, spans) == (Span(1, 5, 0.9), Span(1, 9, 0.4), Span(10, 14, 0.2))


@given(text=TEXTS, data=st.data())
def test_tidy_spans_are_distinct_and_without_outer_white_space(
    text: str, data: st.DataObject
) -> None:
    border = st.integers(0, len(text))
    pairs = data.draw(st.lists(st.tuples(border, border)))
    spans = tidy(text, [Span(*sorted(pair)) for pair in pairs])
    places = [(span.start, span.end) for span in spans]
    assert places == sorted(set(places))
    for start, end in places:
        surface = text[start:end]
        assert surface
        assert surface == surface.strip()


@given(text=TEXTS, limit=st.integers(1, 20))
def test_pieces_are_the_whole_text(text: str, limit: int) -> None:
    pieces = cut(text, limit=limit)
    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(0 < end - start <= limit for start, end in pieces)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("short", ["short"]),
        ("It was so. Then on", ["It was so. ", "Then on"]),
        ("It is. So it was then", ["It is. So ", "it was then"]),
        ("He saw it.\nShe did", ["He saw it.\n", "She did"]),
        ("abcdefghijklmnop", ["abcdefghijkl", "mnop"]),
        ("a bcdefghijklmnop", ["a ", "bcdefghijklm", "nop"]),
        ("東京に行く。大阪も見たいです", ["東京に行く。", "大阪も見たいです"]),
    ],
)
def test_pieces_end_at_the_best_border(text: str, pieces: list[str]) -> None:
    assert [text[start:end] for start, end in cut(text, limit=12)] == pieces


def test_offsets_are_shifted_back_and_blank_pieces_are_not_read() -> None:
    def first_words(texts: object) -> list[list[Span]]:
        assert texts == ["Rome ", "Oslo", "Lima"]
        return [[Span(0, 4)] for _ in range(3)]

    found = detect_in_pieces(
        ["Rome Oslo", " \n ", "", "Lima"], cut=partial(cut, limit=5), find=first_words
    )
    assert found == [(Span(0, 4), Span(5, 9)), (), (), (Span(0, 4),)]


def test_given_spans_are_returned() -> None:
    documents = [
        Document("a", "Rome and Oslo", (Span(9, 13), Span(0, 5))),
        Document("b", "nothing", ()),
    ]
    assert load_detector("spans").detect(documents) == [(Span(0, 4), Span(9, 13)), ()]


def test_a_document_without_spans_names_the_option() -> None:
    with pytest.raises(DocumentError, match=r"^f.jsonl:3: document 'x' .*--spans-field"):
        load_detector("spans").detect([Document("x", "Rome", origin="f.jsonl:3")])


@pytest.mark.parametrize("name", ["spans", "spacy", "gliner:some/model", "generative:/a:b/c"])
def test_a_detector_keeps_its_name(name: str) -> None:
    assert load_detector(name).name == name


@pytest.mark.parametrize(
    "name", ["", "spaCy", "gliner", "gliner:", "generative:", "spacy:large", "spans:x"]
)
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError, match="spans, spacy, gliner:MODEL or generative:MODEL"):
        load_detector(name)


def test_fingerprints_differ() -> None:
    names = ["spans", "spacy", "gliner:a/b", "gliner:a/c", "generative:a/b"]
    fingerprints = {load_detector(name).fingerprint for name in names}
    assert len(fingerprints) == len(names)


def test_a_folder_is_known_by_what_it_holds(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
    (second / "README.md").write_text("not part of the model")
    assert model_identity(str(first)) == model_identity(str(second))
    (second / "model.safetensors").write_bytes(b"others")
    assert model_identity(str(first)) != model_identity(str(second))


def test_choosing_a_detector_loads_no_model_library() -> None:
    code = (
        "import sys; from ner_retriever.detect import load_detector;"
        "[load_detector(n).name for n in ('spans', 'spacy', 'gliner:x', 'generative:x')];"
        "print(sorted({'torch', 'transformers', 'spacy', 'gliner'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.stdout == "[]\n", result.stderr
