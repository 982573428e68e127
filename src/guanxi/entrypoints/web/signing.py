"""Signing in and out: password, second factor, the session, and what is noted and told about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guanxi.base.errors import NotFound, Problem, Unauthenticated, msg
from guanxi.base.i18n import translate
from guanxi.entrypoints.web.browsers import browser_name
from guanxi.entrypoints.web.posting import typed
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.security import cookie_name, token_of
from guanxi.entrypoints.web.session import (
    THEME_COOKIE,
    YEAR,
    address_of,
    drop_token,
    guest_locale,
    keep_secret,
    keep_token,
    safe_path,
    space_of,
    visit,
)
from guanxi.entrypoints.web.shell import plain_page
from guanxi.kernel.access import second_factor, steps
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.devices import is_known, make_device, meet_device
from guanxi.kernel.access.passwords import authenticate, count_code, user_by_email
from guanxi.kernel.access.policy import check_address, policy_of
from guanxi.kernel.access.sessions import close_session, csrf_of, open_session
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.catalog.snapshot import Catalog
    from guanxi.kernel.context import Space

DEVICE, STEP = "guanxi_device", "guanxi_step"
NOTIFICATION = "notification"


def guest_page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A page before signing in; a session that ended still stands in the browser, and its token is then asked for."""
    ended = token_of(request.scope)
    return plain_page(request, template, status=status, token=csrf_of(ended) if ended else "", **context)


def show_sign_in(request: Request) -> Response:
    """The sign-in page; those who are signed in already go on."""
    try:
        visit(request)
    except Unauthenticated as problem:
        if "go" in problem.extra:
            return RedirectResponse(problem.extra["go"], 303)
        return guest_page(request, "auth/sign_in.html", next=safe_path(request.query_params.get("next", "/")))
    return RedirectResponse("/", 303)


async def sign_in(request: Request) -> Response:
    """Checks e-mail and password; a new session every time, so that none can be fixed beforehand."""
    form = await request.form(max_files=0, max_fields=10)
    return await run_in_threadpool(_sign_in, request, form)


def _sign_in(request: Request, form: FormData) -> Response:
    space, email = space_of(request), typed(form, "email").strip()
    onward, address = safe_path(typed(form, "next") or "/"), address_of(request)
    with space.read(system("sign-in")) as work:
        catalog, now = work.catalog, work.now
    try:
        user = authenticate(
            space.db, catalog, email, typed(form, "password"), address=address, now=now,
            device=token_of(request.scope, DEVICE),
        )  # fmt: skip
        check_address(catalog, user, address)
    except Problem as problem:
        note(space, "sign_in_failed", user_by_email(catalog, email) or 0, entry="form", address=address)
        said = sentence(problem.message, guest_locale(request))
        answer = guest_page(request, "auth/sign_in.html", status=problem.status, error=said, email=email, next=onward)
        if "retry_after" in problem.extra:
            answer.headers["Retry-After"] = str(problem.extra["retry_after"])
        return answer
    return after_password(request, space, catalog, user, onward)


def after_password(request: Request, space: Space, catalog: Catalog, user: int, onward: str) -> Response:
    """Asks for the second factor where there is one and the device is not trusted; else lets the person in."""
    now = space.clock()
    with space.read(system("sign-in")) as work:
        asked = second_factor.has_factor(work.session, user)
    trusts = policy_of(catalog).trust_days > 0
    if asked and not (trusts and is_known(space.db, token_of(request.scope, DEVICE), user, now, trusted=True)):
        answer = RedirectResponse(f"/sign-in/code?next={quote(onward)}", 303)
        token = steps.open_step(space.db, user, now)
        keep_secret(request, answer, cookie_name(request.scope, STEP), token, steps.LIFE // 1_000_000)
        return answer
    return let_in(request, space, catalog, user, onward)


def let_in(
    request: Request, space: Space, catalog: Catalog, user: int, onward: str, *, factor: str = "", trust: bool = False
) -> Response:
    """A new session; the sign-in is noted, and told to the person if the device is new to them."""
    now, policy, address = space.clock(), policy_of(catalog), address_of(request)
    agent = request.headers.get("user-agent", "")
    token = open_session(space.db, user, agent=agent, address=address, now=now, policy=policy)
    device = token_of(request.scope, DEVICE) or make_device()
    met = meet_device(space.db, device, user, now)
    if trust:  # a new token: whoever used this browser before may have taken the old one along
        device = make_device()
        meet_device(space.db, device, user, now, trust_days=policy.trust_days)
    note(space, "sign_in", user, entry="form", address=address,
         detail={"factor": factor or "none", "new_device": met.new})  # fmt: skip
    if met.new and met.others:
        tell_of_device(space, user, browser_name(agent), address)
    answer = RedirectResponse(onward, 303)
    keep_token(request, answer, token)
    keep_secret(request, answer, cookie_name(request.scope, DEVICE), device, YEAR)
    answer.delete_cookie(cookie_name(request.scope, STEP), path="/", httponly=True)
    answer.delete_cookie(THEME_COOKIE, path="/")
    return answer


def tell_of_device(space: Space, user: int, browser: str, address: str) -> None:
    """A line in the person's inbox."""
    with space.write(system("sign-in on a new device"), kind="notice") as work:
        if NOTIFICATION not in work.catalog.objects:
            return
        language = load_actor(work.catalog, user).language
        text = translate(
            "New sign-in: {browser}, from {address}. Not you? Change your password and sign the device out.",
            "en" if language == "en" else "zh-CN", browser=browser, address=address,
        )  # fmt: skip
        save(work, [Change("create", NOTIFICATION, {"kind": "system", "text": text[:255], "owner": str(user)})])


def show_code(request: Request, *, error: str = "", status: int = 200) -> Response:
    """Asks for the code of the authenticator app."""
    space = space_of(request)
    user = steps.user_of_step(space.db, token_of(request.scope, STEP), space.clock())
    if user is None:
        return RedirectResponse("/sign-in", 303)
    with space.read(system("sign-in")) as work:
        days = policy_of(work.catalog).trust_days
    onward = safe_path(request.query_params.get("next", "/"))
    return guest_page(request, "auth/code.html", status=status, error=error, days=days, next=onward)


async def check_code(request: Request) -> Response:
    """A code of the app, or a recovery code."""
    form = await request.form(max_files=0, max_fields=10)
    return await run_in_threadpool(_check_code, request, form)


def _check_code(request: Request, form: FormData) -> Response:
    space, token = space_of(request), token_of(request.scope, STEP)
    now, device = space.clock(), token_of(request.scope, DEVICE)
    user = steps.count_try(space.db, token, now)
    if user is None:
        said = sentence(msg("This sign-in took too long or had too many tries. Enter your password again."),
                        guest_locale(request))  # fmt: skip
        return guest_page(request, "auth/sign_in.html", status=401, error=said)
    with space.read(system("sign-in")) as work:
        catalog = work.catalog
    try:
        load_actor(catalog, user)  # may still sign in
        count_code(space.db, user, now, device)
        factor = second_factor.spend_code(space.db, user, typed(form, "code")[:40], now)
        if not factor:
            raise Unauthenticated(msg("This code does not fit. Each code works once; wait for the next one."))
    except (Problem, NotFound) as problem:
        note(space, "sign_in_failed", user, entry="form", address=address_of(request), detail={"factor": "wrong"})
        return show_code(request, error=sentence(problem.message, guest_locale(request)), status=problem.status)
    steps.end_step(space.db, token)
    onward = safe_path(typed(form, "next") or "/")
    return let_in(request, space, catalog, user, onward, factor=factor, trust=bool(form.get("trust")))


def sign_out(request: Request) -> Response:
    """Ends this session on the server and in the browser."""
    me = visit(request)
    close_session(me.space.db, me.viewer or me.user, me.session.id)
    note(me.space, "sign_out", me.viewer or me.user, entry="form", address=address_of(request))
    answer = RedirectResponse("/sign-in", 303)
    drop_token(request, answer)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


ROUTES = (
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-in/code", show_code, methods=["GET"]),
    Route("/sign-in/code", check_code, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
)
