"""The baseline systems; dense models are tiny, with random weights."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation_toys import Fixed
from ner_retriever.backbone.weights import Weights
from ner_retriever.documents import Document
from ner_retriever.errors import WeightsNotFound
from ner_retriever.evaluation.systems import sentence_encoder
from ner_retriever.evaluation.systems.bm25 import BM25
from ner_retriever.evaluation.systems.dense import INSTRUCTIONS, Dense
from ner_retriever.evaluation.systems.hybrid import Hybrid, fuse
from ner_retriever.text.windows import passages

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
    """A BERT with mean pooling, and Mistrals with last-token pooling whose tokenizers add an end
    token ("lasttoken") or don't ("unended"), as folders.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, MistralConfig, MistralModel
    from transformers import PreTrainedTokenizerFast as FastTokenizer

    words = sorted({word for text in TEXTS for word in text.split()} | {"Instruct", "Query", ":"})
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "</s>", *words])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    ended = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 2)])
    sizes = {
        "vocab_size": len(vocabulary),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    torch.manual_seed(0)
    mistral = MistralModel(MistralConfig(**sizes, num_key_value_heads=2))
    networks = {"mean": BertModel(BertConfig(**sizes)), "unended": mistral, "lasttoken": mistral}
    folders = {}
    for kind, network in networks.items():
        folder = tmp_path_factory.mktemp(kind)
        network.save_pretrained(folder / "network")
        if kind == "lasttoken":
            backend.post_processor = ended
        tokenizer = FastTokenizer(
            tokenizer_object=backend,
            pad_token="[PAD]",
            unk_token="[UNK]",
            eos_token="</s>",
            padding_side="right" if kind == "mean" else "left",
        )
        tokenizer.save_pretrained(folder / "network")
        pooling = Pooling(16, pooling_mode="mean" if kind == "mean" else "lasttoken")
        modules = [Transformer(str(folder / "network")), pooling]
        folders[kind] = folder / ("tiny" if kind == "mean" else E5)
        SentenceTransformer(modules=modules, device="cpu").save(str(folders[kind]))
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
            ids = tokenizer(text)["input_ids"]
            if pooling == "lasttoken" and ids[-1] != tokenizer.eos_token_id:
                ids = [*ids, tokenizer.eos_token_id]
            hidden = network(torch.tensor([ids])).last_hidden_state[0]
        row = (hidden.mean(dim=0) if pooling == "mean" else hidden[-1]).numpy()
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


@pytest.mark.parametrize(
    ("kind", "prefix", "name"),
    [
        ("mean", "", "dense:tiny"),
        ("lasttoken", INSTRUCTIONS[E5], f"dense:{E5}"),
        ("unended", INSTRUCTIONS[E5], f"dense:{E5}"),
    ],
)
def test_dense_equals_plain_transformers(
    tiny_models: dict[str, Path], kind: str, prefix: str, name: str
) -> None:
    folder = tiny_models[kind]
    pooling = "mean" if kind == "mean" else "lasttoken"
    system = Dense(str(folder), batch_size=3, device="cpu")
    system.index(documents())
    texts = plain_vectors(folder, pooling, TEXTS)
    query = plain_vectors(folder, pooling, [f"{prefix}airport"])[0]
    scores = system.rank("airport")
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, texts @ query, atol=2e-3)
    assert (system.name, system.bytes_a_text) == (name, 16 * 2)
    assert system.settings["dimensions"] == 16


def test_dense_takes_the_best_window_of_a_text(
    tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner_retriever.evaluation.systems.dense._WINDOW_CHARACTERS", 40)
    folder = str(tiny_models["mean"])
    windows, whole = Dense(folder, windows=True, device="cpu"), Dense(folder, device="cpu")
    short = [text for text in TEXTS if 0 < len(text) <= 40]
    long = ". ".join(f"{text}{' ' * (38 - len(text))}" for text in short)
    windows.index(documents([short[0], long, short[1]]))
    whole.index(documents([long[start:end] for start, end in passages(long, 40)]))
    scores = windows.rank("airport")
    assert scores.shape == (3,)
    assert scores[1] == pytest.approx(whole.rank("airport").max(), abs=1e-3)
    assert windows.name == "dense-windows:tiny"
    assert windows.bytes_a_text > 2 * 16 * len(short) / 3


def test_dense_instruction_can_be_given(tiny_models: dict[str, Path]) -> None:
    told = Dense(str(tiny_models["mean"]), name="told", instruction="Query : ", device="cpu")
    told.index(documents())
    texts = plain_vectors(tiny_models["mean"], "mean", TEXTS)
    query = plain_vectors(tiny_models["mean"], "mean", ["Query : hotel"])[0]
    assert told.name == "told"
    np.testing.assert_allclose(told.rank("hotel"), texts @ query, atol=2e-3)


def test_dense_reads_known_backbones_without_pooling_files(
    tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Weights(folder=tiny_models["mean"], fingerprint="f", origin="here")
    known = sentence_encoder.KNOWN
    monkeypatch.setattr(sentence_encoder, "KNOWN", {**known, "tiny": known["all-MiniLM-L6-v2"]})
    monkeypatch.setattr(sentence_encoder, "find_weights", lambda _: weights)
    system = Dense("tiny", device="cpu")
    assert system.settings["fingerprint"] == "f"
    system.index(documents())
    given = Dense(str(tiny_models["mean"]), device="cpu")
    given.index(documents())
    np.testing.assert_array_equal(system.rank("hotel"), given.rank("hotel"))


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


def test_importing_evaluation_loads_no_heavy_library() -> None:
    modules = ["runner", "report", "systems.loading", "benchmarks"]
    imports = "; ".join(f"import ner_retriever.evaluation.{module}" for module in modules)
    heavy = "{'torch', 'transformers', 'matplotlib', 'sentence_transformers', 'bm25s', 'pyarrow'}"
    code = f"import sys; {imports}; sys.exit(str({heavy} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
