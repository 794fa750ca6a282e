"""Queries read without a model library: equal to the encoder's, or left to it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ner_retriever import Document, Retriever, Span
from ner_retriever.config import PRESETS, Preset, load_preset
from ner_retriever.errors import FingerprintMismatch, QueryError
from ner_retriever.reading.encoder import load_encoder
from ner_retriever.reading.query_template import fill_template
from ner_retriever.reading.quick_queries import QuickEncoder, load_quick_encoder
from toys import headed, save_tiny_preset

QUERIES = ["museum", "Court that  hears appeals", "Café in 東京", "drug 💊 for migraine", "U.S."]


def quick(preset: Preset) -> QuickEncoder:
    found = load_quick_encoder(preset)
    assert found is not None
    return found


@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
@pytest.mark.parametrize("component", ["query", "key", "value"])
@pytest.mark.parametrize("context_weight", [0.0, 0.4])
def test_quick_equals_the_encoder(
    tmp_path: Path, component: str, pooling: str, context_weight: float
) -> None:
    site = {"component": component, "block": 2, "pooling": pooling}
    preset = headed(tmp_path, site=site, context_weight=context_weight)
    expected = load_encoder(preset)
    found = quick(preset)
    assert found.fingerprints == expected.fingerprints
    vectors = found.vectors([fill_template(preset, query) for query in QUERIES])
    np.testing.assert_allclose(vectors, expected.queries(QUERIES), atol=2e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"prefix": "<|x|>\n", "query_template": "a {query} is one"},
        {"lower_case_queries": False},
        {"bank": 7},
    ],
)
def test_quick_reads_what_the_preset_says(tmp_path: Path, settings: dict[str, Any]) -> None:
    preset = headed(tmp_path, **settings)
    vectors = quick(preset).vectors([fill_template(preset, query) for query in QUERIES])
    np.testing.assert_allclose(vectors, load_encoder(preset).queries(QUERIES), atol=2e-6)


def test_queries_of_many_windows_are_left_to_the_encoder(tmp_path: Path) -> None:
    preset = headed(tmp_path)
    queries = [fill_template(preset, "x" * count) for count in (63, 62, 3)]
    found = quick(preset).vectors(queries)
    assert [vector is None for vector in found] == [True, False, False]
    (alone,) = quick(preset).vectors(queries[2:])
    np.testing.assert_allclose(found[2], alone, atol=2e-6)
    assert quick(preset).vectors(queries[:1]) == [None]


@pytest.mark.parametrize("family", ["llama", "mpnet", "modernbert"])
def test_other_families_are_left_to_the_encoder(tmp_path: Path, family: str) -> None:
    assert load_quick_encoder(headed(tmp_path, family=family)) is None


@pytest.mark.parametrize(
    "settings",
    [{"site": {"component": "hidden", "block": 1, "pooling": "mean"}}, {"head": None}],
)
def test_other_sites_and_no_head_are_left_to_the_encoder(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    if "head" in settings:
        preset = load_preset(str(save_tiny_preset(tmp_path)))
    else:
        preset = headed(tmp_path, **settings)
    assert load_quick_encoder(preset) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden_act", "relu"), ("is_decoder", True), ("position_embedding_type", "relative_key")],
)
def test_a_bert_that_is_not_plain_is_left_to_the_encoder(
    tmp_path: Path, key: str, value: object
) -> None:
    preset = headed(tmp_path)
    file = Path(preset.backbone) / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    assert load_quick_encoder(preset) is None


@pytest.mark.parametrize(
    "name",
    ["bert/config.json", "bert/tokenizer.json", "head/head.safetensors"],
)
def test_damaged_files_are_left_to_the_encoder_to_name(tmp_path: Path, name: str) -> None:
    preset = headed(tmp_path)
    file = tmp_path / name
    content = file.read_bytes()
    for damaged in (b"", content[:-9], b"[]"):
        file.write_bytes(damaged)
        assert load_quick_encoder(preset) is None


def test_a_head_of_another_backbone_is_refused(tmp_path: Path) -> None:
    preset = headed(tmp_path)
    weights = tmp_path / "bert" / "model.safetensors"
    save_file({"other": torch.zeros(3)}, weights)
    with pytest.raises(FingerprintMismatch, match="another backbone"):
        load_quick_encoder(preset)


@pytest.mark.parametrize("query", ["", "…", "x" * 1001, "museum\udcff"])
def test_bad_queries(tmp_path: Path, query: str) -> None:
    with pytest.raises(QueryError):
        fill_template(load_preset(str(save_tiny_preset(tmp_path))), query)


def test_a_search_loads_no_model_library(tmp_path: Path) -> None:
    preset = headed(tmp_path)
    index = tmp_path / "index"
    (tmp_path / "headed.json").write_text(json.dumps(preset.to_record()))
    retriever = Retriever.create(index, preset=str(tmp_path / "headed.json"), detector="spans")
    retriever.add([Document("a", "Sue stands in Chicago.", (Span(0, 3), Span(14, 21)))])
    expected = list(retriever.search("city"))
    code = (
        "import sys; from ner_retriever import Retriever; "
        f"hits = list(Retriever.open({str(index)!r}).search('city')); "
        "print(hits, {'torch', 'transformers', 'spacy'} & set(sys.modules))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout == f"{expected} set()\n"


@pytest.mark.weights
def test_the_default_preset_is_read_quickly() -> None:
    preset = PRESETS["minilm"]
    queries = [*QUERIES, "naïve Ångström İstanbul ﬁ", "long " * 190, "don't @#$%", "博物館"]
    vectors = quick(preset).vectors([fill_template(preset, query) for query in queries])
    np.testing.assert_allclose(vectors, load_encoder(preset).queries(queries), atol=2e-6)
