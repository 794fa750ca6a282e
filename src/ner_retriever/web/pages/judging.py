"""Yes and no to rows, and taking it back."""

import secrets
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from ner_retriever.search.feedback import Judgement
from ner_retriever.search.stopping import SEED_BITS
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.pages.asked import read_asked
from ner_retriever.web.pages.progress import progress_of
from ner_retriever.web.pages.render import page
from ner_retriever.web.pages.rows import verdict_on
from ner_retriever.web.pages.saving import change_saved, save_as
from ner_retriever.web.service import Service

router = APIRouter()


@router.post("/judge")
async def judge(
    request: Request,
    service: ServiceOf,
    id: Annotated[str, Form()],
    start: Annotated[int, Form()],
    end: Annotated[int, Form()],
    verdict: Annotated[str, Form(pattern="^(yes|no)$")],
) -> Response:
    """Judge a row; the first judgement saves the query."""
    judgement = Judgement(id=id, start=start, end=end, relevant=verdict == "yes")
    form = await request.form()
    return await service.gate.run(_judge, request, service, form, judgement)


@router.post("/undo")
async def undo(request: Request, service: ServiceOf) -> Response:
    """Take the last judgement back and show the ranking that was before."""
    form = await request.form()
    return await service.gate.run(_undo, service, form)


@router.post("/check")
async def check(request: Request, service: ServiceOf) -> Response:
    """Begin a random check of what is unread, and show the first document drawn."""
    form = await request.form()
    return await service.gate.run(_check, service, form)


def _judge(request: Request, service: Service, form: FormData, judgement: Judgement) -> Response:
    asked = read_asked(service, form)
    if asked.saved is None:
        asked = save_as(service, asked, str(asked.query))
    asked = change_saved(
        service, asked, lambda it: replace(it, feedback=it.feedback.judge(judgement))
    )
    if "hx-request" not in request.headers:
        return RedirectResponse(asked.address(), status_code=303)
    given = verdict_on(judgement.id, asked.feedback)
    shown = page(
        request,
        "judged.html",
        asked=asked,
        place=judgement,
        given=given,
        progress=progress_of(service, asked),
    )
    shown.headers["hx-replace-url"] = asked.address()
    return shown


def _check(service: Service, form: FormData) -> Response:
    asked = read_asked(service, form)
    latest = service.answer(asked.question(cutoff=None, refined=False)).results.latest
    seed = secrets.randbits(SEED_BITS)
    asked = change_saved(service, asked, lambda it: it.begin_check(seed=seed, run=latest))
    return RedirectResponse(replace(asked, view="check").address(), status_code=303)


def _undo(service: Service, form: FormData) -> Response:
    asked = change_saved(service, read_asked(service, form), lambda it: it.undo())
    return RedirectResponse(asked.address(), status_code=303)
