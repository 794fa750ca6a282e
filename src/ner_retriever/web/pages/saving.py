"""Saved queries: the list, saving, deleting, what is new, what was accepted."""

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from ner_retriever.errors import QueryError
from ner_retriever.search.saved import SavedQuery
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.export import Format, ReportFormat, What, export_saved, report_saved
from ner_retriever.web.pages.asked import Asked, read_asked
from ner_retriever.web.pages.render import page
from ner_retriever.web.service import Service

router = APIRouter()
_LONGEST_NAME = 90
_naming = threading.Lock()


@router.get("/saved")
def saved_queries(request: Request, service: ServiceOf) -> Response:
    """List the saved queries."""
    return page(request, "saved.html", saved=service.queries.all())


@router.post("/save")
async def save(request: Request, service: ServiceOf, name: Annotated[str, Form()]) -> Response:
    """Save what is asked under a name."""
    form = await request.form()
    asked = read_asked(service, form)
    return await service.gate.run(_save, service, asked, name)


@router.post("/saved/delete")
def delete(service: ServiceOf, name: Annotated[str, Form()]) -> Response:
    """Delete a saved query and its judgements."""
    service.saved(name)
    service.queries.delete(name)
    return RedirectResponse("/saved", status_code=303)


@router.post("/saved/seen")
async def mark_seen(request: Request, service: ServiceOf) -> Response:
    """Take the present answer as seen: what comes later is new."""
    form = await request.form()
    asked = read_asked(service, form)
    return await service.gate.run(_mark_seen, service, asked)


@router.get("/saved/export")
async def export(
    service: ServiceOf, name: str, format: Format = "jsonl", what: What = "accepted"
) -> Response:
    """Return a saved query's accepted documents as a file."""
    saved = service.saved(name)
    return await service.gate.run(export_saved, service, saved, format=format, what=what)


@router.get("/saved/report")
async def report(service: ServiceOf, name: str, format: ReportFormat = "md") -> Response:
    """Return the report of a saved query's review as a file."""
    saved = service.saved(name)
    return await service.gate.run(report_saved, service, saved, format=format)


def save_as(service: Service, asked: Asked, name: str) -> Asked:
    """Save what is asked under a name, numbered where it is taken.

    Raises:
        QueryError: nothing is asked.
    """
    if asked.query is None:
        raise QueryError("nothing is asked; name a type in words")
    latest = service.answer(asked.question(cutoff=None)).results.latest
    wanted = "".join(sign if sign.isprintable() else " " for sign in name).strip()
    wanted = wanted[:_LONGEST_NAME].strip() or "query"
    with _naming:
        taken = {saved.name for saved in service.queries.all()}
        names = (wanted if number == 1 else f"{wanted} ({number})" for number in count(1))
        free = next(name for name in names if name not in taken)
        saved = SavedQuery(
            name=free,
            query=asked.query,
            cutoff=asked.cutoff,
            min_detection=asked.min_detection,
            seen=latest,
        )
        return replace(asked, saved=service.queries.create(saved), new=False)


def change_saved(
    service: Service, asked: Asked, change: Callable[[SavedQuery], SavedQuery]
) -> Asked:
    """Change the saved query that is asked.

    Raises:
        QueryError: it isn't saved.
    """
    if asked.saved is None:
        raise QueryError("this query isn't saved, so nothing can be kept with it; save it first")
    return replace(asked, saved=service.change(asked.saved.name, change))


def _save(service: Service, asked: Asked, name: str) -> Response:
    return RedirectResponse(save_as(service, asked, name).address(), status_code=303)


def _mark_seen(service: Service, asked: Asked) -> Response:
    latest = service.answer(asked.question(cutoff=None)).results.latest
    asked = change_saved(service, asked, lambda it: replace(it, seen=latest))
    return RedirectResponse(replace(asked, new=False).address(), status_code=303)
