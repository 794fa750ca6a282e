"""Our own systems on a pool, with a tiny random model."""

from pathlib import Path

import numpy as np
import pytest

from ner_retriever import Document, Retriever, Span
from ner_retriever.config import load_preset
from ner_retriever.errors import ConfigError, DocumentError, IndexNotFound, InputError
from ner_retriever.evaluation.seen import read_training_types
from ner_retriever.evaluation.systems.loading import load_systems
from ner_retriever.evaluation.systems.ner_retriever import ExistingIndex, NerRetriever
from ner_retriever.evaluation.systems.untrained import KINDS, LLM_HIDDEN, Untrained
from ner_retriever.reading.extractor import load_extractor

POOL = [
    Document("a", "Sue the Tyrannosaurus stands in Chicago.", (Span(8, 21), Span(32, 39))),
    Document("b", "nothing to see here", ()),
    Document("c", "The Louvre is in Paris.", (Span(4, 10), Span(17, 22))),
    Document("d", "Ein Stegosaurus 🦕 im Café.", (Span(4, 15), Span(21, 25))),
]
DIMENSIONS = 32
MENTIONS = 6


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> NerRetriever:
    from toys import save_tiny_preset

    system = NerRetriever(str(save_tiny_preset(tmp_path_factory.mktemp("preset"))))
    system.index(POOL)
    return system


@pytest.fixture
def retriever(tmp_path: Path, toy_preset: Path) -> Retriever:
    retriever = Retriever.create(tmp_path / "my.index", preset=str(toy_preset), detector="spans")
    retriever.add(POOL)
    return retriever


# The product


def test_the_ranking_is_the_products(ours: NerRetriever, retriever: Retriever) -> None:
    for query in ("dinosaur", "City", "museum in France"):
        scores = ours.rank(query)
        assert scores.dtype == np.float32
        assert scores[1] == -np.inf
        found = {hit.id: hit.score for hit in retriever.search(query, limit=None)}
        retrieved = np.flatnonzero(scores > -np.inf)
        order = retrieved[np.argsort(-scores[retrieved], kind="stable")]
        assert [POOL[row].id for row in order] == list(found)
        np.testing.assert_array_equal(scores[order], np.array(list(found.values()), np.float32))


def test_best_mentions_are_the_products(ours: NerRetriever, retriever: Retriever) -> None:
    hits = {hit.id: hit.mentions[0] for hit in retriever.search("dinosaur", limit=None)}
    best = ours.best_mentions("dinosaur", [3, 1, 0, 2])
    assert best == [hits["d"], None, hits["a"], hits["c"]]


def test_what_is_stored_is_counted(ours: NerRetriever) -> None:
    ours.rank("dinosaur")
    assert ours.bytes_a_text == MENTIONS * DIMENSIONS * 2 / len(POOL)
    assert ours.disk_bytes_a_text > 2 * ours.bytes_a_text
    expected = {"preset": "toy", "head": "none", "mentions": MENTIONS, "dimensions": DIMENSIONS}
    assert {key: ours.settings[key] for key in expected} == expected


def test_progress_counts_documents(toy_preset: Path) -> None:
    for system in (NerRetriever(str(toy_preset)), Untrained(load_preset(str(toy_preset)))):
        calls: list[int] = []
        system.index(POOL, progress=calls.append)
        assert calls[-1] == len(POOL)


def test_mentions_must_be_given(toy_preset: Path) -> None:
    for system in (NerRetriever(str(toy_preset)), Untrained(load_preset(str(toy_preset)))):
        with pytest.raises(DocumentError, match="has no spans"):
            system.index([Document("a", "text")])


def test_an_existing_index_ranks_as_a_new_one(ours: NerRetriever, retriever: Retriever) -> None:
    retriever.add([Document("z", "One more text about Rome.", (Span(20, 24),))])
    system = ExistingIndex(retriever, name="index:my.index")
    turned = [Document(f"other-{document.id}", document.text) for document in POOL[::-1]]
    system.index(turned)
    np.testing.assert_array_equal(system.rank("dinosaur"), ours.rank("dinosaur")[::-1])
    assert system.settings["texts"] == len(POOL) + 1


def test_an_index_of_other_texts_is_refused(retriever: Retriever) -> None:
    system = ExistingIndex(retriever, name="index:my.index")
    with pytest.raises(InputError, match=r"lacks 1 of the benchmark's 2 texts \(such as x\)"):
        system.index([POOL[0], Document("x", "Another text.")])


# Without a head


def test_untrained_vectors_are_centred_each_kind_on_its_own_mean(toy_preset: Path) -> None:
    preset = load_preset(str(toy_preset))
    system = Untrained(preset)
    system.index(POOL)
    extractor = load_extractor(preset)
    spans = [document.spans or () for document in POOL]
    found = extractor.mentions([document.text for document in POOL], spans)
    vectors = np.concatenate([rows for rows in found if len(rows)])
    vectors -= vectors.mean(axis=0)
    query = extractor.queries(["museum"])[0] - extractor.queries(KINDS).mean(axis=0)
    cosines = vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
    expected = [max(cosines[:2]), -np.inf, max(cosines[2:4]), max(cosines[4:])]
    scores = system.rank("museum")
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=2e-3)
    assert system.bytes_a_text == MENTIONS * DIMENSIONS * 2 / len(POOL)
    assert system.settings["mentions"] == MENTIONS


@pytest.mark.parametrize(
    "documents",
    [
        [Document("a", "nothing", ()), Document("b", "at all", ())],
        [Document("a", "only Rome", (Span(5, 9),))],
    ],
)
def test_untrained_without_directions(toy_preset: Path, documents: list[Document]) -> None:
    # A single mention is its own mean.
    system = Untrained(load_preset(str(toy_preset)))
    system.index(documents)
    assert not np.isnan(system.rank("city")).any()


def test_kinds_are_distinct() -> None:
    assert len(set(KINDS)) == len(KINDS) > 100


def test_the_last_hidden_state_is_the_last_blocks() -> None:
    assert (LLM_HIDDEN.site.component, LLM_HIDDEN.site.block, LLM_HIDDEN.head) == (
        "hidden",
        29,
        None,
    )


# By name


def test_systems_by_name(toy_preset: Path, retriever: Retriever) -> None:
    names = [
        "ner-retriever",
        f"ner-retriever:{toy_preset}",
        "untrained",
        f"hybrid:{toy_preset}",
        "bm25",
        f"index:{retriever.path}",
    ]
    systems = load_systems(names, preset=str(toy_preset))
    assert [(system.name, system.reads_mentions) for system in systems] == [
        ("ner-retriever", True),
        ("ner-retriever:toy", True),
        ("untrained", True),
        ("hybrid:toy", True),
        ("bm25", False),
        ("index:my.index", False),
    ]


@pytest.mark.parametrize(
    "name", ["", "bm26", "bm25:x", "dense", "dense:", "index:", "llm-hidden:x"]
)
def test_unknown_systems(name: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown system '{name}'; expected one of"):
        load_systems([name])


def test_an_index_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound, match="no index at"):
        load_systems([f"index:{tmp_path / 'nowhere'}"])


def test_an_index_of_detected_mentions_is_not_measured_as_gold(
    tmp_path: Path, toy_preset: Path
) -> None:
    path = tmp_path / "index"
    Retriever.create(path, preset=str(toy_preset), detector="spacy")
    with pytest.raises(ConfigError, match="made with the detector 'spacy', not with gold"):
        load_systems([f"index:{path}"], spans="gold")


def test_training_types_stand_beside_the_head(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text("{}")
    assert read_training_types(str(tmp_path)) is None
    assert read_training_types(None) is None
    (tmp_path / "types.txt").write_text("museum\nriver\n")
    assert read_training_types(str(tmp_path)) == {"museum", "river"}
