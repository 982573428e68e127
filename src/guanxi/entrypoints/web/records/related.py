"""Lists beside a record: what points at it, the first five each, with the way to all of them and to one more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from guanxi.entrypoints.web.lists import marks
from guanxi.entrypoints.web.records.desk import Desk, is_writable
from guanxi.entrypoints.web.render import label, money
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.looks import note_rows
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import count, find, references
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Query, Row

SHOWN = 5
APART = ("follow", "notification", "comment", "consent")
"""Kept for people, not shown as lists: they have places of their own on the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One related record."""

    url: str
    title: str
    sub: str
    mark: Markup
    amount: str
    person: bool


@dataclass(frozen=True, slots=True)
class Related:
    """One list: `all` leads to the filtered list, `new` to a form that knows the parent."""

    key: str
    label: str
    icon: str
    lines: Sequence[Line]
    count: int
    more: bool
    all: str
    new: str


def related(desk: Desk) -> list[Related]:
    """Everything that points here and that the reader may see; empty lists only where one may add to them."""
    found: list[Related] = []
    for other, field in _referrers(desk):
        made = _list(desk, other, field)
        if not made.lines and any(r.key.startswith(f"{other.name}-") for r in found):
            continue  # one empty list for each object is enough to add to
        if made.lines or (made.new and other.search != ("-",)) or (made.new and other.timeline is None):
            found.append(made)
    found.sort(key=lambda r: (not r.lines, 0))
    return found


def _referrers(desk: Desk) -> list[tuple[Object, Field]]:
    kept: dict[str, tuple[Object, Field]] = {}
    for other, field in desk.work.catalog.referrers(desk.target.name):
        activity = other.access == "parent" and other.timeline is not None
        owned = other.parent == field.name
        if activity or owned or other.name in APART or field.read_only or field.type not in ("lookup", "links"):
            continue
        if desk.work.actor.rights.scope(other.name, "read") == "none" or field.name not in readable(desk.work, other):
            continue
        if field.name.startswith("converted_"):
            continue
        kept.setdefault(f"{other.name}.{field.name}", (other, field))
    return list(kept.values())


def _list(desk: Desk, other: Object, field: Field) -> Related:
    work = desk.work
    where = f"{field.name} = {desk.id}" if field.type == "lookup" else f"has({field.name}, {desk.id})"
    far = _far_end(desk, other, field)
    fields = [*_fields(desk, other), *([far.name] if far else [])]
    page = find(work, Query(other.name, where=where, fields=fields, limit=SHOWN + 1))
    rows = page.rows[:SHOWN]
    note_rows(work, other, rows, fields, entry="form")
    number, more = len(rows), False
    if len(page.rows) > SHOWN:
        number, more = count(work, Query(other.name, where=where), cap=999)
    said = [n for n in ("title", *other.subtitle[:2]) if n in fields and n not in (field.name, other.title)]
    names = references(work, other, rows, [*said, *([far.name] if far else [])]) if rows else {}
    several = len(targets_of(field)) > 1
    preset = f"{desk.target.name}:{desk.id}" if several else str(desk.id)
    may = work.actor.rights.scope(other.name, "create") != "none" and is_writable(work, other, field)
    back = quote(desk.url, safe="")
    new = f"/o/{other.name}/new?quick=1&{field.name}={preset}&back={back}" if may and not desk.trashed else ""
    titled = label(other.plural)
    if "inverse" in field.options:
        titled = label(field.options["inverse"])
    elif other.name == desk.target.name or sum(o.name == other.name for o, _ in _referrers(desk)) > 1:
        titled = f"{titled} · {label(field.label)}"  # several ways lead here: say which
    return Related(
        f"{other.name}-{field.name}",
        titled,
        other.icon,
        [_line(desk, other, field, row, names, far) for row in rows],
        number,
        more,
        f"/o/{other.name}?edited=1&where={quote(where)}",
        new,
    )


def _fields(desk: Desk, other: Object) -> list[str]:
    """Title, subtitle, stage, amount, role: what a line shows."""
    allowed = shown(desk.work, other)
    wanted = [other.title, *other.subtitle[:2], "contact", "role", "title", "state", "kind"]
    if other.steps is not None:
        wanted += [other.steps.field, other.steps.amount or ""]
    return [n for n in dict.fromkeys(wanted) if n in allowed]


def _far_end(desk: Desk, other: Object, via: Field) -> Field | None:
    """Where a line's title would only repeat the record one is on (a person's roles): the field that says where."""
    copies = desk.work.catalog.field(other, other.title).copies
    repeats = any(source.partition(".")[0] == via.name for source in copies)
    far = other.access_via
    return shown(desk.work, other).get(far) if repeats and far and far != via.name else None


def _line(desk: Desk, other: Object, via: Field, row: Row, names: Any, far: Field | None) -> Line:
    allowed = shown(desk.work, other)
    title = str(row.get(allowed[other.title].column) or "…") if other.title in allowed else "…"
    url = f"/o/{other.name}/{row['id']}"
    if other.kind == "plain" and "contact" in row and via.name != "contact" and row["contact"] is not None:
        url = f"/o/contact/{row['contact']}"  # a role leads to its person
    if far is not None and row.get(far.name) is not None:
        end = str(row.get(f"{far.name}__o") or targets_of(far)[0])
        title = names.get(end, {}).get(row[far.name], title)
        url = f"/o/{end}/{row[far.name]}"
    return Line(
        url,
        title,
        _sub(desk, other, via, row, names),
        _mark(desk, other, row),
        _amount(other, readable(desk.work, other), row),
        far is None and other.name in ("contact", "contact_role"),
    )


def _mark(desk: Desk, other: Object, row: Row) -> Markup:
    """Stage bars, or the part a person plays."""
    work, allowed = desk.work, readable(desk.work, other)
    if other.steps is not None and other.steps.field in allowed:
        stages = marks.stages_of(work, other, desk.me.locale)
        return stages.get(row.get(allowed[other.steps.field].column)) or Markup("")
    role = allowed.get("role")
    chosen = row.get("role")
    choice = next((c for c in role.options.get("choices", ()) if c.key == chosen), None) if role else None
    return marks.badge(label(choice.label), choice.tone) if choice else Markup("")


def _sub(desk: Desk, other: Object, via: Field, row: Row, names: Any) -> str:
    """The first of the subtitle's fields that says something."""
    allowed = shown(desk.work, other)
    for name in ("title", *other.subtitle[:2]):
        field = allowed.get(name)
        value = row.get(field.column) if field is not None and name != other.title else None
        if field is None or value is None or field.name == via.name:
            continue
        if field.type in ("text", "auto_number") or type(value) is Masked:
            return str(value)
        if field.type == "choice":
            known = marks.choices_of(desk.work, other, desk.me.locale).get(name, {}).get(value)
            return str(known.striptags()) if known is not None else str(value)
        if field.type == "lookup" and len(targets_of(field)) == 1:
            return str(names.get(targets_of(field)[0], {}).get(value, ""))
    return ""


def _amount(other: Object, allowed: Mapping[str, Field], row: Row) -> str:
    name = other.steps.amount if other.steps is not None else None
    if name is None or name not in allowed or row.get(name) is None:
        return ""
    return money(row[name], row.get(f"{name}__c"), compact=True)
