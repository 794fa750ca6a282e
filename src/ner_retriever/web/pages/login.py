"""Where a browser shows the token, once."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.pages.render import page
from ner_retriever.web.security import COOKIE, cookie_value, same_secret

router = APIRouter()


@router.get("/login")
def ask_for_token(request: Request) -> Response:
    """Ask for the token."""
    return page(request, "login.html", wrong=False)


@router.post("/login")
def log_in(request: Request, service: ServiceOf, token: Annotated[str, Form()]) -> Response:
    """Take the token; give a cookie that scripts can't read and other sites can't send."""
    expected = service.settings.token
    if expected is None:
        return RedirectResponse("/", status_code=303)
    if not same_secret(token.strip(), expected):
        return page(request, "login.html", status=401, wrong=True)
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(
        COOKIE,
        cookie_value(expected),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def log_out() -> Response:
    """Forget the cookie."""
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer
