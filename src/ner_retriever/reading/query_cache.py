"""Vectors of queries that were asked before, so that asking again loads no model.

A JSON file for each backbone, site and head together, in the cache folder, which only the user can
read: it holds queries in clear. ``NER_RETRIEVER_QUERY_CACHE=0`` turns it off. It is a convenience:
what cannot be read or written is as if it weren't there.
"""

import base64
import json
import os
import tempfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ner_retriever.config import cache_folder

_FORMAT = 1
_MOST_QUERIES = 1_000
_MOST_BYTES = 32 << 20
_WAIT_SECONDS = 1.0
_LENGTH_TOLERANCE = 1e-3
_VECTOR = np.dtype("<f4")
_PARTS = ("backbone", "site", "head")

Vectors = dict[str, NDArray[np.float32]]


def query_cache_wanted() -> bool:
    """Return whether queries may be kept (``NER_RETRIEVER_QUERY_CACHE`` is not 0)."""
    given = os.environ.get("NER_RETRIEVER_QUERY_CACHE", "").lower()
    return given not in {"0", "false", "no", "off"}


class QueryCache:
    """The vectors of the last thousand queries to one model; any number of processes share them.

    Args:
        fingerprints: of backbone, site and head; others are ignored.
        dimensions: of a vector.
    """

    def __init__(self, fingerprints: Mapping[str, str], dimensions: int) -> None:
        self._fingerprints = {name: fingerprints[name] for name in _PARTS}
        self._dimensions = dimensions
        name = blake2b(json.dumps(self._fingerprints).encode(), digest_size=16).hexdigest()
        self._file = cache_folder() / "queries" / f"{name}.json"
        self._known: Vectors = {}

    def find(self, query: str) -> NDArray[np.float32] | None:
        """Return a query's unit vector, (dimensions,), or ``None`` where it isn't known.

        Args:
            query: as the model reads it.
        """
        if query not in self._known:
            self._known = self._read()
        return self._known.get(query)

    def keep(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep the vectors of some queries; the oldest give way."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._file.with_suffix(".lock"), timeout=_WAIT_SECONDS):
                # Read again, because another process may have written.
                known = {**self._read(), **vectors}
                self._known = dict(list(known.items())[-_MOST_QUERIES:])
                self._write()
        except (OSError, Timeout):
            return

    def _write(self) -> None:
        content = {
            "format": _FORMAT,
            "fingerprints": self._fingerprints,
            "vectors": {query: _encoded(vector) for query, vector in self._known.items()},
        }
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.stem}-")
        partial = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(content, stream)
            partial.replace(self._file)
        finally:
            partial.unlink(missing_ok=True)

    def _read(self) -> Vectors:
        """What the file holds; nothing where it is damaged or another model's."""
        try:
            if self._file.stat().st_size > _MOST_BYTES:
                return {}
            content = json.loads(self._file.read_bytes())
            if content["format"] != _FORMAT or content["fingerprints"] != self._fingerprints:
                return {}
            items = dict(content["vectors"]).items()
            return {query: self._decoded(text) for query, text in items}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def _decoded(self, text: Any) -> NDArray[np.float32]:
        vector = np.frombuffer(base64.b64decode(text, validate=True), _VECTOR)
        length = float(np.linalg.norm(vector)) if vector.shape == (self._dimensions,) else 0.0
        # Not a number compares as false.
        if not abs(length - 1) <= _LENGTH_TOLERANCE:
            raise ValueError("not a unit vector of the model")
        return vector


def _encoded(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype(_VECTOR).tobytes()).decode("ascii")
