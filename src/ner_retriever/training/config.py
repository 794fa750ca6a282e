"""Settings of the losses, and named configurations."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError


def _check_name(name: str, expected: str) -> None:
    if name != expected:
        raise ConfigError(f"these are settings of the loss {expected!r}, not of {name!r}")


def _check_at_least(least: int, **values: int) -> None:
    for name, value in values.items():
        if value < least:
            raise ConfigError(f"{name} must be at least {least}, not {value}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftmaxConfig(Settings):
    """The softmax loss and its batches.

    Attributes:
        name: which loss it is.
        types_a_batch: types drawn for a batch, each at most once.
        mentions_a_type: mentions drawn for each of them.
        flatness: a type is drawn with probability ∝ count^(1 − flatness).
        temperature: where the learned temperature begins.
    """

    name: Literal["softmax"] = "softmax"
    types_a_batch: int = 256
    mentions_a_type: int = 4
    flatness: float = 0.5
    temperature: float = 0.05

    def __post_init__(self) -> None:
        _check_name(self.name, "softmax")
        _check_at_least(2, types_a_batch=self.types_a_batch)
        _check_at_least(1, mentions_a_type=self.mentions_a_type)
        if self.temperature <= 0:
            raise ConfigError(f"temperature must be greater than 0, not {self.temperature}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TripletConfig(Settings):
    """The triplet loss and its batches; the defaults are the paper's.

    Attributes:
        name: which loss it is.
        epochs: passes over the types.
        mentions_a_type: mentions drawn for a type and epoch, at most.
        batch: triplets in a batch.
        margin: by which a positive must be nearer than a negative, in 1 − cosine.
        hard_share: share of triplets whose negative is found by BM25.
    """

    name: Literal["triplet"] = "triplet"
    epochs: int = 50
    mentions_a_type: int = 100
    batch: int = 50
    margin: float = 0.5
    hard_share: float = 0.1

    def __post_init__(self) -> None:
        _check_name(self.name, "triplet")
        _check_at_least(
            1, epochs=self.epochs, mentions_a_type=self.mentions_a_type, batch=self.batch
        )
        if self.margin <= 0:
            raise ConfigError(f"margin must be greater than 0, not {self.margin}")
        if not 0 <= self.hard_share <= 1:
            raise ConfigError(f"hard_share must lie between 0 and 1, not {self.hard_share}")


LossConfig = SoftmaxConfig | TripletConfig

# Keys of a training configuration by name; "paper" is the paper's, section 4.
NAMED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "paper": {
            "loss": TripletConfig().to_record(),
            "learning_rate": 2e-6,
            "hidden": 500,
            "dimensions": 500,
            "dropout": 0.1,
        }
    }
)


def read_loss(record: Mapping[str, Any]) -> LossConfig:
    """Read the settings of a loss from a mapping whose ``name`` says which.

    Raises:
        ConfigError: no known loss, or settings that are not its own.
    """
    kinds: dict[str, type[LossConfig]] = {"softmax": SoftmaxConfig, "triplet": TripletConfig}
    name = record.get("name") if isinstance(record, Mapping) else None
    if name not in kinds:
        raise ConfigError(
            f'a loss must be a JSON object with a "name", {" or ".join(kinds)}, not {record!r}'
        )
    return kinds[name].from_record(record)
