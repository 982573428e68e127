"""Backups: the plan, how the last ones went, one right now."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, text_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.safekeeping import SETTING, Plan, ask_for_backup, check_plan, state_of, try_folder
from guanxi.kernel.admin.settings import change_settings

PLACE = "/settings/backup"


def show_backups(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """Whether one can sleep, and the plan."""
    me = administrator(request)
    state = state_of(me.space, me.catalog.settings)
    stored = {name: getattr(state.plan, name) for name in Plan.__struct_fields__}
    return setting_page(request, me, "backup", PLACE, errors=errors, status=status, state=state,
                        value=given_or(given, stored), now=me.space.clock(), day=86_400_000_000)  # fmt: skip


def save_plan(_request: Request, me: Visit, form: FormData) -> Response:
    """Tried before it is stored: a plan that cannot work is worse than none."""
    t = speaker(me.locale)
    plan = Plan(
        on=ticked(form, "on"),
        at=text_of(form, "at"),
        folder=text_of(form, "folder"),
        key_file=text_of(form, "key_file"),
        daily=_whole(form, "daily"),
        weekly=_whole(form, "weekly"),
        monthly=_whole(form, "monthly"),
    )
    found = {name: getattr(plan, name) for name in Plan.__struct_fields__}
    wrong = check_plan(found)
    if wrong is not None:
        raise Invalid(wrong, errors=[FieldError("", "plan", wrong)])
    try_folder(plan, me.space)
    with me.space.write(me.user, kind="settings") as work:
        change_settings(work, {SETTING: found})
    return see_other(PLACE, note=t("Plan saved"))


def back_up_now(_request: Request, me: Visit, _form: FormData) -> Response:
    """By the worker, within seconds."""
    t = speaker(me.locale)
    with me.space.write(me.user, kind="backup") as work:
        ask_for_backup(work)
    return see_other(PLACE, note=t("The backup is being made"))


def _whole(form: FormData, name: str) -> int:
    text = text_of(form, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
