"""Middlewares in front of every page: request number, size limit, safe headers, and refusal of forged requests."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guanxi.kernel.access.sessions import csrf_of

COOKIE = "guanxi"
SAFE = {"GET", "HEAD", "OPTIONS"}
FORM_LIMIT = 2_000_000
TEXT_LIMIT = 8_000_000  # forms without files
BODY_LIMIT = 300_000_000  # uploads stream to disk; smaller limits are set per route
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()",
}


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks HTTPS with us."""
    return bool(scope.get("scheme") == "https")


def cookie_name(scope: Scope, name: str = COOKIE) -> str:
    """`__Host-` binds the cookie to host and HTTPS; plain HTTP (a laptop) cannot have it."""
    return f"__Host-{name}" if is_secure(scope) else name


def token_of(scope: Scope, cookie: str = COOKIE) -> str:
    """The token in the session's cookie, or in another of ours; or an empty string."""
    wanted = cookie_name(scope, cookie)
    for part in Headers(scope=scope).get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted:
            return value
    return ""


class SafeHeaders:
    """Adds security headers and a request number to every answer; refuses bodies above the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = scope.setdefault("state", {}).setdefault("number", secrets.token_hex(4).upper())
        limit, told = limit_of(Headers(scope=scope))
        if told > limit:
            await PlainTextResponse("Too large", 413)(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if is_secure(scope):
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                headers["X-Request-Id"] = number
            await send(message)

        await self.app(scope, _bounded(receive, limit), send_safely)


def limit_of(headers: Headers) -> tuple[int, int]:
    """How large this body may be, and how large it says it is; forms without files are held in memory."""
    kind, told = headers.get("content-type", "").partition(";")[0].strip().lower(), headers.get("content-length", "")
    limit = TEXT_LIMIT if kind == "application/x-www-form-urlencoded" else BODY_LIMIT
    return limit, int(told) if told.isascii() and told.isdigit() and len(told) < 16 else 0 if told == "" else limit + 1


def _bounded(receive: Receive, limit: int) -> Receive:
    """Ends a body that goes on beyond the limit without having said so."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413, "Too large")
        return message

    return counted


class RefuseForged:
    """
    Unsafe methods must come from our own pages: by `Sec-Fetch-Site`, else by `Origin`; and where somebody is signed
    in, with the token of the session in a header (htmx) or form field.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not comes_from_us(headers):
            await _refuse(scope, receive, send)
            return
        session = token_of(scope)
        if session and not _equal(headers.get("x-csrf-token", ""), csrf_of(session)):
            given, receive = await _form_token(headers, receive)
            if not _equal(given, csrf_of(session)):
                await _refuse(scope, receive, send)
                return
        await self.app(scope, receive, send)


def comes_from_us(headers: Headers) -> bool:
    """Whether the browser says that the request was made by a page of this very origin."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


async def _form_token(headers: Headers, receive: Receive) -> tuple[str, Receive]:
    """The `_csrf` field of a small form, and a `receive` that gives the body once more."""
    kind = headers.get("content-type", "").partition(";")[0]
    if kind == "multipart/form-data":  # a file upload without script: the first bytes hold the first field
        return await _peek_multipart(receive)
    if kind != "application/x-www-form-urlencoded":
        return "", receive
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > FORM_LIMIT:
            break
    if len(body) > FORM_LIMIT:
        return "", receive
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20_000)
    return fields.get("_csrf", [""])[0], _again(body, receive)


async def _peek_multipart(receive: Receive) -> tuple[str, Receive]:
    first = await receive()
    body = first.get("body", b"")
    head, _, rest = body[:2000].partition(b'name="_csrf"\r\n\r\n')
    given = rest.split(b"\r\n", 1)[0].decode("ascii", "replace") if rest and head.count(b"name=") == 0 else ""
    return given, _again(body, receive, bool(first.get("more_body")))


def _again(body: bytes, receive: Receive, more: bool = False) -> Receive:
    """A `receive` that first hands out what was read already."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": more}
        return await receive()

    return replay


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    text = "This request did not come from a page of this site. Reload the page and try again."
    await PlainTextResponse(text, 403)(scope, receive, send)
