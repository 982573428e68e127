"""Settings of the workspace: its name, base currency, time zone, country and language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

import msgspec

from guanxi.base.errors import FieldError, Forbidden, Invalid, Message, msg
from guanxi.base.i18n import LANGUAGES
from guanxi.kernel.access import policy
from guanxi.kernel.admin import keeping, safekeeping, watch
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import META_SETTING
from guanxi.kernel.changes.log import Entry
from guanxi.kernel.context import Work
from guanxi.kernel.quality import checks as quality_plan
from guanxi.kernel.records import uses
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

Check = Callable[[Any], Message | None]


def _text(value: Any) -> Message | None:
    fits = isinstance(value, str) and 0 < len(value.strip()) <= 100
    return None if fits else msg("Write 1 to 100 characters.")


def _matching(pattern: str, sentence: str) -> Check:
    return lambda value: None if isinstance(value, str) and re.fullmatch(pattern, value) else msg(sentence)


def _few(value: Any) -> Message | None:
    return None if isinstance(value, int) and 0 <= value <= 10_000 else msg("Write a number from 0 to 10000.")


def _numbers(known: Mapping[str, int], least: int, most: int) -> Check:
    """A number for each of some names."""
    text = msg("Write a number from {least} to {most}.", least=least, most=most)

    def check(value: Any) -> Message | None:
        fine = isinstance(value, dict) and value.keys() <= known.keys()
        return None if fine and all(isinstance(n, int) and least <= n <= most for n in value.values()) else text

    return check


SETTINGS: Mapping[str, Check] = {
    "alerts": _numbers(watch.LIMITS, 0, 10_000_000),
    "keep": keeping.fault_of,
    "name": _text,
    "currency": _matching(r"[A-Z]{3}", "A currency has three capital letters, such as CNY."),
    "zone": lambda v: None if v in available_timezones() else msg("There is no such time zone."),
    "country": _matching(r"[A-Z]{2}", "A country has two capital letters, such as CN."),
    "language": lambda v: None if v in LANGUAGES else msg("Choose one of the languages."),
    safekeeping.SETTING: safekeeping.check_plan,
    "undo_days": lambda v: None if isinstance(v, int) and 1 <= v <= 3650 else msg("Write a number from 1 to 3650."),
    policy.SETTING: policy.fault_of,
    "reveals_an_hour": _few,
    "reveals_a_day": _few,
    uses.SETTING: lambda v: None if isinstance(v, bool) else msg("Say yes or no."),
    quality_plan.SETTING: quality_plan.fault_of,
    "duplicate_hints": lambda v: None if isinstance(v, bool) else msg("Say yes or no."),
    "duplicate_probes": lambda v: (
        None if isinstance(v, int) and 1 <= v <= 1000 else msg("Write a number from 1 to 1000.")
    ),
}


def change_settings(work: Work, values: Mapping[str, Any]) -> None:
    """Checks and stores the settings given; what is the same is left alone."""
    if not work.actor.rights.admin:
        raise Forbidden(msg("Only administrators change objects, fields and settings."))
    errors = [
        FieldError(name, "setting", found)
        for name, value in values.items()
        if (found := SETTINGS[name](value) if name in SETTINGS else msg("There is no such setting."))
    ]
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    known = work.catalog.settings
    changed = {name: value for name, value in values.items() if known.get(name) != value}
    if "currency" in changed:
        _refuse_new_base(work)
        _move_base(work, str(changed["currency"]))
    for name, value in changed.items():
        store_setting(work, name, value)
    if changed:
        old = {name: known.get(name) for name in changed}
        work.log([Entry(META_SETTING, 0, work.catalog.version + 1, "edit", old, dict(changed))])


def store_setting(work: Work, name: str, value: Any) -> None:
    """Stores one setting without a check and without history: for what the program itself keeps."""
    table = work.session.table("setting")
    work.session.run(f"DELETE FROM {table} WHERE name = ?", (name,))
    work.session.insert("setting", ("name", "value"), [(name, msgspec.json.encode(value).decode())])
    work.settings_changed = True


def _refuse_new_base(work: Work) -> None:
    """Amounts in the base currency are stored beside each amount: they would all be wrong. Limits in settings move."""
    for obj in work.catalog.objects.values():
        for f in obj.fields if obj.kind != "config" else ():
            sql = f'SELECT 1 FROM {work.session.table(obj.table)} WHERE "{f.column}__b" IS NOT NULL LIMIT 1'
            if f.type == "money" and work.session.one(sql):
                text = "“{field}” of {object} already holds amounts; the base currency stays."
                raise Invalid(
                    msg(text, field=f.label, object=obj.label),
                    errors=[FieldError("currency", "in_use", msg(text, field=f.label, object=obj.label))],
                )


def _move_base(work: Work, base: str) -> None:
    """The new base counts as one; other rates were against the old one and go; limits keep their number."""
    known = work.catalog.config["currency"]
    there = next((i for i, row in known.items() if row["code"] == base), None)
    save(work, [Change("trash", "currency", id=ident) for ident in known if ident != there])
    if there is None:
        save(work, [Change("create", "currency", {"code": base, "name": base, "rate": "1"})])
    else:
        save(work, [Change("edit", "currency", {"rate": "1"}, id=there)])
    for obj in work.catalog.objects.values():
        for f in obj.fields if obj.kind == "config" else ():
            if f.type == "money":
                _denominate(work, obj, f, base)


def _denominate(work: Work, obj: Object, f: Field, base: str) -> None:
    """Not through `save`: it computes with the currencies of before this change."""
    table, c = work.session.table(obj.table), f.column
    entries = []
    for ident, version, *old in work.session.rows(
        f'SELECT "id", "version", "{c}", "{c}__c", "{c}__b" FROM {table} WHERE "{c}" IS NOT NULL'
    ):
        work.session.run(
            f'UPDATE {table} SET "{c}__c" = ?, "{c}__b" = "{c}", "version" = ?, "updated_at" = ? WHERE "id" = ?',
            (base, version + 1, work.now, ident),
        )
        new = [old[0], base, old[0]]
        entries.append(Entry(obj.id, ident, version + 1, "edit", {str(f.id): old}, {str(f.id): new}))
    work.log(entries)
