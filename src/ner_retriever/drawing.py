"""An empty figure, what every chart begins with, and whether one can be drawn."""

from pathlib import Path
from typing import TYPE_CHECKING

from ner_retriever.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_ENDINGS = (".png", ".svg", ".pdf")


def check_figure(file: Path, *, extra: str) -> None:
    """Find out before long work whether a figure can be drawn.

    Args:
        extra: the optional dependencies that bring matplotlib with them.

    Raises:
        InputError: the file's name has an unknown ending.
        MissingExtra: matplotlib is not installed.
    """
    if file.suffix not in _ENDINGS:
        raise InputError(f"cannot draw {file}: its name must end with {', '.join(_ENDINGS)}")
    new_figure(1, 1, extra=extra)


def new_figure(width: float, height: float, *, extra: str) -> "Figure":
    """Return an empty figure.

    Args:
        width, height: in inches.
        extra: the optional dependencies that bring matplotlib with them.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("Drawing charts", extra) from error
    # Not pyplot: it would choose a backend and change settings for the whole process.
    return Figure(figsize=(width, height), layout="constrained")
