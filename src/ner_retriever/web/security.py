"""Who may ask, by which name, from where, and how much: checked before any route sees a request."""

import hmac
import ipaddress
import logging
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ner_retriever.web.errors import RequestError, wants_json
from ner_retriever.web.settings import ServerSettings

COOKIE = "ner_retriever"
_log = logging.getLogger(__name__)
UPLOAD_PATHS = ("/upload", "/api/v1/documents")
_OPEN_PATHS = ("/login", "/api/v1/health")
_READING = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Middleware that turns away what shouldn't reach a route, and adds the security headers."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        answer_error: Callable[[Request, Exception], Response],
    ) -> None:
        self._app = app
        self._settings = settings
        self._answer_error = answer_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not request.url.path.startswith("/static/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refuse(request)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        limited = _limited(receive, self._most_bytes(request))
        try:
            await self._app(scope, limited, send_with_headers)
        except Exception as error:
            if started:
                raise
            _log.exception("unexpected")
            await self._answer_error(request, error)(scope, receive, send_with_headers)

    def _refuse(self, request: Request) -> Response | None:
        try:
            check_host(request.headers, self._settings)
            check_origin(request)
            self._check_length(request)
        except RequestError as error:
            return self._answer_error(request, error)
        if self._settings.token is None or is_open(request.url.path):
            return None
        if wants_json(request):
            known = has_bearer(request.headers, self._settings.token)
            return None if known else self._answer_error(request, _unauthorized())
        if has_cookie(request.headers, self._settings.token):
            return None
        if request.method in _READING and "hx-request" not in request.headers:
            return RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
        return self._answer_error(request, _unauthorized())

    def _check_length(self, request: Request) -> None:
        length = request.headers.get("content-length", "")
        most = self._most_bytes(request)
        if length.isdecimal() and int(length) > most:
            raise RequestError(413, "too_large", _too_large(most))

    def _most_bytes(self, request: Request) -> int:
        settings = self._settings
        is_upload = request.url.path in UPLOAD_PATHS
        return settings.upload_bytes if is_upload else settings.request_bytes


def check_host(headers: Headers, settings: ServerSettings) -> None:
    """Refuse host names that aren't this server's, as a page that rebinds its DNS name sends.

    An IP address needs no rebinding and is let in, as is ``localhost``.

    Raises:
        RequestError: the ``Host`` header is missing or names another host.
    """
    host = _host_name(headers.get("host", ""))
    if host in {"localhost", settings.host.lower(), *map(str.lower, settings.names)}:
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise RequestError(
            403,
            "wrong_host",
            "this server isn't known by the name in the Host header; ask for localhost or its IP "
            "address, or start it with --name",
        ) from None


def check_origin(request: Request) -> None:
    """Refuse what another site's page makes a browser send.

    Raises:
        RequestError: the request comes from another site and isn't a plain link to a page.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    reading = request.method in _READING
    if site in {None, "same-origin", "none"}:
        # Browsers name the origin of whatever can change something; other clients name none.
        if reading or origin is None or _same_origin(origin, request):
            return
    elif reading and request.headers.get("sec-fetch-mode") == "navigate":
        return
    raise RequestError(403, "foreign_origin", "requests from another site's pages are refused")


def has_bearer(headers: Headers, token: str) -> bool:
    """Say whether the ``Authorization`` header holds the token."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and same_secret(given.strip(), token)


def has_cookie(headers: Headers, token: str) -> bool:
    """Say whether the cookie is the one that :func:`cookie_value` gives."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and same_secret(cookie.value, cookie_value(token))


def cookie_value(token: str) -> str:
    """Return what the cookie holds: what only the token's owner can make, but not the token."""
    return hmac.new(token.encode(), b"ner-retriever page", sha256).hexdigest()


def same_secret(given: str, expected: str) -> bool:
    """Compare in a time that doesn't tell where two secrets differ."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def is_open(path: str) -> bool:
    """Say whether a path needs no token."""
    return path in _OPEN_PATHS or path.startswith("/static/")


def _unauthorized() -> RequestError:
    return RequestError(
        401,
        "unauthorized",
        "the token is missing or wrong; send it as Authorization: Bearer TOKEN, or at /login",
        headers={"www-authenticate": "Bearer"},
    )


def _limited(receive: Receive, most: int) -> Receive:
    """Count what comes in, since a request may come without a length, or lie about it."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413, _too_large(most))
        return message

    return limited


def _too_large(most: int) -> str:
    return f"the request is larger than {most:,} bytes; send less at once"


def _host_name(host: str) -> str:
    """Return a ``Host`` header's name without the port and an IPv6 address's brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_origin(origin: str, request: Request) -> bool:
    return origin.lower() == f"{request.url.scheme}://{request.headers.get('host', '')}".lower()
