"""Posts of the list pages: the form read in the event loop, the answer made in the thread pool."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.session import safe_path
from guanxi.entrypoints.web.shell import see_other

FIELDS = 400


def posted(answer: Callable[[Request, FormData], Response]) -> Callable[[Request], Awaitable[Response]]:
    """A route from a plain function of the request and its form."""

    async def run(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=FIELDS)
        return await run_in_threadpool(answer, request, form)

    return run


def text_of(form: FormData, name: str) -> str:
    """A text field; a file in its place counts as nothing."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def ident(text: str) -> int:
    """A record's id from the page; anything else was not found."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise NotFound
    return int(text)


def name_of(request: Request) -> str:
    """The object the address names."""
    return str(request.path_params["object"])


def came_from(request: Request, fallback: str) -> str:
    """The page of ours the visitor is on."""
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.url.netloc or not parts.path.startswith("/o/"):
        return fallback
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def leave(request: Request, path: str, *, note: str = "", undo: str = "", tone: str = "") -> Response:
    """To another page with a toast there, also for scripts that posted (they are told by a header)."""
    answer = see_other(path, note=note, undo=undo, tone=tone)
    if request.headers.get("hx-request") != "true":
        return answer
    told = Response(status_code=204, headers={"HX-Redirect": answer.headers["location"]})
    for name, value in answer.raw_headers:
        if name == b"set-cookie":
            told.raw_headers.append((name, value))
    return told


def toast(text: str, undo: str = "", tone: str = "") -> dict[str, dict[str, str]]:
    """The event that shows a toast."""
    return {"gx:toast": {"text": text, "undo": undo, "tone": tone}}


def json_of(text: str) -> object:
    """JSON from a form field; nothing if it is none."""
    try:
        found: object = json.loads(text) if len(text) < 100_000 else None
    except (ValueError, RecursionError):
        return None
    return found
