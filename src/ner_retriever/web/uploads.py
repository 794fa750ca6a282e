"""Documents that came with a request, indexed in the background one upload after the other."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from queue import Full, Queue
from typing import Literal
from uuid import uuid4

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, IndexLocked, NerRetrieverError, first_line
from ner_retriever.indexing import Added, ErrorHandler
from ner_retriever.retriever import Retriever
from ner_retriever.temporary import TemporaryFolder
from ner_retriever.text.formats.columns import Columns
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.formats.registry import SUFFIXES
from ner_retriever.text.readers import read_documents
from ner_retriever.text.sources import find_sources
from ner_retriever.text.suffixes import suffixes_of
from ner_retriever.web.errors import RequestError

_REMEMBERED = 50
_LISTED_SKIPS = 20
_LOCK_SECONDS = 1.0
_LONGEST_NAME = 60

State = Literal["waiting", "running", "done", "failed"]
_Documents = Iterable[Document]


class _Stopped(Exception):
    """The server is going down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """An upload and how far it has come.

    Attributes:
        id: its name in addresses.
        name: what people know it by.
        state: ``failed`` keeps what was indexed before.
        bytes: its size.
        bytes_read: how much of it has been read.
        added: what has become of its documents.
        skipped: how many documents could not be used.
        messages: why, for the first of them; or why it waits or failed.
    """

    id: str
    name: str
    state: State = "waiting"
    bytes: int = 0
    bytes_read: int = 0
    added: Added = field(default_factory=Added)
    skipped: int = 0
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """A file's content, or documents that have been read already."""

    id: str
    name: str
    content: bytes = b""
    documents: tuple[Document, ...] = ()


class Uploads:
    """A queue of uploads and the one thread that indexes them.

    It writes through a handle of its own, so that searches go on meanwhile.
    """

    def __init__(
        self,
        open_index: Callable[[], Retriever],
        *,
        waiting: int,
        document_characters: int,
    ) -> None:
        self._open_index = open_index
        self._document_characters = document_characters
        self._retriever: Retriever | None = None
        self._queue: Queue[_Job | None] = Queue(waiting)
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)
        self._thread.start()

    def submit_file(self, name: str, content: bytes) -> Upload:
        """Queue a file's content.

        Args:
            name: the file's name as the sender gives it; its end decides how it is read, and ids
                of documents without one begin with it. It is never opened.

        Raises:
            RequestError: the kind of file is unknown, or too many wait already.
        """
        upload = Upload(id=uuid4().hex, name=safe_name(name), bytes=len(content))
        return self._submit(upload, _Job(id=upload.id, name=upload.name, content=content))

    def submit_documents(self, name: str, documents: Sequence[Document]) -> Upload:
        """Queue documents.

        Args:
            name: what people know the upload by.

        Raises:
            RequestError: too many wait already.
        """
        upload = Upload(id=uuid4().hex, name=name)
        return self._submit(upload, _Job(id=upload.id, name=name, documents=tuple(documents)))

    def get(self, identifier: str) -> Upload | None:
        """Return an upload, if it is one of the last ones."""
        with self._lock:
            return self._uploads.get(identifier)

    def recent(self) -> list[Upload]:
        """Return the last uploads, newest first."""
        with self._lock:
            return list(reversed(self._uploads.values()))

    def close(self) -> None:
        """Stop after the batch that is being written; wait for it."""
        self._stopping.set()
        with suppress(Full):
            self._queue.put_nowait(None)
        self._thread.join()

    def _submit(self, upload: Upload, job: _Job) -> Upload:
        with self._lock:
            self._uploads[upload.id] = upload
            while len(self._uploads) > _REMEMBERED:
                self._uploads.popitem(last=False)
        try:
            self._queue.put_nowait(job)
        except Full:
            with self._lock:
                self._uploads.pop(upload.id, None)
            raise RequestError(
                429,
                "too_many_uploads",
                "too many uploads are waiting; try again when some are done",
                headers={"retry-after": "10"},
            ) from None
        return upload

    def _work(self) -> None:
        while not self._stopping.is_set() and (job := self._queue.get()) is not None:
            try:
                self._index(job)
            except (NerRetrieverError, OSError) as error:
                self._update(job.id, state="failed", messages=(first_line(error),))
            except _Stopped:
                self._update(job.id, state="failed", messages=("the server was stopped",))
            except Exception as error:  # The thread must outlive any one upload.
                self._update(job.id, state="failed", messages=(f"unexpected: {error!r}",))

    def _index(self, job: _Job) -> None:
        self._update(job.id, state="running")
        if self._retriever is None:
            self._retriever = self._open_index()
        while not self._stopping.is_set():
            try:
                self._add(job, self._retriever)
            except IndexLocked as error:
                self._update(job.id, state="waiting", messages=(first_line(error),))
                self._stopping.wait(_LOCK_SECONDS)
            else:
                return
        raise _Stopped

    def _add(self, job: _Job, retriever: Retriever) -> None:
        skipped: list[str] = []

        def skip(error: DocumentError) -> None:
            skipped.append(first_line(error))
            self._update(job.id, skipped=len(skipped), messages=tuple(skipped[:_LISTED_SKIPS]))

        def show(added: Added) -> None:
            self._update(job.id, state="running", added=added)

        has_spans = retriever.manifest.settings["detector"] == "spans"
        with self._opened(job, has_spans=has_spans, skip=skip) as documents:
            added = retriever.add(self._until_stopped(documents), on_error=skip, progress=show)
        self._update(job.id, state="done", added=added, bytes_read=len(job.content))

    @contextmanager
    def _opened(self, job: _Job, *, has_spans: bool, skip: ErrorHandler) -> Iterator[_Documents]:
        if job.documents:
            yield job.documents
            return
        read = 0

        def show(newly: int) -> None:
            nonlocal read
            read += newly
            self._update(job.id, bytes_read=read)

        with TemporaryFolder() as folder:
            file = Path(folder) / job.name
            file.write_bytes(job.content)
            options = ReadOptions(
                columns=Columns(spans="spans" if has_spans else None),
                max_characters=self._document_characters,
                progress=show,
            )
            (found,) = find_sources([file])
            source = replace(found, name=job.name, shown=job.name)
            documents = read_documents([source], options, on_error=skip)
            # No file of any folder is its source, so none that is missing takes it away.
            yield (replace(document, source="") for document in documents)

    def _until_stopped(self, documents: _Documents) -> Iterator[Document]:
        for document in documents:
            if self._stopping.is_set():
                raise _Stopped
            yield document

    def _update(self, identifier: str, **changes: object) -> None:
        with self._lock:
            upload = self._uploads.get(identifier)
            if upload is not None:
                self._uploads[identifier] = replace(upload, **changes)  # type: ignore[arg-type]


def safe_name(name: str) -> str:
    """Return a file's name without folders and odd characters.

    Raises:
        RequestError: it doesn't end as a kind of file that can be read.
    """
    last = PurePath(name.replace("\\", "/")).name
    suffix, compression = suffixes_of(last)
    if suffix not in SUFFIXES:
        raise RequestError(
            422,
            "unknown_file",
            f"unknown kind of file {suffix!r}; known are {', '.join(SUFFIXES)}",
        )
    end = suffix + compression
    stem = re.sub(r"[^\w.-]+", "_", last[: -len(end)]).strip("._")[:_LONGEST_NAME]
    return (stem or "upload") + end
