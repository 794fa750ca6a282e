"""Templates into pages; whatever they show is escaped."""

import math
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ner_retriever.web.errors import describe

_TEMPLATES = Path(__file__).parent.parent / "templates"
_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["counted"] = lambda number, what: f"{number:,} {what}{'s' * (number != 1)}"
_environment.filters["thousands"] = "{:,}".format
_environment.filters["percent"] = "{:.0%}".format
# Rounded down: a promise is never made larger than it is.
_environment.filters["percent_down"] = lambda share: f"{math.floor(100 * share)}%"
_environment.filters["score"] = "{:.3f}".format


def page(request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
    """Return a template filled with values; it also sees the service and the request's path."""
    service = request.app.state.service
    text = _environment.get_template(template).render(
        service=service, path=request.url.path, **values
    )
    return HTMLResponse(text, status_code=status)


def error_page(request: Request, error: Exception) -> Response:
    """Return an error as a page, or as a notice where only part of a page was asked for."""
    status, body, headers = describe(error)
    template = "error_notice.html" if "hx-request" in request.headers else "error.html"
    answer = page(request, template, status=status, error=body, phrase=HTTPStatus(status).phrase)
    answer.headers.update(headers)
    return answer
