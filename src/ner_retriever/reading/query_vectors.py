"""The vectors of queries: from the cache, else without a model library, else from the encoder."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Preset
from ner_retriever.reading.query_cache import QueryCache, query_cache_wanted
from ner_retriever.reading.query_template import TemplatedQuery, fill_template
from ner_retriever.reading.quick_queries import QuickEncoder, load_quick_encoder

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Check = Callable[[Mapping[str, str]], None]


class QueryVectors:
    """From type queries to the vectors that an index is searched with.

    Args:
        preset: the index's.
        fingerprints: of backbone, site and head that filled the index.
        dimensions: of its vectors.
        check: raises where other fingerprints are not the index's.
        encode: loads the encoder and gives what embeds queries.
        cache: whether vectors are kept for the next time, if the user wants that at all.
    """

    def __init__(
        self,
        preset: Preset,
        *,
        fingerprints: Mapping[str, str],
        dimensions: int,
        check: Check,
        encode: Callable[[], Encode],
        cache: bool = True,
    ) -> None:
        self._preset = preset
        self._dimensions = dimensions
        self._check = check
        self._encode = encode
        kept = cache and query_cache_wanted()
        self._cache = QueryCache(fingerprints, dimensions) if kept else None

    def of(self, types: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, (types, dimensions).

        Raises:
            QueryError: a query is empty or absurdly long.
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        templated = [fill_template(self._preset, query) for query in types]
        types_of = {query.text: type for query, type in zip(templated, types, strict=True)}
        found = {query.text: self._found(query) for query in templated}
        unknown = {query.text: query for query in templated if found[query.text] is None}
        fresh = self._read(list(unknown.values()), types_of) if unknown else {}
        if fresh and self._cache:
            self._cache.keep(fresh)
        vectors = [fresh.get(query.text, found[query.text]) for query in templated]
        return np.array(vectors, np.float32).reshape(-1, self._dimensions)

    def warm(self) -> None:
        """Load what queries need.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        if self._quick is None:
            self._encode()

    @cached_property
    def _quick(self) -> QuickEncoder | None:
        quick = load_quick_encoder(self._preset)
        if quick is not None:
            self._check(quick.fingerprints)
        return quick

    def _found(self, query: TemplatedQuery) -> NDArray[np.float32] | None:
        return self._cache.find(query.text) if self._cache else None

    def _read(
        self, queries: Sequence[TemplatedQuery], types_of: Mapping[str, str]
    ) -> dict[str, NDArray[np.float32]]:
        """Read queries in one pass; the encoder takes those that need more care."""
        quick = self._quick.vectors(queries) if self._quick else [None] * len(queries)
        read = {
            query.text: vector
            for query, vector in zip(queries, quick, strict=True)
            if vector is not None
        }
        left = [query.text for query in queries if query.text not in read]
        if left:
            read.update(zip(left, self._encode()([types_of[text] for text in left]), strict=True))
        return read
