"""Queries saved in the index folder with their feedback, and what is new since they last ran."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ner_retriever.config import Settings
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Query


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedQuery(Settings):
    """A query under a name.

    Attributes:
        name: of 1 to 100 characters, on one line.
        query: what is asked.
        feedback: judgements of its answers.
        cutoff: a cosine, or ``"auto"``.
        seen: documents indexed up to this run were there when it was last looked at
            (:attr:`Results.latest`); 0 for none.
        created: when, ISO 8601 in UTC.
        revision: grows by one with each change.
    """

    name: str
    query: Query
    feedback: Feedback = field(default_factory=Feedback)
    cutoff: float | str = "auto"
    seen: int = 0
    created: str = ""
    revision: int = 0


class SavedQueries:
    """The saved queries of an index folder; any number of processes may change them at once.

    Args:
        path: the index folder.
    """

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    def all(self) -> list[SavedQuery]:
        """All saved queries, by name.

        Raises:
            StoreError: a file is damaged.
        """
        raise NotImplementedError

    def read(self, name: str) -> SavedQuery:
        """Return a saved query.

        Raises:
            QueryError: there is none of that name.
            StoreError: its file is damaged.
        """
        raise NotImplementedError

    def create(self, saved: SavedQuery) -> SavedQuery:
        """Save a query under a new name.

        Raises:
            QueryError: the name is taken, empty, too long, or holds control characters.
            StoreError: the folder cannot be written.
        """
        raise NotImplementedError

    def change(self, name: str, change: Callable[[SavedQuery], SavedQuery]) -> SavedQuery:
        """Read, change and write a saved query while no one else can, and return it.

        Args:
            change: given the query as it is now, which another writer may have changed; the name,
                ``created`` and ``revision`` that it returns are ignored.

        Raises:
            QueryError: there is none of that name.
            IndexLocked: another process holds the lock for longer than ten seconds.
            StoreError: the folder cannot be written.
        """
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete a saved query.

        Raises:
            QueryError: there is none of that name.
        """
        raise NotImplementedError
