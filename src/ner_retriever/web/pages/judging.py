"""Yes and no to rows, and taking it back."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from ner_retriever.errors import QueryError
from ner_retriever.search.feedback import Judgement
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.pages.asked import Asked, read_asked
from ner_retriever.web.pages.render import page
from ner_retriever.web.pages.rows import Row, verdict_on
from ner_retriever.web.pages.saving import save_as
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
    rank: Annotated[int, Form()] = 0,
) -> Response:
    """Judge a row; the first judgement saves the query."""
    judgement = Judgement(id=id, start=start, end=end, relevant=verdict == "yes")
    form = await request.form()
    return await service.gate.run(_judge, request, service, form, judgement, rank)


@router.post("/undo")
async def undo(request: Request, service: ServiceOf) -> Response:
    """Take the last judgement back and show the ranking that was before."""
    form = await request.form()
    return await service.gate.run(_undo, service, form)


def _judge(
    request: Request, service: Service, form: FormData, judgement: Judgement, rank: int
) -> Response:
    asked = saved_for(service, read_asked(service, form))
    if asked.saved is None:
        raise QueryError("nothing is asked; name a type in words")
    saved = service.change(
        asked.saved.name, lambda it: replace(it, feedback=it.feedback.judge(judgement))
    )
    asked = replace(asked, saved=saved)
    if "hx-request" not in request.headers:
        return RedirectResponse(asked.address(), status_code=303)
    answer = service.answer(asked.question(cutoff=None, refined=False))
    row = Row(
        hit=answer.results.open(judgement.id),
        rank=rank,
        verdict=verdict_on(judgement.id, saved.feedback),
    )
    shown = page(request, "judged.html", asked=asked, row=row)
    shown.headers["hx-replace-url"] = asked.address()
    return shown


def _undo(service: Service, form: FormData) -> Response:
    asked = read_asked(service, form)
    if asked.saved is None:
        raise QueryError("nothing has been judged yet")
    saved = service.change(asked.saved.name, lambda it: replace(it, feedback=it.feedback.undo()))
    return RedirectResponse(replace(asked, saved=saved).address(), status_code=303)


def saved_for(service: Service, asked: Asked) -> Asked:
    """Save what is asked under its own words, if it isn't saved yet."""
    if asked.saved is not None or asked.query is None:
        return asked
    return save_as(service, asked, str(asked.query))
