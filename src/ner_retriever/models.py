"""What fills and searches an index, each part loaded when it is first needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import EngineName, PrecisionName, Preset, load_preset
from ner_retriever.errors import StoreError
from ner_retriever.heads.projection.record import (
    check_head,
    context_folder,
    find_head,
    read_record,
)
from ner_retriever.index.manifest import Manifest, check_fingerprints, read_manifest
from ner_retriever.reading.query_vectors import QueryVectors
from ner_retriever.reading.reader import Reader
from ner_retriever.reading.readers import default_detector, load_reader
from ner_retriever.search.cutoff import GENERAL, CutoffParameters, read_parameters

if TYPE_CHECKING:
    from ner_retriever.reading.encoder import Encoder


class Models:
    """The models of an index, refused where they are not those that filled it.

    Args:
        manifest: the index's.
        device: as torch names it; by default a GPU where there is one.
        engine: what runs the backbone.
        precision: numbers that it multiplies.
        query_cache: whether queries' vectors are kept for the next time.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        device: str | None,
        engine: EngineName,
        precision: PrecisionName,
        query_cache: bool,
    ) -> None:
        self._manifest = manifest
        self._device = device
        self._load = partial(_load_encoder, device=device, engine=engine, precision=precision)
        self._query_cache = query_cache

    @property
    def preset(self) -> Preset:
        """The preset that the index was made with."""
        return Preset.from_record(self._manifest.settings["preset"])

    @cached_property
    def encoder(self) -> "Encoder":
        """What embeds mentions and queries.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        encoder = self._load(self.preset)
        check_fingerprints(self._manifest, encoder.fingerprints)
        return encoder

    @cached_property
    def reader(self) -> Reader:
        """What finds and embeds mentions.

        Raises:
            WeightsNotFound: its detector's weights are not there.
            FingerprintMismatch: it is not the detector that filled the index.
        """
        reader = load_reader(
            self._manifest.settings["detector"],
            self.preset,
            lambda: self.encoder,
            device=self._device,
        )
        check_fingerprints(self._manifest, {"detector": reader.fingerprint})
        return reader

    @cached_property
    def queries(self) -> QueryVectors:
        """What embeds queries, with less than the encoder where that will do."""
        return QueryVectors(
            self.preset,
            fingerprints=self._manifest.fingerprints,
            dimensions=self._manifest.dimensions + self._manifest.context_dimensions,
            check=partial(check_fingerprints, self._manifest),
            encode=lambda: self.encoder.queries,
            cache=self._query_cache,
        )

    @cached_property
    def cutoff_parameters(self) -> CutoffParameters:
        """What automatic cut-offs are found with: fitted for the head, else the general ones."""
        head = self.preset.head
        if head is None:
            return GENERAL
        return read_parameters(find_head(head), self._manifest.fingerprints["head"])


def new_manifest(
    preset: str,
    detector: str | None,
    *,
    device: str | None,
    engine: EngineName,
    precision: PrecisionName,
) -> Manifest:
    """Describe an index that is to be made; arguments as ``Retriever.create`` takes them.

    Raises:
        ConfigError: no such preset or detector.
        ModelError: the preset's weights are nowhere to be had.
    """
    settings = load_preset(preset)
    load = partial(_load_encoder, settings, device=device, engine=engine, precision=precision)
    made_with = _describe(settings, load)
    detector = detector or default_detector(settings)
    reader = load_reader(detector, settings, load)
    return Manifest(
        package_version=metadata.version("ner-retriever"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        preset=settings.name,
        dimensions=made_with.dimensions,
        context_dimensions=made_with.context_dimensions,
        fingerprints={**made_with.fingerprints, "detector": reader.fingerprint},
        settings={"preset": settings.to_record(), "detector": detector},
    )


def usable_manifest(folder: Path) -> Manifest:
    """Read the manifest of an index that is to be opened.

    Raises:
        IndexNotFound: there is none.
        IndexVersionError: another version of the package made it.
        StoreError: it is damaged, or doesn't tell which models it needs.
    """
    manifest = read_manifest(folder)
    missing = {"preset", "detector"} - manifest.settings.keys()
    if missing:
        raise StoreError(
            f"{folder}/manifest.json is damaged: its settings lack {', '.join(sorted(missing))}"
            "; restore it from a copy, or make the index again with --replace"
        )
    return manifest


@dataclass(frozen=True, slots=True)
class _Vectors:
    """What fills an index, and the lengths of the vectors of mentions and of sentences."""

    fingerprints: Mapping[str, str]
    dimensions: int
    context_dimensions: int


def _describe(preset: Preset, load: "Callable[[], Encoder]") -> _Vectors:
    """Describe a preset's vectors, without a model where that can be done."""
    if preset.head is None:
        encoder = load()
        return _Vectors(encoder.fingerprints, encoder.dimensions, encoder.context_dimensions)
    folder = find_head(preset.head)
    record = read_record(folder)
    check_head(
        record,
        backbone=find_weights(preset.backbone).fingerprint,
        site=preset.site_fingerprint,
    )
    fingerprints = {
        "backbone": record.backbone,
        "site": record.site,
        "head": record.fingerprint,
    }
    around = context_folder(folder, record)
    return _Vectors(
        fingerprints, record.dimensions, read_record(around).dimensions if around else 0
    )


def _load_encoder(
    preset: Preset, *, device: str | None, engine: EngineName, precision: PrecisionName
) -> "Encoder":
    from ner_retriever.reading.encoder import load_encoder

    return load_encoder(preset, device=device, engine=engine, precision=precision)
