"""One's own second factor: scan the code, keep the recovery codes, make new ones, switch it off."""

from __future__ import annotations

import segno
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.errors import FieldError, Forbidden, Invalid, TooMany, msg
from guanxi.entrypoints.web.posting import NONE, Errors, Told, posted, speaker, text_of, typed
from guanxi.entrypoints.web.session import SET_UP, Visit, address_of, visit
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.access import second_factor
from guanxi.kernel.access.devices import distrust_devices
from guanxi.kernel.access.passwords import confirm_password
from guanxi.kernel.access.policy import held_roles, policy_of
from guanxi.kernel.changes.access_log import note

PRESENT = "present"


def show_factor(
    request: Request,
    /,
    *,
    errors: Errors = NONE,
    given: FormData | None = None,  # noqa: ARG001 - a code is never shown again
    status: int = 200,
) -> Response:
    """What there is; or the QR code, if nothing is set up yet."""
    me = visit(request)
    with me.space.read(me.user) as work:
        ready, left = second_factor.has_factor(work.session, me.user), second_factor.codes_left(work.session, me.user)
    required = policy_of(me.catalog).asks(held_roles(me.catalog, me.user))
    found = {} if ready else _to_scan(me)
    return page(request, "auth/factor.html", me, status=status, active="profile", ready=ready, left=left,
                required=required, errors=Told(errors), **found)  # fmt: skip


def _to_scan(me: Visit) -> dict[str, str]:
    secret = second_factor.begin_set_up(me.space.db, me.user, me.space.clock())
    row = me.catalog.config["user"][me.user]
    address = second_factor.address_for_app(secret, str(row["email"]), str(me.catalog.settings.get("name") or "Guanxi"))
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff")
    shown = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return {"picture": picture, "secret": shown}


def set_up(request: Request, me: Visit, form: FormData) -> Response:
    """The first right code switches it on; the recovery codes are shown this once."""
    _confirm(me, form)
    codes = second_factor.finish_set_up(me.space.db, me.user, text_of(form, "code"), me.space.clock())
    return _done(request, me, codes, "second_factor_on")


def renew(request: Request, me: Visit, form: FormData) -> Response:
    """New recovery codes; the old ones end."""
    _confirm(me, form)
    with me.space.db.write() as session:
        if not second_factor.has_factor(session, me.user):
            raise Forbidden(msg("Set up the second factor first."))
        codes = second_factor.renew_codes(session, me.user)
    return _done(request, me, codes, "recovery_codes_made")


def switch_off(request: Request, me: Visit, form: FormData) -> Response:
    """Only where the workspace does not ask for it."""
    if policy_of(me.catalog).asks(held_roles(me.catalog, me.user)):
        raise Forbidden(msg("Your workspace asks for a second factor; it cannot be switched off."))
    _confirm(me, form)
    with me.space.db.write() as session:
        second_factor.remove_factor(session, me.user)
    distrust_devices(me.space.db, me.user)
    _note(request, me, "second_factor_off")
    return see_other("/profile", note=speaker(me.locale)("Second factor switched off"))


def _confirm(me: Visit, form: FormData) -> None:
    """Changing the way in needs the password, also on a device somebody left open."""
    try:
        fits = confirm_password(me.space.db, me.user, typed(form, PRESENT), me.space.clock())
    except TooMany as problem:
        raise Invalid(problem.message, errors=[FieldError(PRESENT, "too_many", problem.message)]) from None
    if not fits:
        text = msg("This is not your present password.")
        raise Invalid(text, errors=[FieldError(PRESENT, "wrong", text)])


def _done(request: Request, me: Visit, codes: list[str], deed: str) -> Response:
    distrust_devices(me.space.db, me.user)
    _note(request, me, deed)
    answer = page(request, "auth/codes.html", me, active="profile", codes=codes)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _note(request: Request, me: Visit, deed: str) -> None:
    note(me.space, "right_used", me.user, entry="form", address=address_of(request), detail={"deed": deed})


ROUTES = (
    Route(SET_UP, show_factor, methods=["GET"]),
    Route(SET_UP, posted(set_up, show_factor, who=visit), methods=["POST"]),
    Route(f"{SET_UP}/codes", posted(renew, show_factor, who=visit), methods=["POST"]),
    Route(f"{SET_UP}/off", posted(switch_off, show_factor, who=visit), methods=["POST"]),
)
