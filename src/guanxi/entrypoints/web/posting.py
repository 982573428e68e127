"""Forms that change something: read, run in the thread pool, and shown again with the errors at their fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, Conflict, Forbidden, Invalid, NotFound, Problem
from guanxi.base.i18n import Locale, translate
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit, visit

Errors = Mapping[str, str]
NONE: Errors = MappingProxyType({})
SHOWN = (Invalid, BadInput, Conflict, Forbidden)
WHOLE = ""  # the key of an error that belongs to no field
Save = Callable[[Request, Visit, FormData], Response]


class Show(Protocol):
    """A page that can be shown with what was given and what is wrong with it."""

    def __call__(
        self, request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
    ) -> Response: ...


def administrator(request: Request) -> Visit:
    """The visitor, if settings are theirs to change; to everybody else the pages do not exist."""
    me = visit(request)
    if not me.actor.rights.admin:
        raise NotFound
    return me


def posted(
    save: Save, again: Show | None = None, *, who: Callable[[Request], Visit] = administrator
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that hands the form to `save`; a problem a person can mend shows `again` with errors."""

    def run(request: Request, form: FormData) -> Response:
        me = who(request)
        try:
            return save(request, me, form)
        except SHOWN as problem:
            if again is None or request.headers.get("hx-request") == "true":
                raise
            return again(request, errors=errors_of(problem, me), given=form, status=problem.status)

    async def endpoint(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=5_000, max_part_size=4_000_000) as form:
            return await run_in_threadpool(run, request, form)

    return endpoint


class Told(dict[str, str]):
    """Errors for templates: `errors.name` is empty where nothing is wrong."""

    def __missing__(self, key: str) -> str:
        return ""


def errors_of(problem: Problem, me: Visit) -> dict[str, str]:
    """Sentences by field; the whole problem's under the empty name."""
    found = {WHOLE: sentence(problem.message, me.locale)}
    for error in problem.errors:
        found.setdefault(error.field, sentence(error.message, me.locale))
    return found


def text_of(form: FormData, name: str) -> str:
    """A text field, trimmed; "" if it is missing or a file."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def typed(form: FormData, name: str) -> str:
    """A text field as it was typed, for passwords; a file in its place counts as nothing."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """All values of a field, in the order of the page."""
    return [value for value in form.getlist(name) if isinstance(value, str) and value]


def file_of(form: FormData, name: str) -> UploadFile | None:
    """An uploaded file, if one was chosen."""
    value = form.get(name)
    return value if isinstance(value, UploadFile) and value.filename else None


def ticked(form: FormData, name: str) -> bool:
    """Whether a box or switch is on."""
    return bool(form.get(name))


def ident_of(request: Request, name: str = "id") -> int:
    """A record's number in the address; nothing else gives any record."""
    text = str(request.path_params.get(name, ""))
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise NotFound
    return int(text)


def speaker(locale: Locale) -> Callable[..., str]:
    """`t = speaker(me.locale)`: sentences for notes and lines that are made outside of templates."""
    return lambda text, **gaps: translate(text, locale.language, **gaps)
