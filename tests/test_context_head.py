"""A context head in training: sentences, what a teacher keeps, and what a run leaves behind."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ner_retriever.config import Preset, load_preset
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.files import load_context_head, load_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.record import shares
from ner_retriever.reading.extractor import load_extractor
from ner_retriever.retriever import Retriever
from ner_retriever.training.annotations import annotate
from ner_retriever.training.averaging import Average
from ner_retriever.training.config import ContextConfig, TrainingConfig
from ner_retriever.training.context import sentences_of
from ner_retriever.training.hierarchy import estimate_hierarchy
from ner_retriever.training.losses import softmax_loss
from ner_retriever.training.new_heads import new_heads
from ner_retriever.training.output import write_head
from ner_retriever.training.relatives import Relatives, Siblings
from ner_retriever.training.split import split
from ner_retriever.training.teacher import Teacher
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.validation import asked_of_source
from ner_retriever.training.vectors import LiveVectors
from test_adapter import CONFIG, run, typed_texts
from toys import headed, save_tiny_preset


@pytest.fixture
def preset(tmp_path: Path) -> Preset:
    return load_preset(str(save_tiny_preset(tmp_path)))


def with_context(preset: Preset, **settings: object) -> TrainingConfig:
    context = ContextConfig(hidden=8, dimensions=4, teacher=preset.backbone)
    return replace(CONFIG, context=context, skip=True, average=0.9, **settings)


TWO_SENTENCES = TypedText(
    "t",
    "news",
    "Sue is big. Rex met Ann there.",
    (Span(0, 3), Span(12, 15), Span(20, 23)),
    ((),) * 3,
)


def test_the_sentence_of_each_mention() -> None:
    found = sentences_of([TWO_SENTENCES, TypedText("u", "news", "Bob.", (Span(0, 3),), ((),))])
    assert found.texts == ["Sue is big. ", "Rex met Ann there.", "Bob."]
    assert found.of.tolist() == [0, 1, 1, 2]


def test_a_context_is_the_mean_of_its_sentence(preset: Preset) -> None:
    extractor = load_extractor(preset)
    texts = [replace(TWO_SENTENCES, types=(("dog",),) * 3)]
    contexts = LiveVectors(extractor, texts, ["dog"]).mentions(np.arange(3)).context
    torch.testing.assert_close(contexts[1], contexts[2])
    (part,) = extractor.windows([TWO_SENTENCES.text])
    window = part.window([(0, 1)])
    states = torch.from_numpy(extractor.backbone.begin([window])())
    states = states[0, len(extractor.backbone.before) :]
    torch.testing.assert_close(contexts[0], states[:12].mean(0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(contexts[1], states[12:30].mean(0), atol=1e-5, rtol=1e-4)


def test_a_source_that_validates_nothing_is_refused(preset: Preset) -> None:
    config = with_context(preset, held_out_sources=("elsewhere",))
    with pytest.raises(ConfigError, match="no type stands in 4 texts of the source 'elsewhere'"):
        run(preset, config)


def test_a_run_leaves_a_context_head_that_can_be_loaded(preset: Preset, tmp_path: Path) -> None:
    config = with_context(preset, held_out_sources=("web",))
    held = [replace(text, source="web") for text in typed_texts()[:12]]
    trained = run(preset, config, texts=[*typed_texts()[12:], *held])
    assert trained.context is not None
    losses = [record["loss"] for record in trained.log]
    assert losses[-1] < losses[0]
    assert 0 <= trained.log[-1]["web_r_precision"] <= 1
    assert "web_r_precision_without_context" in trained.log[-1]
    write_head(
        tmp_path / "head",
        trained,
        config,
        texts=typed_texts(),
        backbone="b",
        preset=preset,
        files=["f"],
        seconds=1.0,
    )
    head, record = load_head(tmp_path / "head")
    assert record.context_weight == 0.3
    loaded = load_context_head(tmp_path / "head", record)
    assert loaded is not None
    states = torch.randn(5, loaded.width)
    torch.testing.assert_close(loaded.mentions(states), trained.context.mentions(states))
    assert head.skip is not None


def test_a_stopped_run_with_a_mean_goes_on_where_it_was(preset: Preset, tmp_path: Path) -> None:
    whole = run(preset, with_context(preset))

    class Stopped(Exception):
        pass

    def stop(record: dict[str, float]) -> None:
        if record["step"] == 4:
            raise Stopped

    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stopped):
        run(preset, with_context(preset), checkpoint=file, report=stop)
    resumed = run(preset, with_context(preset), checkpoint=file)
    assert whole.context is not None
    assert resumed.context is not None
    for part, again in ((whole.head, resumed.head), (whole.context, resumed.context)):
        for name, weights in part.state_dict().items():
            torch.testing.assert_close(again.state_dict()[name], weights, msg=name)


def test_extracted_vectors_have_no_context(preset: Preset) -> None:
    texts = typed_texts()
    annotations = annotate(texts)
    vectors = LiveVectors(load_extractor(preset), texts, annotations.names)
    parts = split(annotations, held_out=0, seed=0)

    class Without:
        device = vectors.device

        def mentions(self, rows: np.ndarray) -> object:
            return replace(vectors.mentions(rows), context=torch.empty(len(rows), 0))

        queries = mentions

    with pytest.raises(ConfigError, match="needs an adapter"):
        new_heads(Without(), parts, with_context(preset), bank=4)  # type: ignore[arg-type]


def test_a_linear_path_begins_as_principal_components(preset: Preset) -> None:
    texts = typed_texts()
    annotations = annotate(texts)
    vectors = LiveVectors(load_extractor(preset), texts, annotations.names)
    config = replace(with_context(preset), dimensions=24)
    head, context = new_heads(vectors, split(annotations, held_out=0, seed=0), config, bank=0)
    assert head.skip is not None
    rows = head.skip.weight
    torch.testing.assert_close(rows @ rows.T, torch.eye(24), atol=1e-4, rtol=0)
    assert context is not None
    assert context.dimensions == 4


def test_a_teacher_changes_dot_products_as_little_as_can_be(preset: Preset) -> None:
    texts = [f"{first} {second}" for first in "abcdefgh" for second in "ijklmnop"]
    device = torch.device("cpu")
    whole, few = (
        Teacher(preset.backbone, texts, dimensions=size, device=device, seed=0) for size in (32, 8)
    )
    rows = np.array([5, 3, 60, 3])
    vectors = few.vectors(rows)
    assert vectors.shape == (4, 8)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(vectors[1], vectors[3])
    everything = whole.vectors(np.arange(64)) @ whole.vectors(np.arange(64)).T
    kept = few.vectors(np.arange(64)) @ few.vectors(np.arange(64)).T
    assert (everything - kept).abs().max() < 0.1


def test_a_mean_of_weights() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    average = Average(model, 0.5)
    nn.init.constant_(model.weight, 3.0)
    average.add(step=0)
    # Early on the decay is less: 1/10 of the old one.
    assert average.state is not None
    assert average.state["weight"].item() == pytest.approx(0.1 * 1 + 0.9 * 3)
    with average.in_place():
        assert model.weight.item() == pytest.approx(2.8)
    assert model.weight.item() == 3.0
    assert Average(model, 0.0).state is None


# thing > animal > dog, cat; thing > tool. Mention 3 is labelled an animal alone.
NAMES = ("thing", "animal", "dog", "cat", "tool")
PAIRS = [(0, 2), (0, 1), (0, 0), (1, 3), (1, 1), (1, 0), (2, 4), (2, 0), (3, 1), (3, 0)]


def relatives() -> tuple[Relatives, Siblings]:
    owners, types = np.array(PAIRS).T
    # More of the same, so that shares tell.
    repeated = np.concatenate([owners + 4 * turn for turn in range(20)])
    kinds = np.tile(types, 20)
    hierarchy = estimate_hierarchy(repeated, kinds, mentions=80, count=5)
    counts = np.bincount(kinds, minlength=5)
    made = Relatives(repeated, kinds, mentions=80, count=5, hierarchy=hierarchy)
    return made, Siblings(np.arange(5), counts, hierarchy)


def test_ancestors_and_descendants_are_spared() -> None:
    spared = relatives()[0].spared(np.array([0, 2, 3]), np.arange(5))
    named = [{NAMES[number] for number in np.flatnonzero(row)} for row in spared]
    # A dog is no cat; an animal may be either.
    assert "cat" not in named[0]
    assert "tool" not in named[0]
    assert {"dog", "cat"} <= named[2]
    assert "animal" not in named[1]


def test_siblings_share_a_parent() -> None:
    drawn = relatives()[1].draw(np.random.default_rng(0), np.array([2]), 5)
    assert {NAMES[number] for number in drawn} == {"cat"}


def test_spared_pairs_count_neither_for_nor_against() -> None:
    mentions = torch.eye(3)[:2]
    queries = torch.eye(3)
    positive = torch.tensor([[True, False, False], [False, True, False]])
    spared = torch.tensor([[False, False, True], [False, False, True]])
    temperature = torch.tensor(0.5)
    given = softmax_loss(mentions, queries, positive, temperature, spared)
    torch.testing.assert_close(
        given, softmax_loss(mentions, queries[:2], positive[:, :2], temperature)
    )


def test_a_source_is_asked_its_own_types() -> None:
    texts = [
        TypedText(str(n), source, "ab", (Span(0, 1),), ((kind,),))
        for source, kind, count in (("web", "dog", 4), ("web", "cat", 3), ("news", "tool", 9))
        for n in range(count)
    ]
    annotations = annotate(texts)
    asked = asked_of_source(annotations, "web")
    assert [annotations.names[number] for number in asked.types] == ["dog"]
    assert asked.mentions.tolist() == list(range(7))


def test_heads_without_a_linear_path_are_as_they_were() -> None:
    assert ProjectionHead(4, 4, 4).skip is None


def test_an_index_holds_the_vectors_of_sentences(tmp_path: Path) -> None:
    preset = headed(tmp_path, context_weight=0.4, bank=5)
    file = tmp_path / "headed.json"
    file.write_text(json.dumps(preset.to_record()))
    retriever = Retriever.create(tmp_path / "index", preset=str(file), detector="spans")
    documents = [
        Document("two", TWO_SENTENCES.text, TWO_SENTENCES.spans),
        Document("none", "Nobody is here.", ()),
        Document("one", "The cat sat with Tom. Tim came.", (Span(22, 25), Span(17, 20))),
    ]
    retriever.add(documents)
    assert retriever.manifest.context_dimensions == 8
    results = retriever.search("cat", limit=None)
    scan = results.scan
    assert scan.mentions["sentence"].tolist() == [0, 1, 1, 2, 3]
    texts, spans = ([document.text for document in documents], [d.spans or () for d in documents])
    vectors = retriever.encoder.mentions(texts, spans)
    (query,) = retriever.encoder.queries(["cat"])
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([*vectors, query[None]]), axis=1), 1)
    best = {
        document.id: float((rows @ query).max())
        for document, rows in zip(documents, vectors, strict=True)
        if len(rows)
    }
    assert {hit.id: hit.score for hit in results} == pytest.approx(best, abs=2e-3)
    (alone,) = retriever.search_many(["cat"], limit=None)
    assert {hit.id: hit.score for hit in alone} == pytest.approx(best, abs=2e-3)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_a_joined_score_is_both_cosines_in_their_weight(weight: float) -> None:
    generator = np.random.default_rng(0)
    m, c, q, r = (row / np.linalg.norm(row) for row in generator.standard_normal((4, 5)))
    own, around = shares(weight)
    joined, asked = np.concatenate([own * m, around * c]), np.concatenate([own * q, around * r])
    assert joined @ asked == pytest.approx((m @ q + weight * (c @ r)) / (1 + weight))
