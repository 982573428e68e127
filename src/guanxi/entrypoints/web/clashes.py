"""Records edited after an operation, as a table shows them: before, set to, now, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.posting import speaker
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records import masks
from guanxi.kernel.records.operations import Touch, last_touches
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.undo import Clash

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

References = Mapping[str, Mapping[int, str]]
POINTERS = ("lookup", "user", "team")


@dataclass(frozen=True, slots=True)
class ClashLine:
    """One field of one record; `reason` says why the record is left alone."""

    object: str
    id: int
    name: str
    field: str
    before: str
    set_to: str
    now: str
    person: str
    at: int | None
    reason: str


def clash_lines(work: Work, clashes: Sequence[Clash], locale: Locale) -> list[ClashLine]:
    """Lines for all clashes; statements grow with the objects involved, not with the records."""
    by_object: dict[str, list[Clash]] = {}
    for clash in clashes:
        by_object.setdefault(clash.object, []).append(clash)
    lines: list[ClashLine] = []
    for name, some in by_object.items():
        target = work.catalog.objects.get(name)
        if target is not None:
            lines += _lines_of(work, target, some, locale)
    return lines


def _lines_of(work: Work, target: Object, clashes: Sequence[Clash], locale: Locale) -> list[ClashLine]:
    ids = [c.id for c in clashes]
    titles = names(work, target.name, ids)
    touched = last_touches(work, target.id, ids)
    fields = {str(f.id): f for f in masks.shown(work, target).values()}
    pointed = pointed_names(work, fields, clashes)
    lines: list[ClashLine] = []
    for clash in clashes:
        seen = [key for key in clash.fields if key in fields and not fields[key].hidden]
        for key in seen or [""]:
            values = clash.fields.get(key, (None, None, None))
            field = fields.get(key)
            said = [shown(field, v, pointed, locale) if field else "" for v in values]
            lines.append(_line(work, target, clash, field, said, titles, touched.get(clash.id), locale))
    return lines


def _line(
    work: Work, target: Object, clash: Clash, field: Field | None, said: Sequence[str], titles: Mapping[int, str],
    touch: Touch | None, locale: Locale,
) -> ClashLine:  # fmt: skip
    person = work.catalog.config["user"].get(touch.actor, {}).get("name", "") if touch else ""
    label = field.label.in_(locale.language) if field else ""
    at = touch.at if touch else None
    t = speaker(locale)
    name = titles.get(clash.id) or t("Not visible to you")
    return ClashLine(target.name, clash.id, name, label, said[0], said[1], said[2], str(person or ""), at, clash.reason)


def pointed_names(work: Work, fields: Mapping[str, Field], clashes: Sequence[Clash]) -> References:
    """Titles of all records that values before, set and now point at."""
    wanted: dict[str, set[int]] = {}
    for clash in clashes:
        for key, values in clash.fields.items():
            field = fields.get(key)
            for value in values if field is not None and field.type in POINTERS else ():
                found = _pointed(field, value)  # type: ignore[arg-type]  # None was left out above
                if found:
                    wanted.setdefault(found[0], set()).add(found[1])
    return {name: names(work, name, ids) for name, ids in wanted.items()}


def _pointed(field: Field, value: Any) -> tuple[str, int] | None:
    if isinstance(value, list):
        return (str(value[1]), int(value[0])) if value[0] is not None else None
    return (targets_of(field)[0], int(value)) if value is not None else None


def shown(field: Field, value: Any, pointed: References, locale: Locale) -> str:
    """A logged value as people read it."""
    values = tuple(value) if isinstance(value, list) else (value,)
    if values[0] is None:
        return "–"
    if field.type in POINTERS:
        found = _pointed(field, value)
        return pointed.get(found[0], {}).get(found[1], "…") if found else "–"
    if field.type == "links":
        t = speaker(locale)
        return t("{n} records", n=len(msgspec.json.decode(values[0])))
    return TYPES[field.type].show(field, (*values, None, None), locale) or "–"
