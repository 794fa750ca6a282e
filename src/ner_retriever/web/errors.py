"""One shape for everything that goes wrong: ``{"error": {"code", "message", "details"}}``."""

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ner_retriever.errors import (
    ConfigError,
    IndexLocked,
    IndexNotFound,
    InputError,
    NerRetrieverError,
    first_line,
)


class ErrorDetail(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="Field or parameter.", examples=["body.limit"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs; doesn't change.", examples=["bad_query"])
    message: str = Field(
        description="For people: what came, what was expected, what to do.",
        examples=["the query '' holds no word; name a type in words"],
    )
    details: list[ErrorDetail] = []


class ErrorAnswer(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorBody


class RequestError(Exception):
    """A request that is answered with an error of its own."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def not_found(what: str) -> RequestError:
    """Return the error for a thing that isn't there."""
    return RequestError(HTTPStatus.NOT_FOUND, "not_found", what)


def describe(error: Exception) -> tuple[int, ErrorBody, dict[str, str]]:
    """Return an error's status, body and headers."""
    match error:
        case RequestError():
            return error.status, ErrorBody(code=error.code, message=error.message), error.headers
        case RequestValidationError():
            return 422, _invalid(error), {}
        case HTTPException():
            code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
            headers = dict(error.headers or {})
            return error.status_code, ErrorBody(code=code, message=str(error.detail)), headers
        case NerRetrieverError():
            status, code = _ours(error)
            return status, ErrorBody(code=code, message=first_line(error)), {}
        case _:
            message = "something went wrong on the server; its log has the cause"
            return 500, ErrorBody(code="internal_error", message=message), {}


def json_answer(error: Exception) -> Response:
    """Return an error as JSON."""
    status, body, headers = describe(error)
    content = ErrorAnswer(error=body).model_dump()
    return JSONResponse(content, status_code=status, headers=headers)


def wants_json(request: Request) -> bool:
    """Say whether a request is the API's, not a page's."""
    return request.url.path.startswith("/api/")


# What OpenAPI says of every operation.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in {
        400: "The request cannot be read.",
        401: "The token is missing or wrong.",
        403: "The request comes from another site, or asks for another host.",
        404: "There is no such thing.",
        409: "Another process is writing, or the thing has changed meanwhile.",
        413: "The request is too large.",
        422: "The request makes no sense.",
        429: "Too much at once; try again.",
        503: "The index cannot be used.",
        504: "The search took too long.",
    }.items()
}


def _ours(error: NerRetrieverError) -> tuple[int, str]:
    match error:
        case IndexLocked():
            return 409, "index_locked"
        case IndexNotFound():
            return 503, "index_not_found"
        case InputError() | ConfigError():
            return 422, "bad_input"
        case _:
            return 503, "unavailable"


def _invalid(error: RequestValidationError) -> ErrorBody:
    details = [
        ErrorDetail(where=".".join(map(str, item["loc"])), message=item["msg"])
        for item in error.errors()
    ]
    message = "; ".join(f"{detail.where}: {detail.message}" for detail in details[:3])
    return ErrorBody(code="invalid_request", message=message, details=details)
