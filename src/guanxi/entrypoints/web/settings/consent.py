"""Consent in the settings: whether exports must name a purpose, and the way to purposes, texts and answers."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.records.uses import SETTING

PLACE = "/settings/consent"
LISTS = ("consent_purpose", "consent_text", "consent")


def show_consent(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The switch and the lists."""
    me = administrator(request)
    required = ticked(given, "required") if given is not None else bool(me.catalog.settings.get(SETTING))
    lists = [me.catalog.object(name) for name in LISTS]
    return setting_page(request, me, "consent", PLACE, errors=errors, status=status, required=required, lists=lists)


def save_consent(_request: Request, me: Visit, form: FormData) -> Response:
    """One switch, as a change in the log."""
    with me.space.write(me.user, kind="settings") as work:
        change_settings(work, {SETTING: ticked(form, "required")})
    return see_other(PLACE, note=speaker(me.locale)("Settings saved"))
