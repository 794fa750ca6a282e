"""Settings: frozen, typed, keyword-only; and the table of presets.

A preset says which backbone reads a text, at which site a mention's vector is taken, what stands
before a text and around a query, and which head projects the vector. All of it decides what a
vector means, so all of it is part of an index's fingerprints.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Self, get_args, get_type_hints

from ner_retriever.errors import ConfigError

Component = Literal["value", "key", "query", "attention", "mlp", "hidden"]
Pooling = Literal["last", "mean", "first"]
EngineName = Literal["auto", "torch", "onnx"]
PrecisionName = Literal["auto", "float32", "bfloat16"]


def cache_folder() -> Path:
    """Return where models and imported heads are kept: ``NER_RETRIEVER_CACHE``, else the user's."""
    if given := os.environ.get("NER_RETRIEVER_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ner-retriever"


def offline() -> bool:
    """Return whether the network must not be asked (``NER_RETRIEVER_OFFLINE=1``)."""
    names = ("NER_RETRIEVER_OFFLINE", "HF_HUB_OFFLINE")
    return any(os.environ.get(name, "").lower() in {"1", "true", "yes", "on"} for name in names)


def fingerprint(record: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that change when any value of a JSON mapping does."""
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Base of all settings: to and from plain mappings, unknown keys refused."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read settings from a mapping such as parsed JSON.

        Raises:
            ConfigError: a key is unknown or missing, or a value is out of range.
        """
        what = cls.__name__.lower()
        if not isinstance(record, Mapping):
            raise ConfigError(f"{what} must be a JSON object, not {type(record).__name__}")
        kinds = get_type_hints(cls)
        unknown = sorted(set(record) - kinds.keys())
        if unknown:
            raise ConfigError(
                f"unknown key {unknown[0]!r} in {what}; known keys: {', '.join(sorted(kinds))}"
            )
        unfit = [
            f"{what}: {name} must be {_named(kinds[name])}, not {value!r}"
            for name, value in record.items()
            if not _fits(value, kinds[name])
        ]
        try:
            settings = cls(**record)
        except (TypeError, AttributeError) as error:
            raise ConfigError(unfit[0] if unfit else f"{what}: {error}") from error
        if unfit:
            raise ConfigError(unfit[0])
        return settings

    def to_record(self) -> dict[str, Any]:
        """Return the settings as a mapping that JSON can hold."""
        return asdict(self)


_JSON_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    NoneType: "null",
}


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a JSON value is of a field's type; what JSON has no type for passes."""
    if isinstance(kind, UnionType):
        return any(_fits(value, part) for part in get_args(kind))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in _JSON_NAMES:
        return isinstance(value, kind)
    if isinstance(kind, type) and issubclass(kind, Settings):
        return isinstance(value, Mapping)
    return True


def _named(kind: Any) -> str:
    parts = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return " or ".join(_JSON_NAMES.get(part, "an object") for part in parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Site(Settings):
    """Where in a backbone a mention's vector is taken (paper, section 3.2).

    Attributes:
        component: output of the value, key or query projection, of the attention block's output
            projection, of the MLP's, or the block's hidden state.
        block: counted from 0.
        pooling: which of a mention's tokens count: the last, the first, or the mean of all.
    """

    component: Component
    block: int
    pooling: Pooling

    def __post_init__(self) -> None:
        if self.component not in get_args(Component):
            raise ConfigError(
                f"unknown component {self.component!r}; known: {', '.join(get_args(Component))}"
            )
        if self.pooling not in get_args(Pooling):
            raise ConfigError(
                f"unknown pooling {self.pooling!r}; known: {', '.join(get_args(Pooling))}"
            )
        if not isinstance(self.block, int) or self.block < 0:
            raise ConfigError(f"a block is counted from 0, not {self.block!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset(Settings):
    """How text becomes vectors.

    Attributes:
        name: what ``--preset`` is given.
        backbone: a known model's name, a Hugging Face id, a folder, or a GGUF file.
        site: where a mention's vector is taken.
        prefix: stands before every text that the backbone reads. The first token of a causal
            language model is an attention sink and tells nothing about itself; the prefix takes
            that place.
        query_template: what a query is read as; ``{query}`` stands for the type.
        lower_case_queries: whether a query's case is folded first.
        max_tokens: the longest window that the backbone reads, its special tokens included.
        head: name of a bundled head, or a folder; ``None`` leaves vectors as they are at the site.
    """

    name: str
    backbone: str
    site: Site
    prefix: str = ""
    query_template: str = "{query}"
    lower_case_queries: bool = True
    max_tokens: int = 256
    head: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.site, Mapping):
            object.__setattr__(self, "site", Site.from_record(self.site))
        if self.query_template.count("{query}") != 1:
            raise ConfigError(
                f"a query template holds {{query}} once, which {self.query_template!r} doesn't"
            )
        if self.max_tokens < 16:
            raise ConfigError(f"max_tokens must be at least 16, not {self.max_tokens}")

    @property
    def site_fingerprint(self) -> str:
        """Changes with everything, backbone and head apart, that decides what a vector means."""
        record = self.to_record()
        return fingerprint({key: record[key] for key in record if key not in _NOT_OF_THE_SITE})


_NOT_OF_THE_SITE = {"name", "backbone", "head"}

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="minilm",
            backbone="all-MiniLM-L6-v2",
            site=Site(component="value", block=5, pooling="mean"),
            head="minilm",
        ),
        Preset(
            name="smollm2",
            backbone="SmolLM2-135M-Instruct",
            site=Site(component="value", block=27, pooling="last"),
            prefix="<|im_start|>\n",
            query_template="a {query}",
            max_tokens=512,
            head="smollm2",
        ),
        Preset(
            name="mpnet",
            backbone="all-mpnet-base-v2",
            site=Site(component="value", block=11, pooling="mean"),
            head="mpnet",
        ),
        Preset(
            name="llama-3.1-8b",
            backbone="Llama-3.1-8B",
            site=Site(component="value", block=17, pooling="last"),
            lower_case_queries=False,
            max_tokens=2048,
            head="llama-3.1-8b",
        ),
    )
}

DEFAULT_PRESET = "minilm"


def load_preset(name: str) -> Preset:
    """Return a preset by name, or read one from a JSON file.

    Raises:
        ConfigError: there is neither.
    """
    if name in PRESETS:
        return PRESETS[name]
    path = Path(name)
    if path.suffix != ".json" or not path.is_file():
        raise ConfigError(
            f"unknown preset {name!r}; known: {', '.join(PRESETS)}, or the path of a JSON file "
            "with the keys of ner_retriever.config.Preset"
        )
    return Preset.from_record({"name": path.stem, **read_object(path)})


def read_object(file: Path, *, remedy: str = "correct it") -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Args:
        remedy: what to do where it cannot be read.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot read {file} as JSON: {error}; {remedy}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{file} must hold a JSON object, not {type(record).__name__}; {remedy}")
    return record
