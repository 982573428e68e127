"""Settings of signing in: passwords, second factor, sessions, networks; and one person's way in, reset or ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, texts_of
from guanxi.entrypoints.web.session import Visit, address_of
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.access.devices import distrust_devices
from guanxi.kernel.access.policy import LIMITS, SETTING, check_policy, held_roles, keep_way_in, policy_of, read_policy
from guanxi.kernel.access.second_factor import remove_factor, who_has
from guanxi.kernel.access.sessions import close_sessions, list_sessions
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.changes.access_log import note

PLACE = "/settings/sign-in"
USERS = "/settings/users"


def show_policy(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The form; beside it, who has a second factor and who should."""
    me = administrator(request)
    policy = policy_of(me.catalog)
    with me.space.read(me.user) as work:
        equipped = who_has(work.session, me.catalog)
    people = me.catalog.config["user"]
    active = [ident for ident, row in people.items() if row["active"]]
    stored = {**asdict(policy), "networks": "\n".join(policy.networks)}
    picked = {name: {int(v) for v in texts_of(given, name) if v.isdigit()} if given is not None else set(stored[name])
              for name in ("roles", "bound")}  # fmt: skip
    return setting_page(
        request, me, "sign_in", PLACE, errors=errors, status=status, value=given_or(given, stored), picked=picked,
        roles=me.catalog.config["role"], limits=LIMITS, address=address_of(request), people=len(active),
        equipped=sum(ident in equipped for ident in active),
    )  # fmt: skip


def save_policy(request: Request, me: Visit, form: FormData) -> Response:
    """Refused whole if anything is wrong; a list of networks without the saver's own is wrong."""
    values: dict[str, Any] = {name: _whole(text_of(form, name)) for name in LIMITS}
    values["needs"] = text_of(form, "needs") or "nobody"
    values["networks"] = text_of(form, "networks").replace(",", " ").replace("，", " ").split()
    known = me.catalog.config["role"]
    for name in ("roles", "bound"):
        values[name] = [int(v) for v in texts_of(form, name) if v.isdigit() and int(v) in known]
    check_policy(values)
    keep_way_in(read_policy(values), address_of(request), held_roles(me.catalog, me.user))
    with me.space.write(me.user, kind="settings") as work:
        change_settings(work, {SETTING: values})
    return see_other(PLACE, note=speaker(me.locale)("Settings saved"))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1


def way_in(me: Visit, ident: int) -> dict[str, Any]:
    """What the page of a user says about their sign-in."""
    with me.space.read(me.user) as work:
        factor = ident in who_has(work.session, work.catalog)
    return {"factor": factor,
            "devices": len(list_sessions(me.space.db, ident, me.space.clock(), policy_of(me.catalog)))}  # fmt: skip


def reset_factor(request: Request, me: Visit, _form: FormData) -> Response:
    """For somebody whose phone is gone: the password alone lets in until they set up a new one."""
    ident = _person(request, me)
    with me.space.db.write() as session:
        remove_factor(session, ident)
    _shut(request, me, ident, "second_factor_reset")
    return see_other(f"{USERS}/{ident}", note=speaker(me.locale)("Second factor reset; all devices were signed out"))


def sign_out_everywhere(request: Request, me: Visit, _form: FormData) -> Response:
    """All sessions end; devices are strangers again."""
    ident = _person(request, me)
    _shut(request, me, ident, "signed_out_everywhere")
    return see_other(f"{USERS}/{ident}", note=speaker(me.locale)("Signed out everywhere"))


def _person(request: Request, me: Visit) -> int:
    ident = ident_of(request)
    if ident not in me.catalog.config["user"]:
        raise NotFound
    return ident


def _shut(request: Request, me: Visit, ident: int, deed: str) -> None:
    distrust_devices(me.space.db, ident, forget=True)
    close_sessions(me.space.db, ident, keep=me.session.id if ident == me.user else "")
    note(me.space, "right_used", me.user, entry="form", object="user", record=ident, address=address_of(request),
         detail={"deed": deed}, at_once=True)  # fmt: skip
