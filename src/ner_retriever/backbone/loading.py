"""Reading a model with transformers: quietly, and wholly or not at all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ner_retriever.errors import UnsupportedModel


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' progress bars and warnings from the terminal."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()


def refuse_incomplete(missing: Iterable[str], source: Path) -> None:
    """Refuse a model some of whose weights were not in its files.

    transformers fills them with random numbers and goes on. The pooler alone may be missing: no
    site lies behind it.

    Args:
        missing: names of the weights.

    Raises:
        UnsupportedModel: weights are missing.
    """
    needed = sorted(name for name in missing if not name.startswith("pooler."))
    if needed:
        raise UnsupportedModel(
            f"{source} lacks {len(needed)} of the model's weights, such as {needed[0]}; "
            "fetch or export it anew"
        )
