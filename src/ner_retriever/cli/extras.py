"""Commands that need an optional dependency."""

from collections.abc import Iterator
from contextlib import contextmanager

from ner_retriever.errors import MissingExtra


@contextmanager
def needs_web(what: str) -> Iterator[None]:
    """Turn a failed import into the command that installs what is missing.

    Raises:
        MissingExtra: a package of the extra ``web`` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("ner_retriever"):
            raise
        raise MissingExtra(what, "web") from error
