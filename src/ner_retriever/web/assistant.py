"""The MCP server: search, open a document, roll up; it reads the index and changes nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from ner_retriever.documents import Hit
from ner_retriever.errors import NerRetrieverError, first_line
from ner_retriever.retriever import Retriever
from ner_retriever.search.query import Query
from ner_retriever.search.results import Results
from ner_retriever.search.rollup import Order, rollup

_INSTRUCTIONS = """Finds every document of one index that mentions an entity of a type in free text,
such as "dinosaur" or "court that hears appeals". Name types of things, not topics. A score is a
cosine, not a probability; documents above the automatic cut-off are likely right."""
_CONTEXT = 200
_MOST = 100

Type = Annotated[str, Field(min_length=1, max_length=1000, description="A type in words.")]
Types = Annotated[list[Type], Field(max_length=20)]
Where = Annotated[str, Field(min_length=1, max_length=4_000, description="A filter.")]
Detection = Annotated[float, Field(ge=0.0, le=1.0)]
Limit = Annotated[int, Field(ge=1, le=_MOST)]


class Found(BaseModel):
    """A document that answers, with its best mention in context."""

    id: str
    score: float
    mention: str
    start: int
    end: int
    context: str
    page: int | None = None
    fields: dict[str, Any] = Field({}, description="What else is known of the document.")


class Answer(BaseModel):
    """The best documents."""

    above_cutoff: int = Field(description="How many documents stand above the automatic cut-off.")
    documents: list[Found]


class Opened(BaseModel):
    """A document."""

    id: str
    text: str


class EntityFound(BaseModel):
    """An entity of the type."""

    name: str
    documents: list[str]
    mentions: int
    score: float


def create_server(index: str | Path) -> MCPServer[None]:
    """Make the server of an index.

    Raises:
        IndexNotFound: there is none.
        StoreError: it cannot be used.
    """
    tools = _Tools(Retriever.open(index))
    server: MCPServer[None] = MCPServer(
        "ner-retriever",
        instructions=_INSTRUCTIONS,
        version=metadata.version("ner-retriever"),
        log_level="WARNING",
    )
    for tool in (tools.search, tools.open_document, tools.roll_up):
        server.add_tool(tool)
    return server


class _Tools:
    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._lock = threading.Lock()

    def search(
        self,
        type: Type,
        exclude: Types = [],  # noqa: B006
        near: Types = [],  # noqa: B006
        alongside: Types = [],  # noqa: B006
        limit: Limit = 10,
        min_detection: Detection | None = None,
        names_only: bool = False,
        where: Where | None = None,
    ) -> Answer:
        """Find the documents that mention an entity of a type, best first.

        exclude: types that a mention must not be of. near: types that another mention of the same
        sentence must be of. alongside: types that another mention of the same document must be of.
        min_detection: how sure, from 0 to 1, the detector must have been of a mention. names_only:
        leave out ordinary nouns. where: what must hold of a document's fields, as behind SQL's
        WHERE, such as date >= 2020-01-01 and source = 'Reuters'; a wrong field's error lists them.
        """
        with _told():
            query = Query(
                describe=type,
                exclude=tuple(exclude),
                near=tuple(near),
                alongside=tuple(alongside),
                names_only=names_only,
                where=where,
            )
        results = self._ask(query, limit=limit, min_detection=min_detection)
        return Answer(
            above_cutoff=results.trust.automatic.documents,
            documents=[_found(hit) for hit in results],
        )

    def open_document(self, id: Annotated[str, Field(max_length=1000)]) -> Opened:
        """Return a document in full by its id."""
        with self._lock:
            found = self._retriever.documents([id])
        if not found:
            raise ToolError(f"no document {id!r} in the index; ids stand in the answer of search")
        return Opened(id=found[0].id, text=found[0].text)

    def roll_up(
        self, type: Type, order: Order = "documents", limit: Limit = 50
    ) -> list[EntityFound]:
        """List the entities of a type, down to the automatic cut-off, with their documents."""
        entities = rollup(self._ask(Query(describe=type), cutoff="auto"), order=order)
        return [
            EntityFound(
                name=entity.name,
                documents=list(entity.documents[:_MOST]),
                mentions=entity.mentions,
                score=entity.score,
            )
            for entity in entities[:limit]
        ]

    def _ask(
        self,
        query: Query,
        *,
        limit: int | None = None,
        min_detection: float | None = None,
        cutoff: Literal["auto"] | None = None,
    ) -> Results:
        with _told(), self._lock:
            return self._retriever.search(
                query, limit=limit, min_detection=min_detection, cutoff=cutoff
            )


@contextmanager
def _told() -> Iterator[None]:
    """Tell the assistant of an error in a line."""
    try:
        yield
    except NerRetrieverError as error:
        raise ToolError(first_line(error)) from error


def _found(hit: Hit) -> Found:
    best = hit.mentions[0]
    context = hit.text[max(0, best.start - _CONTEXT) : best.end + _CONTEXT]
    return Found(
        id=hit.id,
        score=hit.score,
        mention=best.text,
        start=best.start,
        end=best.end,
        context=context,
        page=best.page,
        fields=dict(hit.fields),
    )
