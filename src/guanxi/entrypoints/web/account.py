"""One's own profile: language, theme, zone, password, second factor, devices."""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import available_timezones

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guanxi.base.errors import FieldError, Invalid, TooMany, Unauthenticated, msg
from guanxi.base.i18n import LANGUAGES, translate
from guanxi.entrypoints.web.browsers import browser_name, is_inside
from guanxi.entrypoints.web.posting import typed
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import (
    COMMON_ZONES,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    keep_choice,
    safe_path,
    visit,
)
from guanxi.entrypoints.web.settings.rolewords import rights_in_words
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.access.devices import distrust_devices
from guanxi.kernel.access.passwords import confirm_password, hash_password, judge_password, store_hash
from guanxi.kernel.access.policy import policy_of
from guanxi.kernel.access.second_factor import codes_left, has_factor
from guanxi.kernel.access.sessions import close_session, close_sessions, list_sessions
from guanxi.kernel.admin.view_as import looks_at
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


async def choose_language(request: Request) -> Response:
    """Changes the language, with or without an account, and returns to the page."""
    form = await request.form(max_files=0, max_fields=10)
    return await run_in_threadpool(_choose, request, typed(form, "language"), LANGUAGE_COOKIE, LANGUAGES, "language")


async def choose_theme(request: Request) -> Response:
    """Light, dark or as the device."""
    form = await request.form(max_files=0, max_fields=10)
    return await run_in_threadpool(_choose, request, typed(form, "theme"), THEME_COOKIE, THEMES, "theme")


def _choose(request: Request, value: str, cookie: str, allowed: tuple[str, ...], field: str) -> Response:
    if value not in allowed:
        raise Invalid(msg("This choice is not offered."))
    _, _, back = request.headers.get("referer", "").partition(request.headers.get("host", "?"))
    answer = RedirectResponse(safe_path(back or "/"), 303)
    keep_choice(request, answer, cookie, value)
    with suppress(Unauthenticated):  # without an account the cookie is all there is
        _save_self(request, {field: value})
    return answer


def _save_self(request: Request, values: dict[str, str]) -> None:
    me = visit(request)
    with me.space.write(me.user) as work, work.as_system("own profile"):
        save(work, [Change("edit", "user", values, id=me.user)])


def show_profile(request: Request, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    """One's own settings and devices."""
    me = visit(request)
    row = me.catalog.config["user"][me.user]
    devices = [
        {"id": d.id, "name": browser_name(d.agent), "phone": "Mobile" in d.agent, "address": d.address,
         "inside": is_inside(d.address), "seen": d.seen, "created": d.created}
        for d in list_sessions(me.space.db, me.user, me.space.clock(), policy_of(me.catalog))
    ]  # fmt: skip
    with me.space.read(me.user) as work:
        factor = has_factor(work.session, me.user)
        codes = codes_left(work.session, me.user) if factor else 0
    zones = COMMON_ZONES if me.actor.zone in COMMON_ZONES else (me.actor.zone, *COMMON_ZONES)
    return page(
        request, "shell/profile.html", me, status=status, active="profile", row=row, devices=devices,
        current=me.session.id, zones=zones, errors=errors or {}, may_api=me.actor.rights.can("api"),
        looks=looks_at(me.space, me.user), people=me.catalog.config["user"],
        said=rights_in_words(me.catalog, me.actor.rights, me.locale.language), factor=factor, codes=codes,
        shortest=policy_of(me.catalog).shortest,
    )  # fmt: skip


async def save_profile(request: Request) -> Response:
    """Name of the language, theme and zone."""
    form = await request.form(max_files=0, max_fields=20)
    return await run_in_threadpool(_save_profile, request, form)


def _save_profile(request: Request, form: FormData) -> Response:
    language, theme, zone = (typed(form, name) for name in ("language", "theme", "zone"))
    if language not in LANGUAGES or theme not in THEMES or zone not in available_timezones():
        raise Invalid(msg("This choice is not offered."))
    _save_self(request, {"language": language, "theme": theme, "zone": zone})
    answer = see_other("/profile", note=translate("Profile saved", language))
    keep_choice(request, answer, LANGUAGE_COOKIE, language)
    keep_choice(request, answer, THEME_COOKIE, theme)
    return answer


async def change_password(request: Request) -> Response:
    """Needs the present password; all other devices are signed out."""
    form = await request.form(max_files=0, max_fields=10)
    return await run_in_threadpool(_change_password, request, form)


def _change_password(request: Request, form: FormData) -> Response:
    me = visit(request)
    try:
        if not confirm_password(me.space.db, me.user, typed(form, "present"), me.space.clock()):
            text = msg("This is not your present password.")
            raise Invalid(text, errors=[FieldError("present", "wrong", text)])
        row = me.catalog.config["user"][me.user]
        names = (row["name"], row["email"], str(me.catalog.settings.get("name", "")))
        judge_password(typed(form, "fresh"), field="fresh", names=names, shortest=policy_of(me.catalog).shortest)
    except Invalid as problem:
        errors = {error.field: sentence(error.message, me.locale) for error in problem.errors}
        return show_profile(request, status=422, errors=errors)
    except TooMany as problem:
        said = sentence(problem.message, me.locale)
        return show_profile(request, status=problem.status, errors={"present": said})
    renewed = hash_password(typed(form, "fresh"))
    with me.space.db.write() as session:
        store_hash(session, me.user, renewed, me.space.clock())
    ended = close_sessions(me.space.db, me.user, keep=me.session.id)
    distrust_devices(me.space.db, me.user)
    note = translate("Password changed. {n} other devices were signed out.", me.locale.language, n=ended)
    return see_other("/profile", note=note)


def end_device(request: Request) -> Response:
    """Signs one of one's own devices out."""
    me = visit(request)
    close_session(me.space.db, me.user, request.path_params["id"])
    return see_other("/profile", note=translate("Device signed out", me.locale.language))


def end_others(request: Request) -> Response:
    """Signs all devices out but this one; none of them is trusted any more."""
    me = visit(request)
    ended = close_sessions(me.space.db, me.user, keep=me.session.id)
    distrust_devices(me.space.db, me.user)
    note = translate("{n} other devices were signed out", me.locale.language, n=ended)
    return see_other("/profile", note=note)


ROUTES = (
    Route("/language", choose_language, methods=["POST"]),
    Route("/theme", choose_theme, methods=["POST"]),
    Route("/profile", show_profile, methods=["GET"]),
    Route("/profile", save_profile, methods=["POST"]),
    Route("/profile/password", change_password, methods=["POST"]),
    Route("/profile/devices/others/end", end_others, methods=["POST"]),
    Route("/profile/devices/{id}/end", end_device, methods=["POST"]),
)
