"""The baseline systems and the runner; dense models are tiny, with random weights."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, InputError, UnsupportedModel, WeightsNotFound
from ner_retriever.evaluation.benchmarks import Benchmark, GoldMention, GoldText
from ner_retriever.evaluation.runner import evaluate
from ner_retriever.evaluation.systems.bm25 import BM25
from ner_retriever.evaluation.systems.dense import INSTRUCTIONS, Dense
from ner_retriever.evaluation.systems.hybrid import Hybrid, fuse

E5 = "e5-mistral-7b-instruct"
TEXTS = [
    "the airport of Oslo",
    "two airports and an airport hotel near the sea",
    "a hotel",
    "nothing of the kind",
]


def documents(texts: Sequence[str] = TEXTS) -> list[Document]:
    return [Document(id=str(number), text=text) for number, text in enumerate(texts)]


# BM25


def test_bm25_retrieves_what_shares_a_stem() -> None:
    system = BM25()
    system.index(documents())
    scores = system.rank("Airport")
    assert scores.dtype == np.float32
    assert scores[2] == scores[3] == -np.inf
    assert (scores[:2] > 0).all()


def test_bm25_by_hand() -> None:
    # Lucene's formula: idf = ln(1 + (N − n + 0.5) / (n + 0.5)), here N = 3 and n = 1; the text has
    # two terms, as all have on average, so that its tf of 1 weighs 1 / (1 + k1) with k1 = 1.5.
    system = BM25()
    system.index(documents(["red fox", "blue fox", "grey fox"]))
    expected = np.log(1 + 2.5 / 1.5) / 2.5
    assert system.rank("red")[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("query", ["zebra", "the", "?"])
def test_bm25_query_without_a_known_term_retrieves_nothing(query: str) -> None:
    system = BM25()
    system.index(documents())
    assert (system.rank(query) == -np.inf).all()


def test_bm25_counts_what_it_stores() -> None:
    system = BM25()
    system.index(documents(["red fox", "red hen"]))
    # Four postings of a float32 score and an int32 text, borders of three lists, "redfoxhen".
    assert system.bytes_a_text == pytest.approx((4 * 8 + 4 * 4 + 9) / 2, abs=12)


# Dense models


@pytest.fixture(scope="module")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A BERT with mean pooling and a Mistral with last-token pooling, as folders."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, MistralConfig, MistralModel
    from transformers import PreTrainedTokenizerFast as FastTokenizer

    words = sorted({word for text in TEXTS for word in text.split()} | {"Instruct", "Query", ":"})
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *words])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    sizes = {
        "vocab_size": len(vocabulary),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    torch.manual_seed(0)
    networks = {
        "mean": BertModel(BertConfig(**sizes)),
        "lasttoken": MistralModel(MistralConfig(**sizes, num_key_value_heads=2)),
    }
    names = {"mean": "tiny", "lasttoken": E5}
    folders = {}
    for pooling, network in networks.items():
        folder = tmp_path_factory.mktemp(pooling)
        network.save_pretrained(folder / "network")
        FastTokenizer(
            tokenizer_object=backend,
            pad_token="[PAD]",
            unk_token="[UNK]",
            padding_side="left" if pooling == "lasttoken" else "right",
        ).save_pretrained(folder / "network")
        transformer = Transformer(str(folder / "network"))
        modules = [transformer, Pooling(16, pooling_mode=pooling)]
        target = folder / names[pooling]
        SentenceTransformer(modules=modules, device="cpu").save(str(target))
        folders[pooling] = target
    return folders


def plain_vectors(folder: Path, pooling: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """What the model card's own few lines of transformers compute, one text at a time."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder).eval()
    rows = []
    for text in texts:
        with torch.inference_mode():
            hidden = network(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        row = (hidden.mean(dim=0) if pooling == "mean" else hidden[-1]).numpy()
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


@pytest.mark.parametrize(
    ("pooling", "prefix", "name"),
    [("mean", "", "dense:tiny"), ("lasttoken", INSTRUCTIONS[E5], f"dense:{E5}")],
)
def test_dense_equals_plain_transformers(
    tiny_models: dict[str, Path], pooling: str, prefix: str, name: str
) -> None:
    folder = tiny_models[pooling]
    system = Dense(str(folder), batch_size=3, device="cpu")
    system.index(documents())
    texts = plain_vectors(folder, pooling, TEXTS)
    query = plain_vectors(folder, pooling, [f"{prefix}airport"])[0]
    scores = system.rank("airport")
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, texts @ query, atol=2e-3)
    assert (system.name, system.bytes_a_text) == (name, 16 * 2)
    assert system.settings["dimensions"] == 16


def test_dense_instruction_can_be_given(tiny_models: dict[str, Path]) -> None:
    told = Dense(str(tiny_models["mean"]), name="told", instruction="Query : ", device="cpu")
    told.index(documents())
    texts = plain_vectors(tiny_models["mean"], "mean", TEXTS)
    query = plain_vectors(tiny_models["mean"], "mean", ["Query : hotel"])[0]
    assert told.name == "told"
    np.testing.assert_allclose(told.rank("hotel"), texts @ query, atol=2e-3)


def test_dense_refuses_models_with_code_of_their_own() -> None:
    with pytest.raises(UnsupportedModel, match="program code of its own"):
        Dense("nvidia/NV-Embed-v2")


def test_dense_model_that_is_nowhere(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsNotFound, match="cannot be loaded as a sentence embedding model"):
        Dense(str(tmp_path / "empty"))


# Reciprocal rank fusion


def test_fusion_by_hand() -> None:
    first = np.array([0.9, 0.8, -np.inf, -np.inf], dtype=np.float32)
    second = np.array([-np.inf, 0.3, 0.7, -np.inf], dtype=np.float32)
    expected = [1 / 61, 1 / 62 + 1 / 62, 1 / 61, -np.inf]
    np.testing.assert_allclose(fuse([first, second]), np.array(expected, dtype=np.float32))


def test_hybrid_asks_both() -> None:
    system = Hybrid(Fixed("a", [1, 2, 3]), Fixed("b", [1, 3, 2]))
    system.index(documents(TEXTS[:3]))
    assert np.argsort(-system.rank("x"))[2] == 0
    assert system.bytes_a_text == 8
    assert system.settings == {"first": "a", "second": "b", "k": 60}


# The runner


class Fixed:
    """Gives every query the same scores, and keeps what it was given."""

    settings: dict[str, str | int | float | None] = {"constant": 1}  # noqa: RUF012
    bytes_a_text = 4.0

    def __init__(self, name: str, values: Sequence[float]) -> None:
        self.name = name
        self.documents: Sequence[Document] = ()
        self._values = np.array(values, dtype=np.float32)

    def index(self, documents: Sequence[Document]) -> None:
        self.documents = documents

    def rank(self, query: str) -> Any:
        return self._values


def benchmark() -> Benchmark:
    """Ann is an Actor in texts 0 and 1, a Boat in 2, and something else in 3."""
    types = [("Actor",), ("Actor",), ("Boat",), ("person-other",)]
    texts = tuple(
        GoldText(str(number), f"Ann {number}", (GoldMention(Span(0, 3), labels),))
        for number, labels in enumerate(types)
    )
    queries = {"Actor": "Actor", "Boat": "Boat", "person-other": "Other"}
    return Benchmark("jsonl", texts, queries, frozenset({"person-other"}), ("A note.",))


def test_results_by_hand() -> None:
    # Ranked 0, 3, 1, 2: Actor finds one of two, Boat none, the catch-all none.
    result = evaluate(benchmark(), [Fixed("a", [4, 2, 1, 3])], spans="gold", seen={"Actor"})
    measured = result["systems"]["a"]
    assert measured["r_precision"] == 0.25
    assert measured["r_precision_with_other"] == pytest.approx(0.5 / 3)
    assert measured["per_type"] == {"Actor": 0.5, "Boat": 0.0, "person-other": 0.0}
    assert measured["seen"] == {"types": 1, "r_precision": 0.5}
    assert measured["unseen"] == {"types": 1, "r_precision": 0.0}
    assert measured["metrics"]["average_precision"] == pytest.approx((5 / 6 + 1 / 4) / 2)
    assert measured["intervals"]["r_precision"] == [0.0, 0.5]
    assert measured["bytes_a_text"] == 4.0
    assert measured["ms_a_query"] >= 0
    assert measured["settings"] == {"constant": 1}
    expected = {"benchmark": "jsonl", "spans": "gold", "texts": 4, "notes": ["A note."], "seed": 0}
    assert {key: result[key] for key in expected} == expected
    assert result["detection"] is None
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_comparisons_put_the_better_system_first() -> None:
    systems = [Fixed("worse", [1, 2, 3, 4]), Fixed("better", [4, 3, 2, 1])]
    (test,) = evaluate(benchmark(), systems, spans="gold")["comparisons"]
    assert (test["first"], test["second"], test["types"]) == ("better", "worse", 2)
    assert test["difference"] == 0.5
    # Differences 1 and 0: every pattern of signs is as far from zero.
    assert (test["p_value"], test["exact"]) == (1.0, True)


def test_systems_are_given_gold_detected_or_no_mentions() -> None:
    system = Fixed("a", [4, 3, 2, 1])
    evaluate(benchmark(), [system], spans="gold")
    assert [document.spans for document in system.documents] == [(Span(0, 3),)] * 4
    evaluate(benchmark(), [system], spans="detected")
    assert [document.spans for document in system.documents] == [None] * 4
    result = evaluate(
        benchmark(), [system], detect=lambda found: [(Span(0, 3), Span(4, 5))] * len(found)
    )
    assert [document.spans for document in system.documents] == [(Span(0, 3), Span(4, 5))] * 4
    assert result["detection"]["exact_recall"] == 1.0
    assert result["detection"]["precision"] == 0.5
    assert result["detection"]["mentions_a_text"] == 2.0


def test_progress_reaches_its_total() -> None:
    calls: list[tuple[str, int, int]] = []
    evaluate(
        benchmark(),
        [Fixed("a", [4, 3, 2, 1])],
        spans="gold",
        progress=lambda *call: calls.append(call),
    )
    assert calls[:2] == [("a: index", 0, 4), ("a: index", 4, 4)]
    assert calls[2:] == [("a: query", done, 3) for done in (1, 2, 3)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2, 3], r"scores of shape \(3,\) and type float32; expected \(4,\)"),
        ([1, 2, 3, np.nan], "no number or infinite"),
        ([1, 2, 3, np.inf], "no number or infinite"),
    ],
)
def test_unusable_scores(values: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(benchmark(), [Fixed("a", values)], spans="gold")


def test_settings_that_make_no_sense() -> None:
    system = Fixed("a", [4, 3, 2, 1])
    with pytest.raises(ConfigError, match="differ in name, not: none"):
        evaluate(benchmark(), [])
    with pytest.raises(ConfigError, match="differ in name, not: a, a"):
        evaluate(benchmark(), [system, system])
    with pytest.raises(ConfigError, match="nothing to detect"):
        evaluate(benchmark(), [system], spans="gold", detect=lambda _: [])
    with pytest.raises(ConfigError, match="gold or detected, not 'silver'"):
        evaluate(benchmark(), [system], spans="silver")  # type: ignore[arg-type]


def test_peak_memory_is_seen() -> None:
    from ner_retriever.evaluation.environment import PeakMemory

    with PeakMemory() as memory:
        block = np.ones(40_000_000, dtype=np.uint8)
        del block
    if memory.bytes is None:
        pytest.skip("this system does not tell")
    assert 35e6 < memory.bytes < 80e6


def test_importing_evaluation_loads_no_heavy_library() -> None:
    modules = ["runner", "report", "systems.bm25", "systems.dense", "systems.hybrid", "benchmarks"]
    imports = "; ".join(f"import ner_retriever.evaluation.{module}" for module in modules)
    heavy = "{'torch', 'transformers', 'matplotlib', 'sentence_transformers', 'bm25s', 'pyarrow'}"
    code = f"import sys; {imports}; sys.exit(str({heavy} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
