"""The web application: routes, middlewares, and what a visitor sees when something goes wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guanxi.base.errors import NotFound, Problem, TooMany, Unauthenticated
from guanxi.entrypoints.web import account, factor, offline, render, signing
from guanxi.entrypoints.web.assets import serve
from guanxi.entrypoints.web.security import RefuseForged, SafeHeaders
from guanxi.entrypoints.web.session import Site, Visit, reader, visit
from guanxi.entrypoints.web.shell import basics, frame, go

log = logging.getLogger("guanxi.web")
WAITING = {503: "2", 507: "60"}  # seconds after which trying again makes sense
TOLD = {403, 404, 409, 500}


def create_web(site: Site, routes: Sequence[BaseRoute] = (), *, templates: Sequence[Path] = ()) -> Starlette:
    """The app to mount at `/`: the frame's own routes and those of the pages; `templates` are folders of apps."""
    if templates:
        render.add_templates(templates)
    app = Starlette(
        routes=[
            Route("/static/{version}/{name:path}", serve),
            *signing.ROUTES,
            *factor.ROUTES,
            *account.ROUTES,
            *offline.ROUTES,
            *routes,
        ],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(CatchDefects),
            Middleware(RefuseForged),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
        ],
        exception_handlers={Problem: on_problem, HTTPException: on_http},
    )
    app.state.site = site
    return app


class CatchDefects:
    """Turns our own mistakes into a page, inside the safe headers (Starlette's own place for it is outside)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            answer = await run_in_threadpool(on_defect, Request(scope), error)
            await answer(scope, receive, send)


def on_problem(request: Request, problem: Exception) -> Response:
    """What a caller did wrong, or may not do: said in their language."""
    assert isinstance(problem, Problem)
    if isinstance(problem, Unauthenticated):
        return go(problem.extra["go"], request) if "go" in problem.extra else _to_sign_in(request)
    answer = show_error(request, problem.status, render.sentence(problem.message, reader(request)), problem.code)
    if isinstance(problem, TooMany) and "retry_after" in problem.extra:
        answer.headers["Retry-After"] = str(problem.extra["retry_after"])
    elif problem.status in WAITING:
        answer.headers["Retry-After"] = WAITING[problem.status]
    return answer


def on_http(request: Request, error: Exception) -> Response:
    """Unknown address, wrong method, malformed request."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        with suppress(Problem):  # an unknown address keeps the frame for those who are signed in
            visit(request)
        return on_problem(request, NotFound())
    return show_error(request, error.status_code, error.detail, "http")


def on_defect(request: Request, error: Exception) -> Response:
    """Our own mistake: a number for the visitor, the whole story for the log."""
    log.error("request %s failed: %s", number_of(request), request.url.path, exc_info=error)
    text = render.sentence("Something went wrong on our side. What you entered is still in the form.", reader(request))
    return show_error(request, 500, text, "defect")


def number_of(request: Request) -> str:
    """The number of this request; also in its `X-Request-Id` header."""
    return str(getattr(request.state, "number", "")) or "–"


def _to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    onward = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    again = request.method == "GET" and onward != "/"
    return RedirectResponse(f"/sign-in?next={quote(onward)}" if again else "/sign-in", 303)


def show_error(request: Request, status: int, text: str, code: str) -> Response:
    """A toast for htmx; a page otherwise, in the frame for those who are signed in."""
    if request.headers.get("hx-request") == "true":
        toast = {"gx:toast": {"text": text, "tone": "red", "number": number_of(request) if status >= 500 else ""}}
        headers = {"HX-Trigger": json.dumps(toast), "HX-Reswap": "none"}
        return render.respond("", status, headers)
    known: Visit | None = getattr(request.state, "visit", None)
    context = {
        **(frame(request, known) if known is not None else basics(request)),
        "status": status,
        "text": text,
        "code": code,
        "number": number_of(request),
        "framed": known is not None,
        "told": f"errors/told_{status if status in TOLD else 'other'}.html",
    }
    html = render.fragment("errors/page.html", context, reader(request))
    return render.respond(html, status)
