"""How a head is trained: settings of the run, its loss and its adapter; named configurations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} must lie between 0 and 1, not {value}")


def _check_not_negative(**values: float) -> None:
    for name, value in values.items():
        if value < 0:
            raise ConfigError(f"{name} must not be negative, but is {value}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftmaxConfig(Settings):
    """The softmax loss and its batches.

    Attributes:
        name: which loss it is.
        types_a_batch: types drawn for a batch, each at most once.
        mentions_a_type: mentions drawn for each of them.
        flatness: a type is drawn with probability ∝ count^(1 − flatness).
        temperature: where the learned temperature begins.
        whole_texts: whether the other mentions of a drawn mention's text that have a drawn type
            come along; a backbone that has read a text gives them for nothing.
        hard_negatives: mined wrong mentions of each drawn type that are added to a batch.
        siblings: share of a batch's types that are drawn from the neighbours of the others, types
            that share a parent with them or whose names lie near to theirs.
        spare_relatives: whether ancestors of a mention's types, and descendants of its finest
            ones, are left out of its negatives: a label that is missing is not a wrong one.
    """

    name: Literal["softmax"] = "softmax"
    types_a_batch: int = 256
    mentions_a_type: int = 4
    flatness: float = 0.5
    temperature: float = 0.05
    whole_texts: bool = False
    hard_negatives: int = 0
    siblings: float = 0.0
    spare_relatives: bool = False

    def __post_init__(self) -> None:
        _check_name(self.name, "softmax")
        _check_share("siblings", self.siblings)
        _check_at_least(0, hard_negatives=self.hard_negatives)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterConfig(Settings):
    """Low-rank updates of the backbone, trained together with the head.

    Attributes:
        rank: of the updates.
        learning_rate: of the updates.
        bfloat16: whether the backbone multiplies in bfloat16 while it is trained.
    """

    rank: int = 16
    learning_rate: float = 1e-3
    bfloat16: bool = False

    def __post_init__(self) -> None:
        _check_at_least(1, rank=self.rank)
        if self.learning_rate <= 0:
            raise ConfigError(f"learning_rate must be greater than 0, not {self.learning_rate}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ContextConfig(Settings):
    """A context head, trained on the sentences of the mentions.

    Attributes:
        hidden, dimensions: of the context head.
        weight: of a sentence's score beside a mention's, in search and in validation.
        loss: weight of the contrast of sentences with type names.
        keep: weight of the distance to the teacher's vectors of sentences and type names.
        teacher: the published sentence model whose vectors are kept.
    """

    hidden: int = 512
    dimensions: int = 128
    weight: float = 0.3
    loss: float = 0.5
    keep: float = 1.0
    teacher: str = "all-MiniLM-L6-v2"

    def __post_init__(self) -> None:
        _check_at_least(1, hidden=self.hidden, dimensions=self.dimensions)
        _check_not_negative(weight=self.weight, loss=self.loss, keep=self.keep)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig(Settings):
    """A training run.

    Attributes:
        loss: what is made small, and its batches.
        adapter: low-rank updates of the backbone; ``null`` leaves it as it is.
        context: a context head that is trained with the head; ``null`` for none.
        hidden, dimensions, dropout: of the head.
        skip: whether the head has a linear path beside its layers, which begins as the principal
            components of the site's vectors.
        average: decay of the running mean of the weights, which is what is validated and kept;
            0 keeps the weights themselves.
        bank: type names in the head's bank; 0 for none.
        detection: weight of the logarithm of a mention's detection score, in a head with a bank.
        nested: numbers of leading dimensions that must serve alone as well (Kusupati et al. 2022).
        steps: batches in all; a triplet loss counts epochs instead.
        phrasings: whether mentions are also given their types in other words.
        lower_case: share of texts that lose their capitals.
        paragraphs: share of sentences that are joined with those that follow them.
        rarest: types with fewer mentions are left out.
        learning_rate, weight_decay: AdamW's; the rate rises at first and falls to 0 on a cosine.
        held_out: types kept for validation; 0 trains on all.
        validation_sources: validate on texts of these sources; all, where none is named.
        held_out_sources: sources whose texts are not trained on; each is validated on by itself.
        evaluate_every: steps between validations.
        patience: validations without a better one after which training stops; 0 never does.
        seed: of every draw.
    """

    loss: LossConfig = field(default_factory=SoftmaxConfig)
    adapter: AdapterConfig | None = None
    context: ContextConfig | None = None
    hidden: int = 512
    dimensions: int = 256
    bank: int = 1024
    detection: float = 0.02
    nested: tuple[int, ...] = ()
    dropout: float = 0.1
    skip: bool = False
    average: float = 0.0
    steps: int = 1500
    phrasings: bool = False
    lower_case: float = 0.0
    paragraphs: float = 0.0
    rarest: int = 2
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    held_out: int = 0
    validation_sources: tuple[str, ...] = ()
    held_out_sources: tuple[str, ...] = ()
    evaluate_every: int = 250
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.loss, Mapping):
            object.__setattr__(self, "loss", read_loss(self.loss))
        if isinstance(self.adapter, Mapping):
            object.__setattr__(self, "adapter", AdapterConfig.from_record(self.adapter))
        if isinstance(self.context, Mapping):
            object.__setattr__(self, "context", ContextConfig.from_record(self.context))
        for name in ("nested", "validation_sources", "held_out_sources"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check_at_least(
            1,
            hidden=self.hidden,
            dimensions=self.dimensions,
            steps=self.steps,
            rarest=self.rarest,
            evaluate_every=self.evaluate_every,
        )
        _check_at_least(0, held_out=self.held_out, patience=self.patience, bank=self.bank)
        if self.learning_rate <= 0:
            raise ConfigError(f"learning_rate must be greater than 0, not {self.learning_rate}")
        _check_share("lower_case", self.lower_case)
        _check_share("paragraphs", self.paragraphs)
        if not 0 <= self.average < 1:
            raise ConfigError(f"average must be at least 0 and less than 1, not {self.average}")
        if not all(isinstance(size, int) and 0 < size < self.dimensions for size in self.nested):
            raise ConfigError(
                f"nested must be numbers of dimensions under {self.dimensions}, not {self.nested}"
            )


# Keys of a training configuration by name; "paper" is the paper's, section 4.
NAMED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "paper": {
            "loss": TripletConfig().to_record(),
            "learning_rate": 2e-6,
            "hidden": 500,
            "dimensions": 500,
            "dropout": 0.1,
            "bank": 0,
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
