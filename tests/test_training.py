"""Training: what is read, what is held out, what is made small, and that a head learns by it."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ner_retriever.backbone.engine import Pending
from ner_retriever.backbone.windows import Window
from ner_retriever.config import Preset, Site
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, DocumentError
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training import activations as activations_module
from ner_retriever.training.activations import Activations, extract
from ner_retriever.training.config import SoftmaxConfig, TrainingConfig
from ner_retriever.training.loop import Trained
from ner_retriever.training.loop import train as train_on
from ner_retriever.training.losses import softmax_loss
from ner_retriever.training.metric import r_precision
from ner_retriever.training.objectives import SoftmaxObjective
from ner_retriever.training.split import Split, split
from ner_retriever.training.typed_mentions import TypedText, read_typed_mentions, sample, without
from ner_retriever.training.vectors import FrozenVectors
from toys import LetterBackbone

row = LetterBackbone.row
TYPES, MENTIONS_A_TYPE, CODE = 60, 14, 8


def loss(mentions: Any, queries: Any, positive: Any, temperature: float) -> float:
    return float(
        softmax_loss(
            torch.tensor(mentions),
            torch.tensor(queries),
            torch.tensor(positive),
            torch.tensor(temperature),
        )
    )


IDENTITY = [[1.0, 0.0], [0.0, 1.0]]


def test_loss_of_two_mentions_and_two_types() -> None:
    # Every row and column of the logits holds 1 where it should and 0 where it shouldn't.
    expected = -math.log(math.e / (math.e + 1))
    assert loss(IDENTITY, IDENTITY, [[True, False], [False, True]], 1.0) == pytest.approx(expected)
    swapped = -math.log(1 / (math.e + 1))
    assert loss(IDENTITY, IDENTITY, [[False, True], [True, False]], 1.0) == pytest.approx(swapped)


def test_loss_of_three_mentions_and_two_types_one_mention_with_both() -> None:
    # Logits at temperature 1/2: (2, 0), (0, 2), (1.2, 1.6).
    mentions = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
    positive = [[True, False], [False, True], [True, True]]
    alone = math.log(math.exp(2) + 1) - 2
    both = math.log(math.exp(1.2) + math.exp(1.6)) - (1.2 + 1.6) / 2
    of_mentions = (alone + alone + both) / 3
    first = math.log(math.exp(2) + 1 + math.exp(1.2)) - (2 + 1.2) / 2
    second = math.log(1 + math.exp(2) + math.exp(1.6)) - (2 + 1.6) / 2
    of_types = (first + second) / 2
    expected = (of_mentions + of_types) / 2
    assert loss(mentions, IDENTITY, positive, 0.5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "relevant", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0], 1 / 2),
        ([0.1, 0.7, 0.8, 0.9], [0, 1, 1, 1], 1.0),
        ([0.9, 0.1], [0, 1], 0.0),
        ([0.5, 0.5, 0.5], [0, 1, 1], 1 / 2),
    ],
)
def test_r_precision_by_hand(scores: list[float], relevant: list[int], expected: float) -> None:
    assert r_precision(np.array(scores, np.float32), np.flatnonzero(relevant)) == expected


def toy_activations() -> Activations:
    """Types with a code each, in noise; every type has a child, which half its mentions have.

    The first numbers of a vector are its type's code, nearly; the rest is louder and says nothing.
    Two mentions stand in a text; every third text is from a dictionary.
    """
    generator = np.random.default_rng(0)
    codes = generator.normal(size=(TYPES, CODE))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    type_of = np.repeat(np.arange(TYPES), MENTIONS_A_TYPE)
    total = len(type_of)
    near = codes[type_of] + 0.05 * generator.normal(size=(total, CODE))
    mentions = np.hstack([near, generator.normal(size=(total, CODE))])
    queries = np.hstack([np.tile(codes, (2, 1)), generator.normal(size=(2 * TYPES, CODE))])
    with_child = np.flatnonzero(np.arange(total) % 2)
    texts = generator.permutation(total) // 2
    return Activations(
        mentions=mentions.astype(np.float32),
        queries=queries.astype(np.float32),
        names=tuple(f"{kind} {n}" for kind in ("type", "child") for n in range(TYPES)),
        owners=np.concatenate([np.arange(total), with_child]),
        types=np.concatenate([type_of, type_of[with_child] + TYPES]),
        texts=texts,
        sources=np.where(texts % 3, "news", "dictionary"),
    )


def texts_of(toy: Activations) -> list[TypedText]:
    """Texts for toy activations, each mention with words of its own."""
    texts = []
    for number in range(int(toy.texts.max()) + 1):
        rows = np.flatnonzero(toy.texts == number).tolist()
        spans = tuple(Span(4 * place, 4 * place + 3) for place in range(len(rows)))
        text = " ".join(f"{row:03}" for row in rows)
        types = tuple(
            tuple(toy.names[n] for n in toy.types[toy.owners == row].tolist()) for row in rows
        )
        texts.append(TypedText(str(number), str(number), text, spans, types))
    return texts


def train(toy: Activations, config: TrainingConfig, **options: Any) -> Trained:
    return train_on(toy, texts_of(toy), FrozenVectors(toy), config, **options)


def softmax_objective(
    toy: Activations, parts: Split, *, rarest: int = 2, **settings: Any
) -> SoftmaxObjective:
    return SoftmaxObjective(
        toy,
        parts,
        SoftmaxConfig(**settings),
        sizes=(8,),
        rarest=rarest,
        seed=0,
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_of_a_held_out_type_is_trained_on(seed: int) -> None:
    toy = toy_activations()
    parts = split(toy, held_out=5, seed=seed)
    held = parts.validation_types
    assert len(held) == 5
    assert held.max() < TYPES
    assert not parts.training_types[held].any()
    assert not parts.training_types[held + TYPES].any()
    assert parts.training_types.sum() == 2 * TYPES - 10
    trained_on = np.flatnonzero(parts.training_mentions)
    types_of_trained = toy.types[np.isin(toy.owners, trained_on)]
    assert not np.isin(types_of_trained, [*held, *(held + TYPES)]).any()
    assert not np.isin(toy.texts[trained_on], toy.texts[parts.validation_mentions]).any()


def test_validation_searches_the_held_out_mentions_among_others() -> None:
    toy = toy_activations()
    parts = split(toy, held_out=5, seed=0)
    of_held = toy.owners[np.isin(toy.types, parts.validation_types)]
    assert np.isin(of_held, parts.validation_mentions).all()
    others = ~np.isin(parts.validation_mentions, of_held)
    assert 0.2 < others.sum() / len(toy.mentions) < 0.45


def test_validation_may_be_on_some_sources_alone() -> None:
    toy = toy_activations()
    parts = split(toy, held_out=5, seed=0, sources=["news"])
    assert set(toy.sources[parts.validation_mentions]) == {"news"}
    held = np.isin(toy.types, parts.validation_types)
    assert not parts.training_mentions[toy.owners[held]].any()


def test_holding_out_nothing_trains_on_everything() -> None:
    parts = split(toy_activations(), held_out=0, seed=0)
    assert parts.training_types.all()
    assert parts.training_mentions.all()
    assert len(parts.validation_types) == len(parts.validation_mentions) == 0


def test_a_batchs_positives_are_the_types_that_were_given() -> None:
    toy = toy_activations()
    parts = split(toy, held_out=5, seed=0)
    objective = softmax_objective(toy, parts, types_a_batch=30, mentions_a_type=3)
    given = set(zip(toy.owners.tolist(), toy.types.tolist(), strict=True))
    for step in range(5):
        mentions, types, positive = objective.draw(step)
        assert len(set(types)) == len(types) == 30
        assert len(set(mentions)) == len(mentions) <= 90
        assert parts.training_types[types].all()
        assert parts.training_mentions[mentions].all()
        expected = [[(m, t) in given for t in types.tolist()] for m in mentions.tolist()]
        assert positive.tolist() == expected
        assert positive.any(dim=0).all()
        assert positive.any(dim=1).all()


def test_rare_types_are_left_out() -> None:
    toy = toy_activations()
    parts = split(toy, held_out=0, seed=0)
    objective = softmax_objective(toy, parts, rarest=MENTIONS_A_TYPE)
    assert objective.types.tolist() == list(range(TYPES))
    assert sorted(objective.draw(0)[1].tolist()) == list(range(TYPES))


CONFIG = TrainingConfig(
    hidden=64,
    dimensions=16,
    dropout=0.0,
    steps=120,
    learning_rate=3e-3,
    loss=SoftmaxConfig(temperature=0.1),
    held_out=8,
    evaluate_every=40,
)


def test_a_head_learns_what_is_easy() -> None:
    seen: list[dict[str, Any]] = []
    toy = toy_activations()
    trained = train(toy, CONFIG, report=seen.append)
    assert seen == trained.log
    assert [record["step"] for record in trained.log] == [40, 80, 120]
    losses = [record["loss"] for record in trained.log]
    assert losses == sorted(losses, reverse=True)
    untrained = train(toy, TrainingConfig(**{**CONFIG.to_record(), "steps": 1}))
    before, after = (run.log[-1]["validation_r_precision"] for run in (untrained, trained))
    assert before < 0.3
    assert after > 0.95
    assert not trained.head.training
    held_out = split(toy, held_out=8, seed=0).validation_types
    assert {toy.names[number] for number in held_out}.isdisjoint(trained.types)


def test_the_same_seed_gives_the_same_head() -> None:
    def weights(seed: int) -> dict[str, torch.Tensor]:
        config = TrainingConfig(steps=10, hidden=16, dimensions=8, seed=seed)
        return train(toy_activations(), config).head.state_dict()

    one, same, other = weights(1), weights(1), weights(2)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["first.weight"], other["first.weight"])


def test_a_head_is_centred_on_what_it_was_trained_on() -> None:
    toy = toy_activations()
    head = train(toy, TrainingConfig(steps=1, held_out=5)).head
    parts = split(toy, held_out=5, seed=0)
    trained_on = toy.mentions[parts.training_mentions]
    mean = trained_on.mean(axis=0)
    np.testing.assert_allclose(head.mention_mean, mean, atol=1e-6)
    np.testing.assert_allclose(
        head.query_mean, toy.queries[parts.training_types].mean(axis=0), atol=1e-6
    )
    assert float(head.scale) == pytest.approx(1 / (trained_on - mean).std(), rel=1e-3)


def test_an_unknown_training_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="unknown key 'epochs' in trainingconfig"):
        TrainingConfig.from_record({"epochs": 3})


TEXTS = [
    TypedText("1", "news", "ab cd", (Span(0, 2), Span(3, 5)), (("city",), ("river", "place"))),
    TypedText("2", "news", "no mention", (), ()),
    TypedText("3", "news", "ef", (Span(0, 2),), ((),)),
    TypedText("4", "wiki", "gh", (Span(0, 2),), (("city",),)),
    TypedText("5", "wiki", "ij", (Span(0, 1),), (("place",),)),
]
MENTIONS = [
    row(a=0.5, b=1, c=0.25),
    row(c=0.5, d=1, end=0.25),
    row(e=0.5, f=1, end=0.25),
    row(g=0.5, h=1, end=0.25),
    row(start=0.5, i=1, j=0.25),
]


class Breaking(LetterBackbone):
    """Fails in a given pass."""

    def __init__(self, breaks_at: int | None = None) -> None:
        super().__init__()
        self._breaks_at = breaks_at

    def begin(self, windows: list[Window]) -> Pending:
        if len(self.passes) + 1 == self._breaks_at:
            raise KeyboardInterrupt
        return super().begin(windows)


def extract_with(
    backbone: LetterBackbone, cache: Path, texts: list[TypedText] = TEXTS
) -> Activations:
    site = Site(component="value", block=0, pooling="last")
    preset = Preset(name="letters", backbone="letters", site=site)
    return extract(Extractor(preset, backbone, "letters"), texts, cache)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def two_texts_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activations_module, "_CHUNK", 2)


def test_activations_by_hand(tmp_path: Path) -> None:
    found = extract_with(LetterBackbone(), tmp_path)
    np.testing.assert_array_equal(found.mentions, MENTIONS)
    assert found.names == ("city", "place", "river")
    np.testing.assert_array_equal(found.queries[0], row(t=0.5, y=1, end=0.25))
    pairs = sorted(zip(found.owners.tolist(), found.types.tolist(), strict=True))
    assert pairs == [(0, 0), (1, 1), (1, 2), (3, 0), (4, 1)]
    assert found.texts.tolist() == [0, 0, 2, 3, 4]
    assert found.sources.tolist() == ["news", "news", "news", "wiki", "wiki"]


@pytest.mark.parametrize("breaks_at", [1, 2, 3, 4])
def test_an_extraction_that_was_cut_off_goes_on(tmp_path: Path, breaks_at: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        extract_with(Breaking(breaks_at), tmp_path)
    second = LetterBackbone()
    np.testing.assert_array_equal(extract_with(second, tmp_path).mentions, MENTIONS)
    # One pass for the queries and one for each of three chunks.
    assert len(second.passes) == 4 - (breaks_at - 1)


def test_a_second_extraction_reads_nothing(tmp_path: Path) -> None:
    first = extract_with(LetterBackbone(), tmp_path)
    again = LetterBackbone()
    np.testing.assert_array_equal(extract_with(again, tmp_path).mentions, first.mentions)
    assert again.passes == []


def test_other_types_of_the_same_mentions_cost_their_queries_alone(tmp_path: Path) -> None:
    extract_with(LetterBackbone(), tmp_path)
    again = LetterBackbone()
    renamed = TypedText("4", "wiki", "gh", (Span(0, 2),), (("sea",),))
    found = extract_with(again, tmp_path, [*TEXTS[:3], renamed, TEXTS[4]])
    assert found.names == ("city", "place", "river", "sea")
    assert [len(windows) for windows in again.passes] == [4]


def line(**changes: Any) -> str:
    mention = {"start": 0, "end": 5, "types": ["city", "place"]}
    return json.dumps({"id": "1", "source": "x", "text": "Paris", "mentions": [mention], **changes})


@pytest.mark.parametrize("name", ["data.jsonl", "data.jsonl.gz"])
def test_typed_mentions_are_read_plain_and_gzipped(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    content = (line() + "\n" + line(id=2, mentions=[]) + "\n").encode()
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert read_typed_mentions([file]) == [
        TypedText("1", "x", "Paris", (Span(0, 5),), (("city", "place"),)),
        TypedText("2", "x", "Paris", (), ()),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "5",
        '{"id": "1", "text": "Paris"}',
        line(mentions=[{"start": 0, "end": 5}]),
        line(mentions=[{"start": 0, "end": 6, "types": []}]),
        line(mentions=[{"start": 3, "end": 3, "types": []}]),
        line(mentions=[{"start": "0", "end": 5, "types": []}]),
        line(text=None),
    ],
)
def test_a_line_that_is_not_typed_mentions_is_named(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(f"{line()}\n{bad}\n")
    with pytest.raises(DocumentError, match=r"data\.jsonl:2: not a line of typed mentions"):
        read_typed_mentions([file])


def test_files_without_training_data(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"no file .*missing"):
        read_typed_mentions([tmp_path / "missing.jsonl"])
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DocumentError, match="the file is empty"):
        read_typed_mentions([tmp_path / "empty.jsonl"])


def test_excluded_texts_are_left_out_whatever_their_spacing() -> None:
    assert [text.id for text in without(TEXTS, ["No, mention!", "AB-CD", "mention"])] == [
        "3",
        "4",
        "5",
    ]


def test_a_sample_keeps_the_order_and_hangs_on_the_seed() -> None:
    texts = [TypedText(str(n), "", "", (), ()) for n in range(100)]
    drawn = [int(text.id) for text in sample(texts, 20, 0)]
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 20
    assert sample(texts, 20, 0) == sample(texts, 20, 0) != sample(texts, 20, 1)
    assert sample(texts, None, 0) == sample(texts, 100, 0) == texts
