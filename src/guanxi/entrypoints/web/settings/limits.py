"""Limits of the alerts and how long things are kept."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.base.i18n import L
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, text_of
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.audit import RULES
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.keeping import DAYS, LEAST, days_of
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.admin.watch import LIMITS, limits_of

PLACE = "/settings/limits"
TIERS = {
    "log": L("Old values of fields without history", "不留历史的字段旧值"),
    "access": L("Access log", "访问日志"),
    "imports": L("Files and faulty rows of imports", "导入文件和出错的行"),
    "jobs": L("Jobs that ended in an error", "出错结束的任务"),
}


def show_limits(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The form."""
    me = administrator(request)
    stored = {f"alerts.{name}": n for name, n in limits_of(me.catalog.settings).items()}
    stored |= {f"keep.{name}": n for name, n in days_of(me.catalog.settings).items()}
    return setting_page(request, me, "limits", PLACE, errors=errors, status=status, value=given_or(given, stored),
                        rules=RULES, tiers=TIERS, least=LEAST)  # fmt: skip


def save_limits(_request: Request, me: Visit, form: FormData) -> Response:
    """Both groups, as one change in the log."""
    t = speaker(me.locale)
    values = {
        "alerts": {name: _number(form, f"alerts.{name}") for name in LIMITS},
        "keep": {name: _number(form, f"keep.{name}") for name in DAYS},
    }
    with me.space.write(me.user, kind="settings") as work:
        change_settings(work, values)
    return see_other(PLACE, note=t("Settings saved"))


def _number(form: FormData, name: str) -> int:
    text = text_of(form, name)
    if text.isascii() and text.isdigit() and len(text) < 9:
        return int(text)
    wrong = msg("Write a whole number.")
    raise Invalid(wrong, errors=[FieldError(name, "number", wrong)])
