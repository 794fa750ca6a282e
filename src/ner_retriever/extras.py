"""Parts that need an optional dependency."""

from collections.abc import Iterator
from contextlib import contextmanager

from ner_retriever.errors import MissingExtra


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Turn a failed import into the command that installs what is missing.

    Args:
        extra: which of the package's extras holds it.
        what: is done with it, as the message's subject.

    Raises:
        MissingExtra: a package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("ner_retriever"):
            raise
        raise MissingExtra(what, extra) from error
