"""Changes of files and folders, as they happen."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ner_retriever.errors import MissingExtra

_QUIET_MILLISECONDS = 1_000


def changes(sources: Sequence[str], *, without: Path) -> Iterator[None]:
    """Yield whenever some of the sources have changed and nothing has for a second.

    Args:
        sources: files and folders.
        without: a folder whose changes don't count, such as the index's own.

    Raises:
        MissingExtra: what watches is not installed.
    """
    try:
        from watchfiles import watch
    except ImportError as error:
        raise MissingExtra("--watch", "watch") from error
    own = without.resolve()
    watched = [Path(source).resolve() for source in sources]
    # A file that an editor replaces is another one, so its folder is watched.
    folders = {path if path.is_dir() else path.parent for path in watched}

    def counts(_: object, name: str) -> bool:
        path = Path(name)
        return not path.is_relative_to(own) and any(path.is_relative_to(one) for one in watched)

    for _ in watch(*folders, watch_filter=counts, debounce=_QUIET_MILLISECONDS):
        yield
