"""The search page, its parts, and a document in full."""

from typing import Any

from fastapi import APIRouter, Request, Response

from ner_retriever.errors import QueryError
from ner_retriever.search.mention_map import mention_map
from ner_retriever.search.rollup import rollup
from ner_retriever.web.cursor import decode_cursor
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.export import Format, as_file
from ner_retriever.web.pages.asked import Asked, read_asked
from ner_retriever.web.pages.filtering import about, shown_facets
from ner_retriever.web.pages.mapping import dots_of
from ner_retriever.web.pages.marking import pieces_of
from ner_retriever.web.pages.progress import Progress, progress_of
from ner_retriever.web.pages.render import page
from ner_retriever.web.pages.rows import PAGE, Row, example_of, rows_of
from ner_retriever.web.pages.trust import chart_of
from ner_retriever.web.questions import Answer, place_to_judge
from ner_retriever.web.service import Service

router = APIRouter()
_MOST_POINTS = 1000
_MOST_ENTITIES = 500
_MOST_MENTIONS = 200


@router.get("/")
def home(request: Request, service: ServiceOf) -> Response:
    """Show the box to ask in."""
    return page(request, "home.html", asked=Asked(), saved=service.queries.all())


@router.get("/search")
async def search(request: Request, service: ServiceOf) -> Response:
    """Show an answer as its address asks."""
    asked = read_asked(service, request.query_params)
    if asked.query is None:
        return home(request, service)
    return await service.gate.run(_search_page, request, service, asked)


@router.get("/rows")
async def rows(
    request: Request, service: ServiceOf, cursor: str = "", below: bool = False
) -> Response:
    """Show the next rows, or the first ones for another cut-off."""
    asked = read_asked(service, request.query_params)
    return await service.gate.run(_rows, request, service, asked, cursor, below)


@router.get("/estimate")
async def estimate(request: Request, service: ServiceOf) -> Response:
    """Say what is known of a cut-off; the slider asks while it moves."""
    asked = read_asked(service, request.query_params)
    answer = await service.gate.run(service.answer, asked.question(cutoff="auto"))
    shown = page(
        request, "parts/estimate.html", asked=asked, chart=chart_of(answer, asked.cutoff), oob=True
    )
    shown.headers["hx-replace-url"] = asked.address()
    return shown


@router.get("/document")
async def document(request: Request, service: ServiceOf, id: str) -> Response:
    """Show a document in full with all its mentions marked."""
    asked = read_asked(service, request.query_params)
    return await service.gate.run(_document, request, service, asked, id)


@router.get("/export")
async def export(service: ServiceOf, request: Request, format: Format = "jsonl") -> Response:
    """Return the answer down to its cut-off as a file."""
    asked = read_asked(service, request.query_params)
    return await service.gate.run(_export, service, asked, format)


def _search_page(request: Request, service: Service, asked: Asked) -> Response:
    answer = service.answer(asked.question(cutoff=asked.cutoff))
    progress = progress_of(service, asked)
    values: dict[str, Any] = {
        "asked": asked,
        "answer": answer,
        "chart": chart_of(answer, asked.cutoff),
        "progress": progress,
    }
    fresh = len(answer.results.since(asked.saved.seen)) if asked.saved else 0
    match asked.view:
        case "documents":
            shown = _first_rows(service, asked, answer)
            narrowing = shown_facets(answer.results)
            return page(request, "documents.html", fresh=fresh, facets=narrowing, **values, **shown)
        case "entities":
            entities = rollup(answer.results, order=asked.order)
            return page(
                request,
                "entities.html",
                entities=entities[:_MOST_ENTITIES],
                more=max(0, len(entities) - _MOST_ENTITIES),
                **values,
            )
        case "map":
            points = mention_map(answer.results, limit=_MOST_POINTS)
            return page(request, "map.html", dots=dots_of(points, asked.feedback), **values)
        case "unsure":
            everything = service.answer(asked.question(cutoff=None))
            hit = everything.results.least_sure(asked.feedback)
            row = Row(hit=hit) if hit else None
            return page(request, "unsure.html", row=row, **values)
        case "check":
            return page(request, "check.html", **_drawn(progress), **values)


def _drawn(progress: Progress | None) -> dict[str, Any]:
    """The next document of the random check; it is shown whole, for any of it may be relevant."""
    hit = progress.drawn if progress else None
    if hit is None:
        return {"hit": None}
    pieces = pieces_of(hit.text, 0, len(hit.text), hit.mentions, strong=1)
    return {"hit": hit, "place": place_to_judge(hit), "pieces": pieces}


def _first_rows(service: Service, asked: Asked, answer: Answer) -> dict[str, Any]:
    plain = None
    if asked.refined and asked.feedback.current:
        plain = service.answer(asked.question(cutoff=None, refined=False))
    return {
        "rows": rows_of(answer, 0, feedback=asked.feedback, plain=plain),
        "next": answer.next_cursor(PAGE),
        "below": False,
    }


def _rows(request: Request, service: Service, asked: Asked, cursor: str, below: bool) -> Response:
    answer = service.answer(asked.question(cutoff=asked.cutoff))
    chart = chart_of(answer, asked.cutoff)
    if not cursor and not below:
        shown = _first_rows(service, asked, answer)
        return page(request, "parts/rows.html", asked=asked, chart=chart, **shown)
    if cursor:
        # As it was when the page was made, so that judging on the way loses no row.
        place = decode_cursor(cursor)
        answer, first = service.remembered(place), place.offset
    else:
        first = len(answer.results)
        answer = service.answer(asked.question(cutoff=None))
    return page(
        request,
        "parts/rows.html",
        asked=asked,
        chart=chart,
        rows=rows_of(answer, first, feedback=asked.feedback, below=below),
        next=answer.next_cursor(first + PAGE),
        below=below,
    )


def _document(request: Request, service: Service, asked: Asked, identifier: str) -> Response:
    answer = service.answer(asked.question(cutoff="auto"))
    hit = answer.results.open(identifier)
    score = asked.cutoff if isinstance(asked.cutoff, float) else answer.cutoff.score
    strong = sum(mention.score >= score for mention in hit.mentions)
    pieces = pieces_of(hit.text, 0, len(hit.text), hit.mentions, strong=strong)
    return page(
        request,
        "document.html",
        asked=asked,
        hit=hit,
        pieces=pieces,
        strong=strong,
        about=about(hit.fields),
        examples=[example_of(hit.id, mention) for mention in hit.mentions[:_MOST_MENTIONS]],
    )


def _export(service: Service, asked: Asked, format: Format) -> Response:
    answer = service.answer(asked.question(cutoff=asked.cutoff))
    if asked.query is None:
        raise QueryError("nothing is asked; name a type in words")
    names = answer.results.fields().names
    return as_file(answer.results, str(asked.query), format, fields=names)
