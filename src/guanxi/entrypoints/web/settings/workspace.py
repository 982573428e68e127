"""Settings of the workspace itself: name, base currency, zone, language, country, days in which to undo."""

from __future__ import annotations

from zoneinfo import available_timezones

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, text_of
from guanxi.entrypoints.web.session import COMMON_ZONES, Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.records.reveal import LIMITS

PLACE = "/settings/workspace"
NAMES = ("name", "currency", "zone", "language", "country")
NUMBERS = {"undo_days": 90, **{name: usual for name, usual, _ in LIMITS}}


def show_workspace(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The form."""
    me = administrator(request)
    stored = {**NUMBERS, **me.catalog.settings}
    zones = [*COMMON_ZONES, *sorted(available_timezones() - set(COMMON_ZONES))]
    return setting_page(request, me, "workspace", PLACE, errors=errors, status=status, value=given_or(given, stored),
                        zones=zones)  # fmt: skip


def save_workspace(_request: Request, me: Visit, form: FormData) -> Response:
    """Only what differs is stored, as one change in the log."""
    t = speaker(me.locale)
    values: dict[str, str | int] = {name: text_of(form, name) for name in NAMES if name in form}
    values["currency"] = str(values.get("currency", "")).upper()
    values["country"] = str(values.get("country", "")).upper()
    for name in NUMBERS:
        if name in form:
            text = text_of(form, name)
            values[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    with me.space.write(me.user, kind="settings") as work:
        change_settings(work, values)
    return see_other(PLACE, note=t("Settings saved"))
