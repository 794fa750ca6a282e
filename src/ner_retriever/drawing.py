"""An empty figure, what every chart begins with."""

from typing import TYPE_CHECKING

from ner_retriever.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
