"""The page behind a one-time link: the invited person sets a password and is signed in."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guanxi.base.errors import Forbidden, Invalid, NotFound
from guanxi.entrypoints.web.posting import NONE, Errors
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.security import token_of
from guanxi.entrypoints.web.session import address_of, guest_locale, space_of
from guanxi.entrypoints.web.shell import plain_page
from guanxi.entrypoints.web.signing import after_password
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.devices import distrust_devices
from guanxi.kernel.access.invitations import end_invitation, invited
from guanxi.kernel.access.passwords import hash_password, judge_password, store_hash
from guanxi.kernel.access.policy import check_address, policy_of
from guanxi.kernel.access.sessions import close_sessions, csrf_of
from guanxi.kernel.catalog.rows import Row


def show_invitation(request: Request, *, errors: Errors = NONE, status: int = 200) -> Response:
    """The form, if the link still works."""
    _, row, workspace = _invited(request)
    session = token_of(request.scope)  # somebody may be signed in on this device already
    return plain_page(request, "settings/invitation.html", status=status, row=row, workspace=workspace, errors=errors,
                      token=csrf_of(session) if session else "")  # fmt: skip


def _invited(request: Request) -> tuple[int, Row, str]:
    space = space_of(request)
    user = invited(space.db, str(request.path_params["token"]), space.clock())
    with space.read(system("invitation")) as work:
        row = work.catalog.config["user"].get(user)
        workspace = str(work.catalog.settings.get("name", ""))
    if row is None or not row["active"]:
        raise NotFound
    return user, row, workspace


async def accept(request: Request) -> Response:
    """Sets the password; the link works once, all other sessions end."""
    form = await request.form(max_files=0, max_fields=5)
    return await run_in_threadpool(_accept, request, form)


def _accept(request: Request, form: FormData) -> Response:
    user, row, workspace = _invited(request)
    space, password = space_of(request), str(form.get("password") or "")
    with space.read(system("invitation")) as work:
        catalog = work.catalog
    shortest = policy_of(catalog).shortest
    try:
        judge_password(password, names=(str(row["name"]), str(row["email"]), workspace), shortest=shortest)
    except Invalid as problem:
        return show_invitation(request, errors={"password": sentence(problem.message, guest_locale(request))},
                               status=422)  # fmt: skip
    hashed = hash_password(password)
    end_invitation(space.db, user)
    with space.db.write() as session:
        store_hash(session, user, hashed, space.clock())
    close_sessions(space.db, user)
    distrust_devices(space.db, user)
    try:
        check_address(catalog, user, address_of(request))
    except Forbidden:
        return RedirectResponse("/sign-in", 303)
    return after_password(request, space, catalog, user, "/")
