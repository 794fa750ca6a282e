"""A client of the HTTP API: a server's index asked from Python, with the library's own records."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from ner_retriever.documents import Document, Hit, Mention
from ner_retriever.errors import NerRetrieverError
from ner_retriever.extras import needs
from ner_retriever.search.query import Query

if TYPE_CHECKING:
    import httpx

_API = "/api/v1"
_POLL_SECONDS = 0.2
_PAGE = 100


class ApiError(NerRetrieverError):
    """The server refused a request or failed.

    Attributes:
        status: of the answer; 0 where the server could not be reached.
        code: the error's code, which doesn't change between versions; ``""`` where there is none.
    """

    def __init__(self, message: str, *, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an answer.

    Attributes:
        hits: documents, best first.
        found: how many there are in all.
        documents: how many were searched.
        cutoff: the cut-off asked for, or the automatic one, with ``score``, ``documents``,
            ``precision`` and ``missed`` as the API gives them.
        version: of the index.
        next: cursor of the next page; ``None`` on the last.
    """

    hits: tuple[Hit, ...]
    found: int
    documents: int
    cutoff: Mapping[str, Any]
    version: int
    next: str | None


class Client:
    """A server's index.

    Args:
        url: of the server, such as ``http://127.0.0.1:8000``.
        token: where the server wants one.
        timeout: seconds that an answer may take.
        transport: for tests.

    Raises:
        MissingExtra: httpx is not installed.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = 60.0,
        transport: "httpx.BaseTransport | None" = None,
    ) -> None:
        with needs("client", "The client"):
            import httpx
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._failed = httpx.HTTPError
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=timeout, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def search(
        self,
        query: str | Query,
        *,
        limit: int = 20,
        cutoff: float | Literal["auto"] | None = None,
        min_detection: float | None = None,
        duplicates: Literal["fold", "show"] = "fold",
        cursor: str | None = None,
    ) -> Page:
        """Return a page of the documents that mention an entity of a type.

        Arguments are those of ``Retriever.search``; ``cursor`` is ``next`` of the page before.

        Raises:
            ApiError: the server refuses or fails.
        """
        body = {
            **_question(query, cutoff, min_detection, duplicates),
            "limit": limit,
            "cursor": cursor,
        }
        answer = self._call("POST", "/search", json=body)
        return Page(
            hits=tuple(map(_hit, answer["results"])),
            found=answer["found"],
            documents=answer["documents"],
            cutoff=answer["cutoff"],
            version=answer["version"],
            next=answer["next"],
        )

    def search_all(
        self,
        query: str | Query,
        *,
        cutoff: float | Literal["auto"] | None = None,
        min_detection: float | None = None,
        duplicates: Literal["fold", "show"] = "fold",
    ) -> Iterator[Hit]:
        """Yield all documents of an answer as they arrive, best first; see :meth:`search`."""
        body = {**_question(query, cutoff, min_detection, duplicates), "limit": "all"}
        yield from map(_hit, self._lines("/search", body))

    def entities(self, query: str, *, limit: int = 100) -> list[dict[str, Any]]:
        """Return the entities of an answer, down to its automatic cut-off."""
        answer = self._call("GET", "/entities", params={"q": query, "limit": limit})
        return list(answer["entities"])

    def matrix(
        self,
        types: Sequence[str | Query],
        *,
        cutoff: float | Literal["auto"] = "auto",
        within: Literal["document", "sentence"] = "document",
        entities: int = 0,
    ) -> dict[str, Any]:
        """Ask for many types at once: ``types``, ``together`` and ``graph`` as the API has them."""
        body = {
            "types": list(map(_asked, types)),
            "cutoff": cutoff,
            "within": within,
            "entities": entities,
        }
        return dict(self._call("POST", "/matrix", json=body))

    def cells(
        self, types: Sequence[str | Query], *, cutoff: float | Literal["auto"] = "auto"
    ) -> Iterator[dict[str, Any]]:
        """Yield a record for each type and document that mentions an entity of it."""
        body = {"types": list(map(_asked, types)), "cutoff": cutoff}
        yield from self._lines("/matrix/cells", body)

    def documents(self, ids: Iterable[str]) -> list[Document]:
        """Return those of some documents that are indexed."""
        wanted = list(ids)
        found: list[dict[str, Any]] = []
        for first in range(0, len(wanted), _PAGE):
            found += self._call("GET", "/documents", params={"id": wanted[first : first + _PAGE]})
        return [
            Document(record["id"], record["text"], fields=_fields(record["fields"]))
            for record in found
        ]

    def add(self, documents: Iterable[Document], *, wait: bool = True) -> dict[str, Any]:
        """Add documents, which the server indexes in the background.

        Args:
            documents: at most 10,000, and a request of at most what the server takes.
            wait: return when they can be found.

        Returns:
            How far it has come: ``state``, ``new``, ``replaced``, ``skipped``, ``messages`` …

        Raises:
            ApiError: the server refuses; or the upload has failed.
        """
        records = [
            {
                "id": document.id,
                "text": document.text,
                "fields": dict(document.fields),
                **(
                    {"spans": [[span.start, span.end] for span in document.spans]}
                    if document.spans is not None
                    else {}
                ),
            }
            for document in documents
        ]
        upload: dict[str, Any] = self._call("POST", "/documents", json={"documents": records})
        while wait and upload["state"] in ("waiting", "running"):
            time.sleep(_POLL_SECONDS)
            upload = self._call("GET", f"/uploads/{upload['id']}")
        if upload["state"] == "failed":
            raise ApiError("; ".join(upload["messages"]) or "the upload failed", status=200)
        return upload

    def info(self) -> dict[str, Any]:
        """Return what the index holds, and what made it."""
        return dict(self._call("GET", "/info"))

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._http.request(method, _API + path, **arguments)
        except self._failed as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _error(response)
        return response.json()

    def _lines(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            with self._http.stream("POST", _API + path, json=body) as response:
                if response.is_error:
                    response.read()
                    raise _error(response)
                for line in response.iter_lines():
                    yield json.loads(line)
        except self._failed as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ApiError:
        return ApiError(
            f"{self._http.base_url} did not answer ({error or type(error).__name__}); check the "
            "address and that ner-retriever serve runs there",
            status=0,
        )


def _question(
    query: str | Query,
    cutoff: float | Literal["auto"] | None,
    min_detection: float | None,
    duplicates: str,
) -> dict[str, Any]:
    return {
        "query": _asked(query),
        "cutoff": cutoff,
        "min_detection": min_detection,
        "duplicates": duplicates,
    }


def _asked(query: str | Query) -> Any:
    return query if isinstance(query, str) else query.to_record()


def _hit(record: Mapping[str, Any]) -> Hit:
    return Hit(
        record["id"],
        record["score"],
        record["text"],
        tuple(Mention(**mention) for mention in record["mentions"]),
        _fields(record["fields"]),
        record["duplicates"],
    )


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }


def _error(response: "httpx.Response") -> ApiError:
    try:
        told = response.json()["error"]
        message, code = str(told["message"]), str(told["code"])
    except (ValueError, KeyError, TypeError):
        message, code = f"the server answered {response.status_code}", ""
    return ApiError(message, status=response.status_code, code=code)
