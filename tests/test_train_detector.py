"""Training of mention heads: what is learnt from, how augmented, and that something is learnt."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_helpers import error, run
from ner_retriever.config import load_preset
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError
from ner_retriever.heads.mention.files import load_mention_head
from ner_retriever.reading.encoder import load_encoder
from ner_retriever.training.detection import states as states_module
from ner_retriever.training.detection.augmentation import augmented, bare, lower, title, upper
from ner_retriever.training.detection.config import DetectionConfig
from ner_retriever.training.detection.examples import (
    Example,
    held_out,
    make_examples,
    names_of_things,
)
from ner_retriever.training.detection.measure import recall, threshold_for
from ner_retriever.training.detection.states import read_states
from ner_retriever.training.typed_mentions import TypedText

CONFIG = DetectionConfig(complete=("all",), floor=0.1, agreed=0.6, folds=2)
NAMES = ["Rome", "Paris", "Sue", "Otto", "Chicago", "Ada Lovelace", "New York", "Lake Como"]
PLAIN = ["we saw it there", "this is of no use", "they go on and on", "it was so"]


def text(number: int, source: str, content: str, *spans: tuple[int, int]) -> TypedText:
    given = tuple(Span(*span) for span in spans)
    return TypedText(str(number), source, content, given, ((),) * len(given))


def corpus(count: int, source: str = "all") -> list[TypedText]:
    """Sentences in which each name, and nothing else, is a mention."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        name, other = random.choice(NAMES, 2, replace=False)
        before, between = random.choice(PLAIN, 2)
        content = f"{before} {name} {between} {other}"
        places = [content.index(f" {found}") + 1 for found in (name, other)]
        spans = [(place, place + len(n)) for place, n in zip(places, (name, other), strict=True)]
        made.append(text(number, source, content, *spans))
    return made


def write(file: Path, texts: list[TypedText]) -> Path:
    records: list[dict[str, Any]] = [
        {
            "id": t.id,
            "source": t.source,
            "text": t.text,
            "mentions": [{"start": s.start, "end": s.end, "types": []} for s in t.spans],
        }
        for t in texts
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def test_what_nobody_annotated_counts_by_source() -> None:
    texts = [text(0, "all", "Rome and Paris", (0, 4)), text(1, "some", "Rome and Paris", (0, 4))]
    finds = [[Span(0, 4, 0.7), Span(9, 14, 0.25)]] * 2
    lexicon = names_of_things([text(2, "wordnet", "paris, a town", (0, 5))], "wordnet")
    complete, partial = make_examples(texts, finds, lexicon, CONFIG)
    assert complete.targets == {(0, 4): 1.0, (9, 14): 0.1}
    assert partial.targets == {(0, 4): 1.0, (9, 14): 0.6}
    assert complete.gold == partial.gold == {(0, 4)}
    _, unknown = make_examples(texts, finds, (), CONFIG)
    assert math.isnan(unknown.targets[9, 14])


def test_a_fold_of_each_source_is_held_out() -> None:
    examples = [Example(source, str(n), {}, frozenset()) for source in "ab" for n in range(4)]
    for fold, expected in ((0, "01"), (1, "23")):
        config = DetectionConfig(folds=2, fold=fold)
        out = held_out(examples, config)
        kept = [example.text for example, is_out in zip(examples, out, strict=True) if is_out]
        assert kept == [*expected, *expected]


@pytest.mark.parametrize(
    ("augment", "expected"),
    [
        (lower, "dr. (who) saw the tardis, in ﬁne york-on-sea."),
        (upper, "DR. (WHO) SAW THE TARDIS, IN ﬁne YORK-ON-SEA."),
        (title, "Dr. (Who) Saw The Tardis, In ﬁne York-On-Sea."),
        (bare, "dr who saw the tardis in ﬁne york-on-sea"),
    ],
)
def test_augmentation_keeps_the_mentions(augment: Any, expected: str) -> None:
    content = "Dr. (Who) saw the TARDIS, in ﬁne York-on-Sea."
    mentions = ["Dr. (Who", "TARDIS", "York-on-Sea"]
    places = [(content.index(m), content.index(m) + len(m)) for m in mentions]
    example = Example("all", content, dict.fromkeys(places, 1.0) | {(3, 4): 0.2}, frozenset(places))
    changed = augment(example)
    assert changed.text == expected
    kept = [m.translate(str.maketrans("", "", ".(")) if augment is bare else m for m in mentions]
    surfaces = [changed.text[start:end] for start, end in sorted(changed.gold)]
    assert [s.lower() for s in surfaces] == [m.lower() for m in kept]
    # A find of nothing but a space keeps its place; one of nothing but signs is gone.
    assert set(changed.gold) <= changed.targets.keys()


def test_a_mention_of_signs_alone_is_gone_in_a_bare_text() -> None:
    changed = bare(Example("all", "a !! b", {(2, 4): 1.0}, frozenset({(2, 4)})))
    assert (changed.text, changed.targets, changed.gold) == ("a  b", {}, frozenset())


def test_a_share_of_texts_is_augmented() -> None:
    examples = [Example("all", f"Text {n}.", {}, frozenset()) for n in range(400)]
    changed, originals = augmented(examples, 0.5, seed=1)
    assert 150 < len(changed) < 250
    assert changed == augmented(examples, 0.5, seed=1)[0]
    for example, original in zip(changed, originals, strict=True):
        assert example.text.lower().rstrip(".") == f"text {original}"
    assert augmented(examples, 0.0, seed=1)[0] == []


def test_recall_at_a_number_of_finds() -> None:
    gold = [frozenset({(0, 4), (5, 9)}), frozenset({(0, 2)})]
    found = [{(0, 4): 0.9, (6, 9): 0.8, (5, 9): 0.2}, {(0, 2): 0.3, (4, 5): 0.7}]
    # Three finds: 0.9, 0.8 and 0.7.
    measured = recall(gold, found, 1.0)
    assert (measured.exact, measured.overlap, measured.threshold) == (1 / 3, 2 / 3, 0.7)
    assert recall(gold, found, 4 / 3).exact == 2 / 3
    assert threshold_for(found, 9) == 0.0
    assert threshold_for(found, 0) == 1.0


def test_texts_that_are_read_alike_are_read_once(tmp_path: Path, toy_preset: Path) -> None:
    extractor = load_encoder(load_preset(str(toy_preset))).extractor
    found = read_states(extractor, ["ab c", "d", "ab c"], tmp_path, adapter="")
    assert len(found.windows) == 3
    np.testing.assert_array_equal(found.of(0), found.of(2))
    assert len(found.rows) == 3
    assert found.rows.dtype == np.float16


def test_a_reading_that_was_stopped_goes_on(
    tmp_path: Path, toy_preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = load_encoder(load_preset(str(toy_preset))).extractor
    texts = [f"text {n}" for n in range(7)]
    whole = read_states(extractor, texts, tmp_path / "a", adapter="")
    monkeypatch.setattr(states_module, "_CHUNK", 2)
    read: list[int] = []

    def stop(done: int, _total: int) -> None:
        read.append(done)
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_states(extractor, texts, tmp_path / "b", adapter="", progress=stop)
    parts = read_states(
        extractor, texts, tmp_path / "b", adapter="", progress=lambda done, _: read.append(done)
    )
    assert read == [2, 4, 6, 7]
    np.testing.assert_allclose(parts.rows, whole.rows, atol=1e-3)


def test_another_adapter_has_other_states(tmp_path: Path, toy_preset: Path) -> None:
    extractor = load_encoder(load_preset(str(toy_preset))).extractor
    for adapter in ("", "x"):
        read_states(extractor, ["a"], tmp_path, adapter=adapter)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_mention_head_learns(tmp_path: Path, toy_preset: Path) -> None:
    data = write(tmp_path / "data.jsonl", corpus(120) + corpus(60, "some"))
    config = tmp_path / "config.json"
    settings = {"complete": ["all"], "teacher": "", "folds": 4, "epochs": 12, "hidden": 32}
    config.write_text(json.dumps({**settings, "learning_rate": 0.01, "words_a_mention": 4}))
    out = tmp_path / "mentions"
    command = ["train-detector", "--data", data, "--preset", toy_preset, "--config", config]
    trained = run(*command, "--out", out, "--cache", tmp_path / "cache")
    assert trained.code == 0, trained.err
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < log[0]["loss"] / 4
    assert log[-1]["all"]["1.7"][0] > 0.9
    head, record = load_mention_head(out)
    assert (head.hidden, record.notes["sources"]["some"]["texts"]) == (32, 60)
    assert 0 < record.threshold < 1
    card = (out / "README.md").read_text()
    assert "| all | 120 | 240 | everything | not stated |" in card
    # What was trained finds what it was trained to find.
    lines = tmp_path / "lines.txt"
    lines.write_text("this is of no use Otto we saw it there\n")
    made = run(
        "index", lines, "--out", tmp_path / "index", "--preset", toy_preset,
        "--detector", f"mention-head:{out}",
    )  # fmt: skip
    assert made.code == 0, made.err
    found = run("search", tmp_path / "index", "person", "--format", "jsonl").records
    assert found[0]["mentions"][0]["text"] == "Otto"


def test_bad_input_is_said_on_one_line(tmp_path: Path, toy_preset: Path) -> None:
    data = write(tmp_path / "data.jsonl", corpus(1))
    config = tmp_path / "config.json"
    command = ["train-detector", "--data", data, "--preset", toy_preset, "--out", tmp_path / "m"]
    config.write_text('{"teacher": "", "folds": 20}')
    assert (
        "holds none of a complete source (crossner, re-docred, wikigold, wnut17, written)"
        in error(*command, "--config", config)
    )
    for content, message in (
        ("{", "config.json as JSON"),
        ("[]", "must hold a JSON object"),
        ('{"x": 1}', "unknown key 'x'"),
        ('{"fold": 20}', "fold must be one of 20"),
        ('{"floor": 2}', "floor must be 0 to 1"),
        ('{"epochs": 0}', "epochs must be greater than 0"),
    ):
        config.write_text(content)
        assert message in error(*command, "--config", config)
    config.write_text('{"teacher": "nobody"}')
    assert "no detector 'nobody'" in error(*command, "--config", config)
    assert not (tmp_path / "m").exists()


def test_settings_are_bounded() -> None:
    with pytest.raises(ConfigError, match="words_a_mention"):
        DetectionConfig(words_a_mention=0.5)
