"""``/queries``, ``/feedback``, ``/export``: saved queries, their judgements, files of them."""

import secrets
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from ner_retriever.search.feedback import Judgement
from ner_retriever.search.saved import SavedQuery
from ner_retriever.search.stopping import SEED_BITS
from ner_retriever.web.api import models
from ner_retriever.web.api import saved as saved_models
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.export import (
    MEDIA_TYPES,
    REPORT_TYPES,
    Format,
    ReportFormat,
    What,
    export_saved,
    report_saved,
)
from ner_retriever.web.questions import Question

router = APIRouter(tags=["queries"])
_Saved = Annotated[models.Name, Query(description="The saved query's name.")]


@router.get("/queries")
def queries(service: ServiceOf) -> list[saved_models.SavedAnswer]:
    """List the saved queries by name."""
    return [saved_models.SavedAnswer.of(saved) for saved in service.queries.all()]


@router.post("/queries", status_code=201)
def save_query(service: ServiceOf, body: saved_models.NewQuery) -> saved_models.SavedAnswer:
    """Save a query under a new name."""
    saved = SavedQuery(
        name=body.name,
        query=models.query_of(body.query),
        cutoff=body.cutoff,
        min_detection=body.min_detection,
    )
    created = service.queries.create(saved)
    return saved_models.SavedAnswer.of(created)


@router.delete("/queries", status_code=204)
def delete_query(service: ServiceOf, saved: _Saved) -> Response:
    """Delete a saved query and its judgements."""
    service.saved(saved)
    service.queries.delete(saved)
    return Response(status_code=204)


@router.post("/queries/seen")
async def mark_seen(service: ServiceOf, saved: _Saved) -> saved_models.SavedAnswer:
    """Mark a saved query's present answer as seen: what comes later is new."""
    query = service.saved(saved).query
    answer = await service.gate.run(service.answer, Question(query=query))
    latest = answer.results.latest
    return saved_models.SavedAnswer.of(service.change(saved, lambda it: replace(it, seen=latest)))


@router.get("/feedback")
def feedback(service: ServiceOf, saved: _Saved) -> saved_models.FeedbackAnswer:
    """List a saved query's judgements."""
    return saved_models.FeedbackAnswer.of(service.saved(saved))


@router.post("/feedback")
def judge(service: ServiceOf, saved: _Saved, body: models.Judgement) -> saved_models.FeedbackAnswer:
    """Judge a document; a later judgement of the same document replaces an earlier one."""
    judgement = Judgement(**body.model_dump())
    changed = service.change(saved, lambda it: replace(it, feedback=it.feedback.judge(judgement)))
    return saved_models.FeedbackAnswer.of(changed)


@router.delete("/feedback")
def undo(service: ServiceOf, saved: _Saved) -> saved_models.FeedbackAnswer:
    """Take the last judgement back."""
    changed = service.change(saved, lambda it: it.undo())
    return saved_models.FeedbackAnswer.of(changed)


@router.get("/coverage")
async def coverage(service: ServiceOf, saved: _Saved) -> saved_models.CoverageAnswer:
    """Tell how much of what is relevant a saved query's judgements have found."""
    found = service.saved(saved)
    return saved_models.CoverageAnswer.of(*await service.gate.run(service.coverage, found))


@router.post("/coverage")
async def begin_check(service: ServiceOf, saved: _Saved) -> saved_models.CoverageAnswer:
    """Begin a random check of what is unread; judge each `next` until enough is proved."""
    query = service.saved(saved).query
    answer = await service.gate.run(service.answer, Question(query=query))
    seed = secrets.randbits(SEED_BITS)
    changed = service.change(saved, lambda it: it.begin_check(seed=seed, run=answer.results.latest))
    return saved_models.CoverageAnswer.of(*await service.gate.run(service.coverage, changed))


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in sorted(set(MEDIA_TYPES.values()))}}},
)
async def export(
    service: ServiceOf,
    saved: _Saved,
    format: Annotated[Format, Query(description="The file's format.")] = "jsonl",
    what: Annotated[
        What,
        Query(description="The accepted documents, or all down to the cut-off."),
    ] = "accepted",
) -> Response:
    """Return a saved query's documents as a file."""
    found = service.saved(saved)
    return await service.gate.run(export_saved, service, found, format=format, what=what)


@router.get(
    "/report",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in sorted(set(REPORT_TYPES.values()))}}},
)
async def report(
    service: ServiceOf,
    saved: _Saved,
    format: Annotated[ReportFormat, Query(description="The file's format.")] = "json",
) -> Response:
    """Return the report of a saved query's review: numbers, bounds, models, judgements."""
    found = service.saved(saved)
    return await service.gate.run(report_saved, service, found, format=format)
