"""Mentions found and embedded in one pass: the same as in two, whatever the text."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_helpers import error, run
from ner_retriever.config import Preset, load_preset
from ner_retriever.documents import Document
from ner_retriever.errors import FingerprintMismatch
from ner_retriever.heads.mention.files import save_mention_head
from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.record import read_mention_record
from ner_retriever.models import default_detector, load_reader
from ner_retriever.reading.encoder import Encoder, load_encoder
from ner_retriever.reading.mention_reader import MentionReader
from toys import save_tiny_mention_head, save_tiny_preset

THRESHOLD = 0.52
FAMILIES = ["bert", "mpnet", "llama", "gpt2"]

# What a detector meets outside of a benchmark.
TEXTS = {
    "emoji": "🦕🦖 Sue 👩‍👩‍👧 in Chicago 🇺🇸!!",
    "address": "see https://example.org/a?b=c#d and mail me@example.org",
    "code": "def f(x):\n\treturn {'Rome': x[0] or None}  # TODO",
    "table": "| city | country |\n|---|---|\n| Paris | France |\n| Rome | Italy |",
    "headline": "MAYOR OPENS MUSEUM OF MODERN ART",
    "Chinese": "柏林是德國的首都。東京鐵塔",
    "Arabic": "القاهرة هي عاصمة مصر",
    "Hindi": "दिल्ली भारत की राजधानी है",
    "accents": "Á́ne Brún; ﬁne İzmir ǅ",
    "nothing": " \t\n\u200b\x00 ",
    "empty": "",
    "one word": "x",
    "dashes": "-" * 300,
}


# Removed when the tests end.
_FOLDER = TemporaryDirectory(prefix="mention-reader-")


@cache
def toy(family: str = "bert") -> tuple[Preset, Encoder, Path]:
    """A tiny random backbone, and a random mention head for it."""
    folder = Path(mkdtemp(dir=_FOLDER.name))
    preset = load_preset(str(save_tiny_preset(folder, family=family)))
    encoder = load_encoder(preset)
    mentions = save_tiny_mention_head(folder / "mentions", encoder, threshold=THRESHOLD)
    return preset, encoder, mentions


def reader(family: str = "bert") -> MentionReader:
    preset, encoder, folder = toy(family)
    return MentionReader("mention-head", preset, lambda: encoder, folder=str(folder))


def documents(*texts: str) -> list[Document]:
    return [Document(str(number), text) for number, text in enumerate(texts)]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_pass_gives_what_two_give(family: str) -> None:
    given = documents(*TEXTS.values())
    spans = reader(family).detect(given)
    read = reader(family).read(given)
    assert [found.spans for found in read] == spans
    assert sum(map(len, spans)) > 20
    vectors = toy(family)[1].mentions([document.text for document in given], spans)
    for found, expected in zip(read, vectors, strict=True):
        np.testing.assert_allclose(found.vectors, expected, atol=1e-5)
        assert found.vectors.dtype == np.float32


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_alone_is_read_as_among_others(family: str) -> None:
    together = reader(family).read(documents(*TEXTS.values()))
    for text, among in zip(TEXTS.values(), together, strict=True):
        (alone,) = reader(family).read(documents(text))
        assert [(span.start, span.end) for span in alone.spans] == [
            (span.start, span.end) for span in among.spans
        ]
        np.testing.assert_allclose(alone.vectors, among.vectors, atol=1e-5)


@pytest.mark.parametrize("name", TEXTS)
def test_any_text_can_be_read(name: str) -> None:
    (found,) = reader().read(documents(TEXTS[name]))
    check(TEXTS[name], found.spans)


@given(st.text(max_size=80))
@settings(deadline=None)
def test_spans_lie_in_the_text_without_white_space_at_their_ends(text: str) -> None:
    (spans,) = reader().detect(documents(text))
    check(text, spans)


def check(text: str, spans: tuple) -> None:
    surfaces = [text[span.start : span.end] for span in spans]
    assert all(surface and surface == surface.strip() for surface in surfaces)
    places = [(span.start, span.end) for span in spans]
    assert places == sorted(set(places))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(THRESHOLD <= span.detection_score <= 1 for span in spans)


def test_a_line_of_ten_thousand_tokens_is_read_whole() -> None:
    text = "Sue the T-Rex, " * 700
    (found,) = reader().read(documents(text))
    check(text, found.spans)
    starts = np.array([span.start for span in found.spans])
    # A tiny window has 62 tokens; no part of the text is without a find, and none has two.
    assert starts.max() > len(text) - 100
    assert np.diff(starts).max() < 100


def test_a_long_texts_mentions_are_those_that_two_passes_embed() -> None:
    given = documents("Sue the T-Rex, " * 40, "Rome. " * 50)
    read = reader().read(given)
    vectors = toy()[1].mentions([document.text for document in given], [r.spans for r in read])
    for found, expected in zip(read, vectors, strict=True):
        np.testing.assert_allclose(found.vectors, expected, atol=1e-5)


def test_no_document_and_no_mention() -> None:
    assert reader().read([]) == []
    (found,) = reader().read(documents(""))
    assert (found.spans, found.vectors.shape) == ((), (0, toy()[1].dimensions))


def test_other_states_than_it_was_trained_on_are_refused() -> None:
    preset, _, folder = toy()
    other = load_encoder(replace(preset, prefix="x"))
    given = MentionReader("mention-head", preset, lambda: other, folder=str(folder))
    with pytest.raises(FingerprintMismatch, match="trained on another site"):
        given.detect(documents("a"))


def test_one_that_was_trained_with_an_adapter_is_refused_without_it(tmp_path: Path) -> None:
    preset, encoder, folder = toy()
    record = replace(read_mention_record(folder), adapter="a" * 64)
    save_mention_head(tmp_path, MentionHead(32, 16, 4), record)
    given = MentionReader("mention-head", preset, lambda: encoder, folder=str(tmp_path))
    with pytest.raises(FingerprintMismatch, match="trained on another adapter"):
        given.detect(documents("a"))


def test_its_name_and_fingerprint() -> None:
    preset, encoder, folder = toy()
    found = load_reader(f"mention-head:{folder}", preset, lambda: encoder)
    assert found.name == f"mention-head:{folder} of toy"
    assert found.fingerprint == reader().fingerprint
    assert found.fingerprint.startswith("mention-head:")


def test_an_index_is_made_and_asked_with_it(tmp_path: Path) -> None:
    _, _, folder = toy()
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("Sue stands in Chicago.\nThe Louvre is in Paris.\n")
    out = tmp_path / "index"
    detector = f"mention-head:{folder}"
    command = ["index", corpus, "--out", out, "--preset", folder.parent / "toy.json"]
    made = run(*command, "--detector", detector)
    assert (made.code, "2 new" in made.err) == (0, True), made.err
    found = run("search", out, "museum", "--format", "jsonl")
    assert {record["id"] for record in found.records} == {f"{corpus}:1", f"{corpus}:2"}
    scores = [m["detection_score"] for record in found.records for m in record["mentions"]]
    assert all(THRESHOLD <= score < 1 for score in scores)
    least = max(scores)
    sure = run("search", out, "museum", "--format", "jsonl", "--min-detection", str(least))
    assert {m["detection_score"] for r in sure.records for m in r["mentions"]} == {least}
    # Nothing is read again, and another detector is refused.
    assert "2 unchanged" in run(*command).err
    assert "made with detector" in error(*command, "--detector", "spacy")


def test_a_mention_head_that_was_changed_fills_no_index_further(tmp_path: Path) -> None:
    _, _, folder = toy()
    mine = tmp_path / "mentions"
    mine.mkdir()
    for file in folder.iterdir():
        (mine / file.name).write_bytes(file.read_bytes())
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("Sue stands in Chicago.\n")
    command = ["index", corpus, "--out", tmp_path / "index", "--detector", f"mention-head:{mine}"]
    assert run(*command, "--preset", folder.parent / "toy.json").code == 0
    record = mine / "mention_head.json"
    record.write_text(record.read_text().replace("0.52", "0.6"))
    corpus.write_text("Sue stands in Paris.\n")
    assert "detector" in error(*command)


@pytest.mark.weights
@pytest.mark.parametrize("preset", ["minilm", "mpnet", "smollm2"])
def test_the_mention_heads_that_ship_find_names_and_nouns(preset: str) -> None:
    settings = load_preset(preset)
    encoder = load_encoder(settings)
    texts = [
        "Sue the Tyrannosaurus stands in the Field Museum of Natural History, Chicago.",
        "treatment of migraine with sumatriptan began in the early nineties",
    ]
    assert default_detector(settings) == "mention-head"
    first, second = load_reader("mention-head", settings, lambda: encoder).detect(documents(*texts))
    named = {texts[0][span.start : span.end] for span in first}
    assert {"Tyrannosaurus", "Field Museum of Natural History", "Chicago"} <= named
    assert {"migraine", "sumatriptan"} <= {texts[1][span.start : span.end] for span in second}
