"""Settings are refused when they make no sense, and name themselves by what they say."""

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

from ner_retriever.config import (
    DEFAULT_PRESET,
    PRESETS,
    Preset,
    Site,
    cache_folder,
    fingerprint,
    load_preset,
    offline,
)
from ner_retriever.errors import ConfigError

SITE = {"component": "value", "block": 3, "pooling": "mean"}
RECORD: dict[str, Any] = {"name": "toy", "backbone": "folder", "site": SITE}


def test_a_preset_survives_json() -> None:
    for preset in PRESETS.values():
        assert Preset.from_record(json.loads(json.dumps(preset.to_record()))) == preset


def test_presets_are_listed_under_their_names() -> None:
    assert [preset.name for preset in PRESETS.values()] == list(PRESETS)
    assert DEFAULT_PRESET in PRESETS


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PRESETS["minilm"].prefix = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "unknown key 'colour' in preset; known keys: backbone, head"),
        ({"site": {**SITE, "layer": 1}}, "unknown key 'layer' in site; known keys: block,"),
        ({"site": {"block": 3, "pooling": "mean"}}, "site: .*'component'"),
        ({"site": {**SITE, "component": "values"}}, "unknown component 'values'; known: value,"),
        ({"site": {**SITE, "pooling": "max"}}, "unknown pooling 'max'; known: last, mean, first"),
        ({"site": {**SITE, "block": -1}}, "counted from 0, not -1"),
        ({"site": {**SITE, "block": 1.5}}, "counted from 0, not 1.5"),
        ({"site": {**SITE, "block": "5"}}, "counted from 0, not '5'"),
        ({"site": {**SITE, "block": True}}, "site: block must be a whole number, not True"),
        ({"site": "value"}, "preset: site must be an object, not 'value'"),
        ({"head": 5}, "preset: head must be a string or null, not 5"),
        ({"query_template": 5}, "preset: query_template must be a string, not 5"),
        ({"query_template": "a type"}, "holds {query} once, which 'a type' doesn't"),
        ({"query_template": "{query} or {query}"}, "holds {query} once"),
        ({"max_tokens": 15}, "at least 16, not 15"),
        ({"max_tokens": "many"}, "preset: "),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Preset.from_record({**RECORD, **change})


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ConfigError, match=r"preset: .*'backbone'"):
        Preset.from_record({"name": "toy", "site": SITE})


def test_fingerprint_is_the_sha256_of_canonical_json() -> None:
    # printf '{"a":1,"b":"x"}' | sha256sum
    assert fingerprint({"b": "x", "a": 1}) == "ecf9e98ec0641e23"


@pytest.mark.parametrize(
    "change",
    [
        {"site": Site(component="key", block=3, pooling="mean")},
        {"site": Site(component="value", block=4, pooling="mean")},
        {"site": Site(component="value", block=3, pooling="last")},
        {"prefix": "x"},
        {"query_template": "a {query}"},
        {"lower_case_queries": False},
        {"max_tokens": 128},
    ],
)
def test_what_decides_a_vector_changes_the_sites_fingerprint(change: dict[str, Any]) -> None:
    preset = Preset.from_record(RECORD)
    assert replace(preset, **change).site_fingerprint != preset.site_fingerprint


def test_what_has_a_fingerprint_of_its_own_is_not_in_the_sites() -> None:
    preset = Preset.from_record(RECORD)
    other = replace(preset, name="other", backbone="elsewhere", head="head")
    assert other.site_fingerprint == preset.site_fingerprint


def test_a_preset_is_read_from_a_file_named_after_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"backbone": "folder", "site": SITE}))
    assert load_preset(str(file)) == replace(Preset.from_record(RECORD), name="mine")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "as JSON"),
        (b"\xff\xfe", "as JSON"),
        (b"[1, 2]", "must hold a JSON object, not list"),
    ],
)
def test_a_preset_file_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_preset(str(file))


def test_an_unknown_preset_names_the_known(tmp_path: Path) -> None:
    for name in ("huge", str(tmp_path / "missing.json")):
        with pytest.raises(ConfigError, match=r"known: minilm, smollm2, mpnet, llama-3\.1-8b"):
            load_preset(name)


def test_the_cache_is_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_RETRIEVER_CACHE", "/given")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/given")
    monkeypatch.delenv("NER_RETRIEVER_CACHE")
    assert cache_folder() == Path("/xdg/ner-retriever")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "ner-retriever"


@pytest.mark.parametrize("variable", ["NER_RETRIEVER_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize(("value", "expected"), [("1", True), ("TRUE", True), ("0", False)])
def test_offline_is_a_matter_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: bool
) -> None:
    monkeypatch.delenv("NER_RETRIEVER_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert not offline()
    monkeypatch.setenv(variable, value)
    assert offline() is expected
