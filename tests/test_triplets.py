"""The triplet loss against values worked out by hand, and the batches that it is given."""

from typing import Any

import numpy as np
import pytest
import torch

from ner_retriever.config import Settings
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.activations import Activations
from ner_retriever.training.config import NAMED, SoftmaxConfig, TripletConfig, read_loss
from ner_retriever.training.exclusion import Rules, Verdict
from ner_retriever.training.losses import triplet_loss
from ner_retriever.training.negatives import Miner
from ner_retriever.training.split import Split
from ner_retriever.training.triplets import Epoch, TripletSampler, anchor_vectors
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.vectors import FrozenVectors

ANCHORS = [[1.0, 0.0], [0.0, 1.0]]
POSITIVES = [[0.6, 0.8], [0.0, 1.0]]
NEGATIVES = [[0.8, 0.6], [-1.0, 0.0]]


def loss(wrong: Any, margin: float, negatives: Any = NEGATIVES) -> float:
    return float(
        triplet_loss(
            torch.tensor(ANCHORS),
            torch.tensor(POSITIVES),
            torch.tensor(negatives),
            torch.tensor(wrong),
            margin=margin,
        )
    )


def test_loss_by_hand() -> None:
    # Distances to positives 0.4 and 0, to the own negatives 0.2 and 1, to the hardest 0.2 and 0.4.
    first = (0.4 - 0.2 + 0.5) + (0.4 - 0.2 + 0.5)
    second = 0 + (0 - 0.4 + 0.5)
    assert loss([[True, True], [True, True]], 0.5) == pytest.approx((first + second) / 2)


def test_what_is_not_wrong_is_not_the_hardest() -> None:
    # For the second anchor its own negative is left, which is far enough.
    assert loss([[True, True], [False, True]], 0.5) == pytest.approx(1.4 / 2)


def test_no_loss_beyond_the_margin() -> None:
    far = [[-0.6, -0.8], [0.0, -1.0]]
    assert loss([[True, False], [False, True]], 0.5, far) == 0
    # The first is at 0.4 from its positive and at 1.6 from its negative.
    assert loss([[True, False], [False, True]], 1.3, far) == pytest.approx(2 * 0.1 / 2)


def test_a_step_against_the_gradient_makes_the_loss_smaller() -> None:
    generator = torch.Generator().manual_seed(0)
    raw = torch.randn(3, 8, 4, generator=generator, requires_grad=True)
    everything = torch.ones(8, 8, dtype=torch.bool)

    def value(vectors: torch.Tensor) -> torch.Tensor:
        return triplet_loss(*torch.nn.functional.normalize(vectors, dim=-1), everything, margin=0.5)

    before = value(raw)
    before.backward()
    assert raw.grad is not None
    assert value(raw - 0.01 * raw.grad) < before


# Eight types, ten mentions each, a word of the type's in every text. The children have half of the
# mentions of the first four types; the last type has a single mention.
NAMES = ("red", "green", "blue", "grey", "pink", "lime", "navy", "ash", "lonely")
MENTIONS = 41


def toy_texts() -> list[TypedText]:
    def text(number: int) -> TypedText:
        if number == MENTIONS - 1:
            types: tuple[str, ...] = ("lonely",)
        else:
            own = number // 10
            types = (NAMES[own], NAMES[own + 4]) if number % 2 else (NAMES[own],)
        words = f"w{number} near {NAMES[(number // 10 + 1) % 4]}"
        return TypedText(str(number), "toy", words, (Span(0, len(f"w{number}")),), (types,))

    return [text(number) for number in range(MENTIONS)]


def toy() -> tuple[Activations, list[TypedText]]:
    texts = toy_texts()
    pairs = [(n, NAMES.index(name)) for n, text in enumerate(texts) for name in text.types[0]]
    owners, types = np.array(pairs).T
    generator = np.random.default_rng(0)
    activations = Activations(
        mentions=generator.normal(size=(MENTIONS, 4)).astype(np.float32),
        queries=generator.normal(size=(len(NAMES), 4)).astype(np.float32),
        names=NAMES,
        owners=owners,
        types=types,
        texts=np.arange(MENTIONS),
        sources=np.full(MENTIONS, "toy"),
    )
    return activations, texts


def everything() -> Split:
    none = np.empty(0, dtype=np.int64)
    return Split(np.ones(len(NAMES), bool), none, np.ones(MENTIONS, bool), none)


def sampler(parts: Split | None = None, *, seed: int = 0, **options: Any) -> TripletSampler:
    activations, texts = toy()
    parts = parts or everything()
    rules = Rules(activations, texts)
    miner = Miner(activations, texts, rules, usable=parts.training_mentions)
    config = TripletConfig(**{"batch": 16, "mentions_a_type": 6, **options})
    return TripletSampler(activations, parts, config, rules=rules, miner=miner, seed=seed)


def rows(epoch: Epoch) -> list[tuple[int, int, int]]:
    return [
        row
        for batch in epoch.batches
        for row in zip(
            batch.anchors.tolist(),
            batch.positives.tolist(),
            batch.negatives.tolist(),
            strict=True,
        )
    ]


def types_of(mention: int) -> set[str]:
    return set(toy_texts()[mention].types[0])


# A mention of a descendant's or an ancestor's type may be of the anchor's, too.
RELATED = {name: {NAMES[n % 4], NAMES[n % 4 + 4]} for n, name in enumerate(NAMES[:8])}
RELATED["lonely"] = {"lonely"}


def related(names: set[str]) -> set[str]:
    return set().union(*(RELATED[name] for name in names))


@pytest.mark.parametrize("hard_share", [0.0, 0.5])
def test_positives_share_a_type_with_the_anchor_and_negatives_are_unrelated(
    hard_share: float,
) -> None:
    for anchor, positive, negative in rows(sampler(hard_share=hard_share).epoch(0)):
        is_name = anchor < len(NAMES)
        own = {NAMES[anchor]} if is_name else types_of(anchor - len(NAMES))
        assert own & types_of(positive)
        assert not related(own) & types_of(negative)
        assert is_name or anchor - len(NAMES) != positive


def test_an_epoch_has_so_many_mentions_a_type_and_batches_of_a_size() -> None:
    epoch = sampler().epoch(0)
    # Six mentions of each of four types, five of each child, which has no more, and one.
    assert [len(batch.anchors) for batch in epoch.batches] == [16, 16, 13]
    assert len(rows(epoch)) == 4 * 6 + 4 * 5 + 1


def test_anchors_are_names_and_mentions() -> None:
    anchors = [anchor for anchor, *_ in rows(sampler(mentions_a_type=100).epoch(0))]
    names = sum(anchor < len(NAMES) for anchor in anchors)
    assert 0.3 < names / len(anchors) < 0.7
    # A type with one mention has no other to be the anchor.
    assert NAMES.index("lonely") in anchors
    assert len(NAMES) + MENTIONS - 1 not in anchors


def test_a_batch_knows_which_negatives_are_wrong_for_which_anchors() -> None:
    activations, texts = toy()
    rules = Rules(activations, texts)
    for batch in sampler().epoch(0).batches:
        assert batch.wrong.diagonal().all()
        assert not batch.wrong.all()
        for anchor, row in zip(batch.anchors, batch.wrong, strict=True):
            verdicts = rules.judge(np.array([anchor]), batch.negatives[None])[0]
            assert row.tolist() == (verdicts == Verdict.WRONG).tolist()


def test_hard_negatives_are_those_that_bm25_finds() -> None:
    one = sampler(hard_share=1.0)
    epoch = one.epoch(0)
    assert epoch.exclusions is not None
    assert epoch.exclusions.kept > 0
    activations, texts = toy()
    miner = Miner(activations, texts, Rules(activations, texts), usable=np.ones(MENTIONS, bool))
    for anchor, _, negative in rows(epoch):
        found = miner.by_bm25(np.array([anchor])).mentions[0]
        assert negative in found or (found == -1).all()


def test_without_a_hard_share_bm25_is_not_asked() -> None:
    assert sampler(hard_share=0.0).epoch(0).exclusions is None


def test_an_epoch_hangs_on_its_number_and_the_seed_alone() -> None:
    one = sampler()
    first, second = rows(one.epoch(0)), rows(one.epoch(1))
    assert first != second
    assert rows(one.epoch(0)) == first
    assert rows(sampler().epoch(1)) == second
    assert rows(sampler(seed=1).epoch(0)) != first


def test_nothing_that_is_held_out_is_drawn() -> None:
    parts = everything()
    parts.training_types[[0, 4]] = False
    parts.training_mentions[:10] = False
    for triplet in rows(sampler(parts, hard_share=0.5).epoch(0)):
        anchor, positive, negative = triplet
        assert anchor not in (0, 4)
        assert not len(NAMES) <= anchor < len(NAMES) + 10
        assert min(positive, negative) >= 10


def test_a_type_that_every_mention_has_drops_out() -> None:
    parts = everything()
    parts.training_mentions[10:] = False
    assert sampler(parts).epoch(0).batches == []
    # The single mention of lonely is wrong for all others, and they for it.
    parts.training_mentions[-1] = True
    negatives = {negative for *_, negative in rows(sampler(parts, hard_share=0.0).epoch(0))}
    assert MENTIONS - 1 in negatives
    assert negatives <= {*range(10), MENTIONS - 1}


def test_too_few_types() -> None:
    parts = everything()
    parts.training_mentions[:-1] = False
    with pytest.raises(ConfigError, match="triplets need two types with mentions, not 1"):
        sampler(parts)


def test_anchors_are_projected_each_as_what_it_is() -> None:
    activations, _ = toy()
    head = ProjectionHead(4, 3, 2).eval()
    head.query_mean.fill_(1.0)
    anchors = np.array([len(NAMES) + 5, 2, len(NAMES), 0, 2])
    found = anchor_vectors(head, FrozenVectors(activations), len(NAMES), anchors)
    names = head.queries(torch.from_numpy(activations.queries))
    mentions = head.mentions(torch.from_numpy(activations.mentions))
    expected = torch.stack([mentions[5], names[2], mentions[0], names[0], names[2]])
    torch.testing.assert_close(found, expected)


# Settings


def test_the_papers_configuration() -> None:
    paper = NAMED["paper"]
    assert read_loss(paper["loss"]) == TripletConfig(
        epochs=50, mentions_a_type=100, batch=50, margin=0.5, hard_share=0.1
    )
    rest = {key: value for key, value in paper.items() if key != "loss"}
    assert rest == {
        "learning_rate": 2e-6,
        "hidden": 500,
        "dimensions": 500,
        "dropout": 0.1,
        "bank": 0,
    }


@pytest.mark.parametrize("settings", [SoftmaxConfig(types_a_batch=3), TripletConfig(margin=0.2)])
def test_settings_of_a_loss_come_back_from_their_record(settings: Settings) -> None:
    assert read_loss(settings.to_record()) == settings


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, 'a loss must be a JSON object with a "name", softmax or triplet'),
        ("triplet", "a loss must be a JSON object"),
        ({"name": "triplet", "temperature": 1.0}, "unknown key 'temperature' in tripletconfig"),
        ({"name": "triplet", "margin": 0}, "margin must be greater than 0"),
        ({"name": "triplet", "hard_share": 1.5}, "hard_share must lie between 0 and 1"),
        ({"name": "triplet", "batch": 0}, "batch must be at least 1"),
        ({"name": "softmax", "types_a_batch": 1}, "types_a_batch must be at least 2"),
        ({"name": "softmax", "temperature": 0}, "temperature must be greater than 0"),
    ],
)
def test_bad_settings_of_a_loss(record: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_loss(record)


def test_settings_are_those_of_one_loss() -> None:
    with pytest.raises(ConfigError, match="settings of the loss 'softmax', not of 'triplet'"):
        SoftmaxConfig.from_record({"name": "triplet"})
