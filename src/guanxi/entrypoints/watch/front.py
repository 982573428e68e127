"""What stands in front of every request: its number, HTTPS, safe headers on every answer, figures, health addresses."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guanxi.base.watching import count_answer, span
from guanxi.entrypoints.watch.metrics import route_of, the_meter
from guanxi.kernel.admin.health import Readiness, readiness
from guanxi.kernel.context import Space

GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()",
}
"""For answers that bring none of their own: the strictest, as they show nothing."""
STRICT = "max-age=31536000; includeSubDomains"
GRACE = 60.0  # seconds after the start in which a worker may still be on its way
log = structlog.get_logger("guanxi.request")


class Watched(Protocol):
    """What settings and workspaces the front needs."""

    @property
    def settings(self) -> Any: ...

    def workspaces(self) -> list[str]: ...

    def open(self, name: str = ...) -> Space: ...


class Front:
    """The outermost layer. `site.settings` says whether plain HTTP is taken and who may read the metrics."""

    def __init__(self, app: ASGIApp, site: Watched) -> None:
        self.app, self.site, self.started = app, site, monotonic()
        self.own: dict[str, Callable[[Scope], Response]] = {
            "/healthz": _alive, "/readyz": self._ready, "/metrics": self._metrics,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        number = given if GIVEN.fullmatch(given) else secrets.token_hex(4).upper()
        scope.setdefault("state", {})["number"] = number
        began, status = monotonic(), 500

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                dress(message, number, secure=scope["scheme"] == "https")
            await send(message)

        with structlog.contextvars.bound_contextvars(request=number), span("request", method=scope["method"]):
            try:
                await self._answer(scope, headers, receive, send_safely)
            finally:
                self._count(scope, status, monotonic() - began)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        own = self.own.get(scope["path"])
        if own is not None and scope["method"] in ("GET", "HEAD"):
            answer = await run_in_threadpool(own, scope)
            await answer(scope, receive, send)
            return
        refused = self._plain(scope, headers)
        await (refused if refused is not None else self.app)(scope, receive, send)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope["path"] if scope["path"] in self.own else route_of(dict(scope))
        count_answer(status)
        the_meter().answered(scope["method"], route, status, seconds)
        log.debug("answered", method=scope["method"], route=route, status=status, ms=round(seconds * 1_000, 1))

    def _plain(self, scope: Scope, headers: Headers) -> Response | None:
        """Plain HTTP where HTTPS is due: pages are led there, programs are told."""
        if scope["scheme"] == "https" or not self._needs_https(headers):
            return None
        base = urlsplit(self.site.settings.base_url or "")
        host = base.netloc if base.scheme == "https" else headers.get("host", "")
        page = scope["method"] in ("GET", "HEAD") and not scope["path"].startswith("/api/")
        if page and re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", host):
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(f"https://{host}{scope['path']}{'?' + query if query else ''}", 308)
        problem = {"type": "urn:guanxi:problem:https", "title": "Use HTTPS.", "status": 403, "code": "https",
                   "detail": "This server takes no plain HTTP. Use https:// in the address."}  # fmt: skip
        return Response(json.dumps(problem), 403, media_type="application/problem+json")

    def _needs_https(self, headers: Headers) -> bool:
        settings = self.site.settings
        if settings.https != "auto":
            return bool(settings.https == "on")
        return bool(settings.secure or (settings.proxies and headers.get("x-forwarded-proto") == "http"))

    # --- health ---------------------------------------------------------------------------------------------------
    def _spaces(self) -> Sequence[Space]:
        return [self.site.open(name) for name in self.site.workspaces()]

    def _ready(self, _scope: Scope) -> Response:
        young = monotonic() - self.started < GRACE
        try:
            found = {space.name: readiness(space, needs_worker=not young) for space in self._spaces()}
        except Exception:  # noqa: BLE001 - the house itself does not answer: not ready, and no word of it outside
            found = {"house": Readiness(("database",))}
        faults = sorted({fault for one in found.values() for fault in one.faults})
        said = {"ready": not faults, "faults": faults, "checks": list(Readiness().checks)}
        return JSONResponse(said, 503 if faults else 200, headers={"Cache-Control": "no-store"})

    def _metrics(self, scope: Scope) -> Response:
        """To this machine, or whoever knows the token; to everybody else the address does not exist."""
        if not self._may_measure(scope):
            return PlainTextResponse("Not Found", 404)
        text = the_meter().text(self._spaces())
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8",
                        headers={"Cache-Control": "no-store"})  # fmt: skip

    def _may_measure(self, scope: Scope) -> bool:
        token, headers = self.site.settings.metrics_token, Headers(scope=scope)
        if token:
            return hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {token}".encode())
        client = scope.get("client")
        forwarded = any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
        return client is not None and not forwarded and _is_own(client[0])


def _alive(_scope: Scope) -> Response:
    return JSONResponse({"alive": True}, headers={"Cache-Control": "no-store"})


def _is_own(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def dress(message: Message, number: str, *, secure: bool) -> None:
    """Safe headers where the answer has none of its own."""
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if secure:
        headers.setdefault("Strict-Transport-Security", STRICT)
    headers["X-Request-Id"] = number
