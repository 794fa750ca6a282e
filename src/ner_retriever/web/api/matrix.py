"""``/matrix``: many types at once, how often they stand together, and the entities that do."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from ner_retriever.search.entity_graph import EntityGraph, entity_graph
from ner_retriever.search.query import as_query
from ner_retriever.search.sheet import Sheet, Within
from ner_retriever.search.sheet_export import cells, type_rows
from ner_retriever.web.api import models
from ner_retriever.web.api.fields import Request, Text
from ner_retriever.web.api.search import JSON_LINES
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.service import Service

router = APIRouter(tags=["matrix"])
_MOST_TYPES = 300


class MatrixRequest(Request):
    """Types to ask at once."""

    types: list[Text | models.Query] = Field(
        min_length=1,
        max_length=_MOST_TYPES,
        description="Types in words, or queries; each once.",
        examples=[["court", "judge", {"describe": "city", "exclude": ["country"]}]],
    )
    cutoff: models.Score | Literal["auto"] = Field(
        "auto", description="Least score of a mention; `auto` for each type's own cut-off."
    )
    min_detection: models.Detection | None = Field(
        None, description="Least detection score of a mention; others do not count."
    )
    within: Within = Field("document", description="What two types or entities stand together in.")
    entities: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="Most entities of the graph; 0 for none."
    )


class TypeAnswer(BaseModel):
    """What was found of a type, at or above its cut-off."""

    type: str
    cutoff: float
    documents: int
    mentions: int
    precision: float = Field(description="Estimated share of relevant documents.")
    precision_low: float
    precision_high: float
    missed: float = Field(description="Estimated number of relevant documents below.")


class EntityNode(BaseModel):
    """An entity of the graph."""

    name: str
    types: list[str]
    documents: int
    mentions: int


class EntityEdge(BaseModel):
    """Two entities that stand together."""

    first: int = Field(description="Place among the nodes.")
    second: int
    count: int


class GraphAnswer(BaseModel):
    """Entities and which of them stand together."""

    nodes: list[EntityNode]
    edges: list[EntityEdge]
    left_out: int = Field(description="How many further entities there are.")


class MatrixAnswer(BaseModel):
    """Types beside each other."""

    types: list[TypeAnswer]
    together: list[list[int]] = Field(
        description="How many documents, or sentences, hold both types, in the order of `types`."
    )
    graph: GraphAnswer | None


@router.post("/matrix", response_model=MatrixAnswer)
async def matrix(service: ServiceOf, body: MatrixRequest) -> MatrixAnswer:
    """Ask for many types at once: how much there is of each, and which stand together."""
    return await service.gate.run(_matrix, service, body)


@router.post(
    "/matrix/cells",
    responses={200: {"content": {JSON_LINES: {"schema": {"type": "string"}}}}},
    response_class=StreamingResponse,
)
async def matrix_cells(
    service: ServiceOf,
    body: MatrixRequest,
    limit: Annotated[int | None, Query(ge=1, description="Most cells; all by default.")] = None,
) -> Any:
    """Stream a line of JSON for each type and document that mentions an entity of it."""
    sheet = await service.gate.run(_sheet, service, body)
    return StreamingResponse(_lines(sheet, limit), media_type=JSON_LINES)


def _sheet(service: Service, body: MatrixRequest) -> Sheet:
    queries = [as_query(asked) if isinstance(asked, str) else asked.ours() for asked in body.types]
    answers = service.answers(queries, cutoff=body.cutoff, min_detection=body.min_detection)
    return Sheet.of(queries, answers)


def _matrix(service: Service, body: MatrixRequest) -> MatrixAnswer:
    sheet = _sheet(service, body)
    graph = None
    if body.entities:
        graph = _graph(entity_graph(sheet, within=body.within, most=body.entities))
    return MatrixAnswer(
        types=[TypeAnswer.model_validate(asdict(row)) for row in type_rows(sheet)],
        together=sheet.together(body.within).tolist(),
        graph=graph,
    )


def _graph(graph: EntityGraph) -> GraphAnswer:
    return GraphAnswer.model_validate(asdict(graph))


def _lines(sheet: Sheet, limit: int | None) -> Iterator[str]:
    for number, cell in enumerate(cells(sheet), 1):
        yield json.dumps(asdict(cell), ensure_ascii=False) + "\n"
        if number == limit:
            return
