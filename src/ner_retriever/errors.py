"""Everything that this package raises on purpose, as one tree.

::

    NerRetrieverError
    ├── ConfigError              an unknown preset, an unknown key, a value out of range
    ├── MissingExtra             an optional dependency is not installed
    ├── InputError               what was handed in cannot be used
    │   ├── DocumentError        … a document: unreadable, too large, a duplicate
    │   └── QueryError           … a query
    ├── ModelError               a backbone or head cannot be used
    │   ├── WeightsNotFound      … nowhere to be found
    │   ├── WeightsCorrupted     … not the bytes that were published
    │   └── UnsupportedModel     … no known site
    └── StoreError               an index on disk cannot be used
        ├── IndexNotFound        … none there
        ├── IndexVersionError    … written by another version of the format
        ├── FingerprintMismatch  … made with another backbone, site, head or detector
        └── IndexLocked          … another process is writing

A message says what came, what was expected and what to do. The command line prints it on one line
and exits with code 2.
"""


class NerRetrieverError(Exception):
    """Root of the tree."""


class ConfigError(NerRetrieverError):
    """A setting is unknown or out of range."""


class MissingExtra(NerRetrieverError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional dependency; install it with: "
            f"pip install 'ner-retriever[{extra}]'"
        )


class InputError(NerRetrieverError):
    """What was handed in cannot be used."""


UNUSABLE = "unusable"


class DocumentError(InputError):
    """A document cannot be read or indexed.

    Attributes:
        reason: the same in a word or two, under which many such documents are counted.
    """

    def __init__(self, message: str, *, reason: str = UNUSABLE) -> None:
        super().__init__(message)
        self.reason = reason


class QueryError(InputError):
    """A query cannot be answered."""


class ModelError(NerRetrieverError):
    """A backbone or head cannot be used."""


class WeightsNotFound(ModelError):
    """Weights are nowhere to be found."""


class WeightsCorrupted(ModelError):
    """Weights are not the bytes that were published."""


class UnsupportedModel(ModelError):
    """A model has no site that this package knows."""


class StoreError(NerRetrieverError):
    """An index on disk cannot be used."""


class IndexNotFound(StoreError):
    """There is no index at a path."""


class IndexVersionError(StoreError):
    """An index was written by another version of the format."""


class FingerprintMismatch(StoreError):
    """An index or head was made with another backbone, site, head or detector."""


class IndexLocked(StoreError):
    """Another process is writing to the index."""


def first_line(error: Exception) -> str:
    """Return an error's message, or what stands for one, on one line."""
    return (str(error).strip() or repr(error)).splitlines()[0]
