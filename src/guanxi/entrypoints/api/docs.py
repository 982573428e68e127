"""The interactive docs page: our own small page over `openapi.json`, served locally, under the strict policy."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from guanxi.base.errors import NotFound
from guanxi.entrypoints.api.call import asked_language
from guanxi.entrypoints.api.problems import answer

FOLDER = Path(__file__).parent / "static"
KINDS = {"docs.html": "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@cache
def contents(name: str) -> bytes:
    """One of the page's three files."""
    return (FOLDER / name).read_bytes()


async def page(request: Request) -> Response:  # noqa: ARG001 - the page is the same for everybody
    return Response(contents("docs.html"), media_type=KINDS["docs.html"], headers=HEADERS)


async def part(request: Request) -> Response:
    """Script and styles of the page."""
    name = str(request.path_params["name"])
    if name == "":
        return RedirectResponse(str(request.url).rstrip("/"))
    if name not in KINDS:
        return answer(NotFound(), asked_language(request) or "zh-CN")
    return Response(contents(name), media_type=KINDS[name], headers=HEADERS)


ROUTES: list[BaseRoute] = [Route("/docs", page), Route("/docs/{name:path}", part)]
