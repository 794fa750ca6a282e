"""Queries saved in the index folder with their feedback, and what is new since they last ran."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError, QueryError
from ner_retriever.index.queries import (
    damaged,
    queries_lock,
    read_record,
    read_records,
    remove_record,
    write_record,
)
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Query, check_detection
from ner_retriever.search.stopping import Check

_LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedQuery(Settings):
    """A query under a name.

    Attributes:
        name: of 1 to 100 characters, on one line.
        query: what is asked.
        feedback: judgements of its answers.
        cutoff: a cosine, or ``"auto"``.
        min_detection: least detection score of a mention that counts; ``None`` for any.
        checks: random checks of what was unread, oldest first.
        seen: documents up to this indexing run were there when its answer was last looked at
            (``Results.latest``); 0 for none.
        created: when, ISO 8601 in UTC.
        revision: grows by one with each change.

    Raises:
        QueryError: the name, the cut-off or the least detection score is out of range.
    """

    name: str
    query: Query
    feedback: Feedback = field(default_factory=Feedback)
    cutoff: float | Literal["auto"] = "auto"
    min_detection: float | None = None
    checks: tuple[Check, ...] = ()
    seen: int = 0
    created: str = ""
    revision: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.query, Mapping):
            object.__setattr__(self, "query", Query.from_record(self.query))
        if isinstance(self.feedback, Mapping):
            object.__setattr__(self, "feedback", Feedback.from_record(self.feedback))
        if not isinstance(self.checks, list | tuple):
            raise ConfigError(f"a saved query: checks must be a list, not {self.checks!r}")
        checks = tuple(
            check if isinstance(check, Check) else Check.from_record(check) for check in self.checks
        )
        object.__setattr__(self, "checks", checks)
        name = self.name
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise QueryError(f"a saved query needs a name on one line, not {name!r}")
        if len(name) > _LONGEST_NAME:
            raise QueryError(f"a name of {len(name)} characters; give at most {_LONGEST_NAME}")
        if self.cutoff != "auto" and (
            isinstance(self.cutoff, str) or not -1.0 <= self.cutoff <= 1.0
        ):
            raise QueryError(f"a cut-off is a cosine in [-1, 1] or 'auto', not {self.cutoff!r}")
        check_detection(self.min_detection)

    def undo(self) -> "SavedQuery":
        """Return the query without its last judgement."""
        feedback = self.feedback.undo()
        # A document that was judged before a check, and is so no more, is one to draw from.
        left = len(feedback.history)
        checks = tuple(replace(it, judged=min(it.judged, left)) for it in self.checks)
        return replace(self, feedback=feedback, checks=checks)

    def begin_check(self, *, seed: int, run: int) -> "SavedQuery":
        """Return the query with one more random check of what is unread now.

        Args:
            seed: decides the random order.
            run: the last indexing run that is searched (``Results.latest``).
        """
        check = Check(seed=seed, judged=len(self.feedback.history), run=run)
        return replace(self, checks=(*self.checks, check))


class SavedQueries:
    """The saved queries of an index folder; any number of processes may change them at once.

    Args:
        path: the index folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[SavedQuery]:
        """All saved queries, by name.

        Raises:
            StoreError: a file is damaged.
        """
        return sorted(map(_parse, read_records(self._path)), key=lambda saved: saved.name)

    def read(self, name: str) -> SavedQuery:
        """Return a saved query.

        Raises:
            QueryError: there is none of that name.
            StoreError: its file is damaged.
        """
        record = read_record(self._path, name)
        if record is None:
            raise QueryError(f"no saved query {name!r} in {self._path}")
        return _parse(record)

    def create(self, saved: SavedQuery) -> SavedQuery:
        """Save a query under a new name, and return it with the time of its creation.

        Raises:
            QueryError: the name is taken.
            IndexLocked: another process holds the lock for longer than ten seconds.
            StoreError: the folder cannot be written.
        """
        with queries_lock(self._path):
            if read_record(self._path, saved.name) is not None:
                raise QueryError(f"there is a saved query {saved.name!r} already; change the name")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            return self._write(replace(saved, created=now, revision=1))

    def change(self, name: str, change: Callable[[SavedQuery], SavedQuery]) -> SavedQuery:
        """Read, change and write a saved query while no one else can, and return it.

        Args:
            change: given the query as it is now, which another writer may have changed; what it
                does to ``name``, ``created`` and ``revision`` is ignored.

        Raises:
            QueryError: there is none of that name.
            IndexLocked: another process holds the lock for longer than ten seconds.
            StoreError: the folder cannot be written.
        """
        with queries_lock(self._path):
            now = self.read(name)
            return self._write(
                replace(change(now), name=name, created=now.created, revision=now.revision + 1)
            )

    def delete(self, name: str) -> None:
        """Delete a saved query.

        Raises:
            QueryError: there is none of that name.
            IndexLocked: another process holds the lock for longer than ten seconds.
            StoreError: the folder cannot be written.
        """
        with queries_lock(self._path):
            self.read(name)
            remove_record(self._path, name)

    def _write(self, saved: SavedQuery) -> SavedQuery:
        write_record(self._path, saved.name, saved.to_record())
        return saved


def _parse(record: Mapping[str, Any]) -> SavedQuery:
    try:
        return SavedQuery.from_record(record)
    except (ConfigError, QueryError) as error:
        raise damaged(repr(record.get("name")), str(error)) from error
