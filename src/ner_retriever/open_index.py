"""An index on disk and its models, made or opened; and searchers of its newest state."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from ner_retriever.config import DEFAULT_PRESET, EngineName, PrecisionName, Preset
from ner_retriever.index.field_table import Kind, field_kinds
from ner_retriever.index.folder import check_free, make_folder, refuse_address
from ner_retriever.index.info import IndexInfo, index_info
from ner_retriever.index.lock import write_lock
from ner_retriever.index.manifest import Manifest
from ner_retriever.index.replacement import new_store
from ner_retriever.index.scan import Scan
from ner_retriever.index.signatures import SIGNED, count_duplicates
from ner_retriever.index.store import Store
from ner_retriever.index.view import LazyFields, open_scan
from ner_retriever.models import Models, new_manifest, usable_manifest
from ner_retriever.search.cutoff import CutoffParameters
from ner_retriever.searching import Searcher

if TYPE_CHECKING:
    from ner_retriever.reading.encoder import Encoder


class OpenIndex:
    """An index and the models that fill and search it.

    Models are loaded when they are first needed; opening an index loads none.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        *,
        device: str | None = None,
        engine: EngineName = "auto",
        precision: PrecisionName = "auto",
        int8: bool = False,
        query_cache: bool = True,
        store: Store | None = None,
        sync: bool = True,
    ) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path = path
        self.manifest = manifest
        self._models = Models(
            manifest, device=device, engine=engine, precision=precision, query_cache=query_cache
        )
        self._int8 = int8
        self._store = store or Store.open(path, sync=sync)
        self._scan: Scan | None = None
        self._fields: LazyFields | None = None

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        preset: str = DEFAULT_PRESET,
        detector: str | None = None,
        device: str | None = None,
        engine: EngineName = "auto",
        precision: PrecisionName = "auto",
        replace: bool = False,
        query_cache: bool = True,
        sync: bool = True,
    ) -> Self:
        """Make an empty index in a folder.

        Args:
            preset: a preset's name, or a JSON file with the keys of a ``Preset``.
            detector: as ``--detector`` takes it; by default ``mention-head`` where one comes with
                the preset's head, else ``spacy``.
            device: as torch names it; by default a GPU where there is one.
            engine: what runs the backbone: ``torch``, ``onnx``, or ``auto`` for the quicker one
                that is there. An index does not keep it, for vectors are the same.
            precision: numbers that the backbone multiplies: ``float32``, ``bfloat16`` (torch), or
                ``auto`` for float32 on a CPU and bfloat16 on a GPU. In bfloat16, a text's vectors
                change a little with what is read beside it.
            replace: start over where there is an index already. That one stays until the first
                documents are stored, or anything else is asked of the new one.
            query_cache, sync: as :meth:`open` takes them.

        Raises:
            ConfigError: no such preset or detector.
            ModelError: the preset's weights are nowhere to be had.
            StoreError: the folder cannot be written, holds an index, or holds something else.
        """
        folder = Path(path)
        check_free(folder, replace=replace)
        manifest = new_manifest(preset, detector, device=device, engine=engine, precision=precision)
        make_folder(folder)
        with write_lock(folder):
            store = new_store(folder, manifest, sync=sync)
        return cls(
            folder,
            manifest,
            device=device,
            engine=engine,
            precision=precision,
            query_cache=query_cache,
            store=store,
        )

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        device: str | None = None,
        engine: EngineName = "auto",
        precision: PrecisionName = "auto",
        int8: bool = False,
        query_cache: bool = True,
        sync: bool = True,
    ) -> Self:
        """Open an index.

        Args:
            device, engine, precision: as :meth:`create` takes them.
            int8: search with vectors of a byte a number, which are made from the index's float16
                once: half the memory and time, cosines within 0.02.
            query_cache: keep queries and their vectors in the user's cache, so that asking again
                is quick; with ``NER_RETRIEVER_QUERY_CACHE=0`` none are kept whatever this says.
            sync: return from :meth:`add` and :meth:`delete` only when the change is on the disk,
                where a power cut cannot take it back.

        Raises:
            IndexNotFound: there is none.
            IndexVersionError: another version of the package made it.
            StoreError: it is damaged.
        """
        folder = Path(path)
        refuse_address(folder)
        return cls(
            folder,
            usable_manifest(folder),
            device=device,
            engine=engine,
            precision=precision,
            int8=int8,
            query_cache=query_cache,
            sync=sync,
        )

    @property
    def preset(self) -> Preset:
        """The preset that the index was made with."""
        return self._models.preset

    @property
    def encoder(self) -> "Encoder":
        """The index's encoder, loaded when it is first asked for.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        return self._models.encoder

    @property
    def cutoff_parameters(self) -> CutoffParameters:
        """What automatic cut-offs are found with: fitted for the head, else the general ones."""
        return self._models.cutoff_parameters

    @property
    def version(self) -> int:
        """The store's newest version; grows with every change."""
        self._store.refresh()
        return self._store.version

    def duplicates(self) -> int:
        """Count the documents that are equal, or nearly so, to an earlier one."""
        self._store.refresh()
        return count_duplicates(self._store.batches(SIGNED))

    def field_kinds(self) -> dict[str, Kind]:
        """Return what each field of the documents holds, by the fields' names."""
        self._store.refresh()
        return field_kinds(self._store)

    def info(self) -> IndexInfo:
        """Count what the index holds."""
        self._store.refresh()
        return index_info(self.path, self._store, self.manifest)

    def _searcher(self) -> Searcher:
        self._store.refresh()
        if self._scan is None or self._fields is None or self._scan.state != self._store.state:
            self._scan = open_scan(self.path, self._store, int8=self._int8)
            self._fields = LazyFields(self.path, self._store.snapshot())
        return Searcher(self._scan, self._store, self._models, self._fields)
