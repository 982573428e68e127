"""Rules of duplicates: which keys count, what an equal one does at entry, what is told of others' records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, speaker, text_of, ticked
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.catalog.model import MatchKey, Object, Part
from guanxi.kernel.context import Work
from guanxi.kernel.duplicates.search import ask_for
from guanxi.kernel.matching.plan import NOTHING, RULES, WHOLE, merged, plan_of, write_parts
from guanxi.kernel.records.probes import HINTS
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/duplicates"
ACTIONS = ("warn", "block", "off")


@dataclass(frozen=True, slots=True)
class Shown:
    """One object with its rules as they are in force."""

    target: Object
    rules: tuple[MatchKey, ...]
    suggest: int


def show_rules(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """All objects with rules."""
    me = administrator(request)
    rows = list(me.catalog.config[RULES].values())
    shown = []
    for target in me.catalog.objects.values():
        own = [r for r in rows if r["object"] == target.name]
        declared = target.matching or NOTHING
        if target.matching is None and not own:
            continue
        plan = plan_of(me.catalog, target)
        shown.append(Shown(target, tuple(merged(declared.keys, own)), plan.suggest if plan else declared.suggest))
    stored = {"hints": me.catalog.settings.get("duplicate_hints", True),
              "probes": me.catalog.settings.get("duplicate_probes", HINTS)}  # fmt: skip
    return setting_page(request, me, "duplicates", PLACE, errors=errors, status=status, shown=shown, stored=stored,
                        write_parts=write_parts, made_of=partial(made_of, locale=me.locale),
                        actions=ACTIONS, value=given_or(given, {}),
                        at=text_of(given, "at") if given is not None else "")  # fmt: skip


def made_of(target: Object, parts: Iterable[Part], locale: Locale) -> str:
    """What a key is made from, by the names people know."""
    labels = {f.name: sentence(f.label, locale) for f in target.fields}
    way = (" 或 ", " ＋ ") if locale.language == "zh-CN" else (" or ", " + ")
    return way[1].join(way[0].join(labels.get(name, name) for name in names) for names, _ in parts)


def save_rule(request: Request, me: Visit, form: FormData) -> Response:
    """One rule, or the score from which on somebody is asked; what an app declares is kept beneath."""
    t = speaker(me.locale)
    name, key = request.path_params["object"], text_of(form, "key")
    with me.space.write(me.user, kind="settings") as work:
        target = work.catalog.objects.get(name)
        if target is None:
            raise NotFound
        saved = save(work, [_change(work, target, key, form)])
        ask_for(work.session)
    return see_other(PLACE, note=t("Rule saved; what is there is searched again."), undo=undo_link(saved.operation))


def _change(work: Work, target: Object, key: str, form: FormData) -> Change:
    there = next(
        (i for i, r in work.catalog.config[RULES].items() if r["object"] == target.name and r["key"] == key), None
    )
    values: dict[str, Any] = {"object": target.name, "key": key, "strength": text_of(form, "strength")}
    if key != WHOLE:
        declared = next((k for k in (target.matching or NOTHING).keys if k.key == key), None)
        parts = text_of(form, "parts")
        same = declared is not None and parts == write_parts(declared.parts)
        values |= {"action": text_of(form, "action") or "warn", "parts": "" if same else parts}
        if "name" in form:
            values["name"] = text_of(form, "name")
    return Change("edit" if there else "create", RULES, values, id=there)


def save_hints(_request: Request, me: Visit, form: FormData) -> Response:
    """What people learn of records that are not theirs to see."""
    probes = text_of(form, "probes")
    number = int(probes) if probes.isascii() and probes.isdigit() and len(probes) < 6 else 0
    with me.space.write(me.user, kind="settings") as work:
        change_settings(work, {"duplicate_hints": ticked(form, "hints"), "duplicate_probes": number})
    return see_other(PLACE, note=speaker(me.locale)("Settings saved"))
