"""``/search`` and ``/entities``: the answer page by page, as a stream, or rolled up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Query, Response
from fastapi.openapi.models import Example as OpenAPIExample
from fastapi.responses import StreamingResponse

from ner_retriever.errors import QueryError
from ner_retriever.search.query import Example
from ner_retriever.search.query import Query as Asked
from ner_retriever.search.rollup import Entity, Order, rollup
from ner_retriever.web.api import models
from ner_retriever.web.api.fields import Text, Where
from ner_retriever.web.cursor import decode_cursor
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.errors import ErrorAnswer
from ner_retriever.web.questions import Answer, CutoffChoice, Duplicates, Question
from ner_retriever.web.service import Service

router = APIRouter(tags=["search"])
JSON_LINES = "application/x-ndjson"
_PAGE = 20
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page of results; with `limit=all`, a line of JSON a result.",
        "content": {JSON_LINES: {"schema": {"type": "string"}}},
    },
    304: {"description": "The answer is still the one that `If-None-Match` names."},
    410: {"model": ErrorAnswer, "description": "The cursor's answer is gone; search again."},
}
_EXAMPLES: dict[str, OpenAPIExample] = {
    "in words": {"value": {"query": "court that hears appeals", "cutoff": "auto"}},
    "like these, but not": {
        "value": {
            "query": {
                "like": [{"id": "d145", "start": 13, "end": 26}],
                "exclude": ["museum"],
                "near": ["scientist"],
            },
            "feedback": [{"id": "d153", "start": 28, "end": 39, "relevant": True}],
            "limit": "all",
        }
    },
}
_Types = Annotated[list[Text], Query(max_length=20)]


def _asked(
    service: ServiceOf,
    q: Annotated[
        Text | None, Query(description="The type in words.", examples=["dinosaur"])
    ] = None,
    like: Annotated[
        list[Text] | None,
        Query(description="Examples, ID:START-END.", max_length=100),
    ] = None,
    exclude: Annotated[_Types | None, Query(description="Types it must not be of.")] = None,
    near: Annotated[
        _Types | None, Query(description="Types that must stand in its sentence.")
    ] = None,
    alongside: Annotated[
        _Types | None, Query(description="Types that must stand in its document.")
    ] = None,
    names_only: Annotated[
        bool, Query(description="Ordinary nouns do not count as mentions.")
    ] = False,
    where: Annotated[
        Where | None, Query(description="What must hold of a document's fields.")
    ] = None,
    saved: Annotated[
        models.Name | None, Query(description="A saved query, with its judgements, instead.")
    ] = None,
    new: Annotated[
        bool, Query(description="Of a saved query, only what came since it was last seen.")
    ] = False,
    cutoff: Annotated[
        models.Score | Literal["auto"] | None,
        Query(description="Where the answer ends; left out, with the last document."),
    ] = None,
    min_detection: Annotated[
        models.Detection | None,
        Query(description="Least detection score of a mention; others do not count."),
    ] = None,
    duplicates: Annotated[
        Duplicates, Query(description="Of documents that are equal, or nearly so: one, or all.")
    ] = "fold",
) -> Question:
    """Return what an address asks."""
    if saved is not None:
        found = saved_question(service, saved, cutoff=cutoff, min_detection=min_detection, new=new)
        return replace(found, duplicates=duplicates)
    query = Asked(
        describe=q,
        like=tuple(Example.parse(example) for example in like or ()),
        exclude=tuple(exclude or ()),
        near=tuple(near or ()),
        alongside=tuple(alongside or ()),
        names_only=names_only,
        where=where,
    )
    return Question(query=query, cutoff=cutoff, min_detection=min_detection, duplicates=duplicates)


def saved_question(
    service: Service,
    name: str,
    *,
    cutoff: CutoffChoice = None,
    min_detection: float | None = None,
    new: bool = False,
) -> Question:
    """Return a saved query and its judgements as a question.

    Args:
        min_detection: ``None`` for the one that is saved with it.

    Raises:
        RequestError: there is none of that name.
    """
    saved = service.saved(name)
    return Question(
        query=saved.query,
        feedback=saved.feedback,
        cutoff=cutoff,
        min_detection=saved.min_detection if min_detection is None else min_detection,
        since=saved.seen if new else 0,
    )


AskedOf = Annotated[Question, Depends(_asked)]
_Limit = Annotated[int, Query(ge=1, le=models.MOST_RESULTS)]


@router.get("/search", response_model=models.SearchAnswer, responses=_RESPONSES)
async def search(
    service: ServiceOf,
    question: AskedOf,
    limit: Annotated[
        _Limit | Literal["all"], Query(description="Results a page; `all` streams every one.")
    ] = _PAGE,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next` of the page before.")
    ] = None,
    facets: Annotated[bool, Query(description="Count the values of the answer's fields.")] = False,
    if_none_match: Annotated[str | None, Header(description="An answer's `ETag`.")] = None,
) -> Any:
    """Find documents that mention an entity of a type, best first."""
    if if_none_match is not None and cursor is None:
        etag = _etag(await service.gate.run(service.key, question))
        if etag in map(str.strip, if_none_match.split(",")):
            return Response(status_code=304, headers={"etag": etag})
    return await _answer(service, question, limit, cursor, facets=facets)


@router.post("/search", response_model=models.SearchAnswer, responses=_RESPONSES)
async def search_with_body(
    service: ServiceOf,
    body: Annotated[models.SearchRequest, Body(openapi_examples=_EXAMPLES)],
) -> Any:
    """Find documents as `GET /search` does, with judgements or many examples in the body."""
    if body.saved is not None:
        if body.query is not None or body.feedback:
            raise QueryError("give query and feedback, or saved, not both")
        question = saved_question(
            service, body.saved, cutoff=body.cutoff, min_detection=body.min_detection
        )
    elif body.query is not None:
        question = Question(
            query=models.query_of(body.query),
            feedback=models.feedback_of(body.feedback),
            cutoff=body.cutoff,
            min_detection=body.min_detection,
        )
    else:
        raise QueryError("a search needs a query, or the name of a saved one; give one of them")
    question = replace(question, duplicates=body.duplicates)
    return await _answer(service, question, body.limit, body.cursor, facets=body.facets)


@router.get("/entities", response_model=models.Entities)
async def entities(
    service: ServiceOf,
    question: AskedOf,
    order: Annotated[Order, Query(description="What comes first.")] = "score",
    limit: Annotated[int, Query(ge=1, le=models.MOST_RESULTS)] = 100,
) -> models.Entities:
    """Roll an answer up by entity; without a cut-off, down to the automatic one."""
    if question.cutoff is None:
        question = replace(question, cutoff="auto")
    answer, rolled = await service.gate.run(_roll_up, service, question, order)
    return models.Entities(
        version=answer.version,
        entities=[models.EntityAnswer.of(entity) for entity in rolled[:limit]],
    )


async def _answer(
    service: Service,
    question: Question,
    limit: int | Literal["all"],
    cursor: str | None,
    *,
    facets: bool,
) -> Any:
    if cursor is None:
        first, answer = 0, await service.gate.run(service.answer, question)
    else:
        place = decode_cursor(cursor)
        first, answer = place.offset, await service.gate.run(service.continued, question, place)
    headers = {"etag": _etag(answer.key)}
    if limit == "all":
        return StreamingResponse(_lines(answer, first), media_type=JSON_LINES, headers=headers)
    page = await service.gate.run(
        models.SearchAnswer.of, answer, first, first + limit, facets=facets
    )
    return Response(page.model_dump_json(), media_type="application/json", headers=headers)


def _lines(answer: Answer, first: int) -> Iterator[str]:
    for hit in answer.results[first:]:
        record = models.Result.of(hit).model_dump()
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _roll_up(service: Service, question: Question, order: Order) -> tuple[Answer, list[Entity]]:
    answer = service.answer(question)
    return answer, rollup(answer.results, order=order)


def _etag(key: str) -> str:
    return f'"{key}"'
