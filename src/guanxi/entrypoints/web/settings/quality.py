"""Data quality in the settings: after how many days a record is stale, the greatest amount, what each check weighs."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid, NotFound, msg
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, text_of
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.quality.checks import SETTING, checks_of, measured, plan_of

PLACE = "/settings/quality"


def show_quality(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The form of one object; the first one unless the address names another."""
    me = administrator(request)
    targets = measured(me.catalog)
    name = str(request.query_params.get("object", "") or (text_of(given, "object") if given else "") or targets[0].name)
    target = next((t for t in targets if t.name == name), None)
    if target is None:
        raise NotFound
    checks = checks_of(me.catalog, target, off=True)
    plan = plan_of(me.catalog, target)
    stored = {"days": plan["days"], "most": plan["most"], **{f"w.{c.name}": c.weight for c in checks}}
    return setting_page(request, me, "quality", PLACE, errors=errors, status=status, value=given_or(given, stored),
                        targets=targets, target=target,
                        checks=[(c.name, sentence(c.text, me.locale)) for c in checks])  # fmt: skip


def save_quality(_request: Request, me: Visit, form: FormData) -> Response:
    """The plan of one object, as one change in the log; it counts from the next measuring on."""
    target = next((t for t in measured(me.catalog) if t.name == text_of(form, "object")), None)
    if target is None:
        raise NotFound
    weights = {c.name: _number(form, f"w.{c.name}") for c in checks_of(me.catalog, target, off=True)}
    plan: dict[str, Any] = {"days": _number(form, "days"), "most": _number(form, "most"), "weights": weights}
    with me.space.write(me.user, kind="settings") as work:
        known = work.catalog.settings.get(SETTING) or {}
        change_settings(work, {SETTING: {**known, target.name: plan}})
    return see_other(f"{PLACE}?object={target.name}", note=speaker(me.locale)("Settings saved"))


def _number(form: FormData, name: str) -> int:
    text = text_of(form, name)
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    wrong = msg("Write a whole number.")
    raise Invalid(wrong, errors=[FieldError(name, "number", wrong)])
