"""The timeline of a record as entries to show: who did what, when, with whom; and what changed from what to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from markupsafe import Markup, escape

from guanxi.entrypoints.web.records import filing
from guanxi.entrypoints.web.records.desk import Desk
from guanxi.entrypoints.web.records.markdown import to_html
from guanxi.entrypoints.web.records.roles import ROLE, Roles, role_in, roles_of
from guanxi.entrypoints.web.records.values import EMPTY, show_row, show_values
from guanxi.entrypoints.web.render import label, t
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.history import Step
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import names
from guanxi.kernel.records.timeline import CHANGES, Item, Place, Timeline, counts, timeline
from guanxi.kernel.records.types import Row

PAGE = 20
CHANGE_ICONS = {"create": "plus", "trash": "trash", "restore": "arrow-back-up", "undo": "arrow-back-up"}


@dataclass(frozen=True, slots=True)
class Changed:
    """One field of a change; `name` is set where the old value can be put back."""

    label: str
    old: Markup
    new: Markup
    name: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    kind: str
    icon: str
    at: int
    who: str
    who_id: int
    title: Markup
    href: str = ""
    details: Sequence[Markup] = ()
    body: Markup | None = None
    about: Markup | None = None
    files: Sequence[Any] = ()
    changes: Sequence[Changed] = ()
    version: int = 0
    done: bool | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A kind to filter by."""

    key: str
    text: str
    count: int | None
    on: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of the timeline as shown."""

    entries: Sequence[Entry]
    next: str
    kind: str


def chips(desk: Desk, chosen: str) -> list[Chip]:
    """All, one per kind there is, and the record's own changes."""
    found = counts(desk.work, desk.target, desk.id)
    objects = desk.work.catalog.objects
    kinds = [Chip(name, label(objects[name].plural), n, chosen == name) for name, n in found.items()]
    kinds.sort(key=lambda c: -(c.count or 0))
    return [Chip("", t("All"), None, not chosen), *kinds, Chip(CHANGES, t("Field changes"), None, chosen == CHANGES)]


def read_feed(desk: Desk, kind: str = "", place: str = "") -> Feed:
    """A page of entries; `place` is where the page before ended."""
    at, _, ident = place.partition("-")
    before: Place | None = (int(at), int(ident)) if at.isdecimal() and ident.isdecimal() else None
    found = timeline(desk.work, desk.target, desk.id, kinds=(kind,) if kind else (), before=before, limit=PAGE)
    entries = _entries(desk, found)
    return Feed(entries, f"{found.next[0]}-{found.next[1]}" if found.next else "", kind)


def _entries(desk: Desk, found: Timeline) -> list[Entry]:
    """Names of everything the rows point at are asked once per object they are of."""
    rows: dict[str, list[Row]] = {}
    for item in found.items:
        if item.row is not None:
            rows.setdefault(item.object, []).append(item.row)
    known: dict[str, dict[int, str]] = {}
    wanted: dict[str, set[int]] = {}
    for name, some in rows.items():
        target = desk.work.catalog.object(name)
        for other, ids in _pointed(desk, target, some).items():
            wanted.setdefault(other, set()).update(ids)
    for step in (i.step for i in found.items if i.step is not None):
        _pointed_by_step(step, wanted)
    for other, ids in wanted.items():
        known[other] = names(desk.work, other, ids)
    files: dict[str, Any] = {}
    for name, some in rows.items():
        files |= filing.named_files(desk.work, desk.work.catalog.object(name), some)
    people = [row["contact"] for name, some in rows.items() if name != ROLE for row in some if row.get("contact")]
    roles = roles_of(desk, people)
    return [_step(desk, item, known) if item.step else _record(desk, item, known, files, roles) for item in found.items]


def _pointed(desk: Desk, target: Object, rows: Sequence[Row]) -> dict[str, set[int]]:
    wanted: dict[str, set[int]] = {}
    for field in readable(desk.work, target).values():
        if field.type != "lookup" or field.column not in rows[0]:
            continue
        several = len(field.options["to"]) > 1
        for row in rows:
            if row.get(field.column) is not None:
                name = row[field.column + "__o"] if several else field.options["to"][0]
                if (name, row[field.column]) != (desk.target.name, desk.id):
                    wanted.setdefault(name, set()).add(row[field.column])
    return wanted


def _pointed_by_step(step: Step, wanted: dict[str, set[int]]) -> None:
    for change in step.fields:
        if change.field.type == "lookup":
            targets = change.field.options["to"]
            for values in (change.old, change.new):
                if values and values[0] is not None:
                    wanted.setdefault(values[1] if len(targets) > 1 else targets[0], set()).add(values[0])


def _person(desk: Desk, ident: int | None) -> str:
    row = desk.work.catalog.config["user"].get(ident or 0)
    return str(row["name"]) if row else t("System")


def _record(
    desk: Desk, item: Item, known: Mapping[str, Mapping[int, str]], files: Mapping[str, Any], roles: Roles
) -> Entry:
    assert item.row is not None
    row, target = item.row, desk.work.catalog.object(item.object)
    allowed = shown(desk.work, target)
    who = row.get("owner") or row.get("created_by") or 0
    kind = allowed.get("kind")
    details = []
    for name in target.columns:
        field = allowed.get(name)
        if field is None or field.name == target.title or row.get(field.column) is None:
            continue
        if field.type in ("choice", "money") or (target.steps and field.name == target.steps.field):
            details.append(show_row(desk.work, target, field, row, known, desk.me.locale))
    body = row.get("body") if "body" in allowed else None
    title = str(row.get(allowed[target.title].column) or "") if target.title in allowed else ""
    comment = target.kind == "plain" and body is not None
    role = role_in(desk, roles, row, target.timeline or "")
    heading = _heading(target, "" if comment else title, row, known, role)
    plain = title.rstrip("…") if title else ""
    shown_body = None if not body or (not comment and body.strip() == plain) else to_html(body)
    attached = [files[i] for i in _file_ids(row) if i in files]
    done = bool(row.get("done")) if "done" in allowed else None
    return Entry(
        item.object,
        target.icon,
        item.at,
        _person(desk, who),
        int(who),
        heading,
        "" if comment else f"/o/{target.name}/{item.id}",
        details if kind is None or not comment else (),
        shown_body,
        _about(desk, target, row, known),
        attached,
        version=int(row["version"]),
        done=done,
    )


def _file_ids(row: Row) -> list[str]:
    return msgspec.json.decode(row["files"], type=list[str]) if row.get("files") else []


def _heading(target: Object, title: str, row: Row, known: Mapping[str, Mapping[int, str]], role: Markup) -> Markup:
    contact = known.get("contact", {}).get(row.get("contact") or 0)
    text = escape(label(target.label))
    if contact:
        text += Markup(" · <b>{}</b>{}").format(contact, role)
    return text + (Markup(" · {}").format(title) if title else Markup(""))


def _about(desk: Desk, target: Object, row: Row, known: Mapping[str, Mapping[int, str]]) -> Markup | None:
    """The child it is about, where that is not the record itself."""
    field = target.timeline or ""
    name, ident = row.get(field + "__o"), row.get(field)
    if name is None or ident is None or (name, ident) == (desk.target.name, desk.id):
        return None
    title = known.get(name, {}).get(ident)
    if title is None:
        return None
    kind = label(desk.work.catalog.object(name).label)
    return Markup('<a class="gx-link-plain" href="/o/{}/{}">{} {}</a>').format(name, ident, kind, title)


def _step(desk: Desk, item: Item, known: Mapping[str, Mapping[int, str]]) -> Entry:
    assert item.step is not None
    step = item.step
    return entry_of_step(desk, step, known, item.at)


def entry_of_step(desk: Desk, step: Step, known: Mapping[str, Mapping[int, str]], at: int) -> Entry:
    """A change of the record itself; on creation the values are not listed."""
    work, target, locale = desk.work, desk.target, desk.me.locale
    changes = []
    if step.op not in ("create", "trash", "restore"):
        for part in step.fields:
            back = part.field.name if part.old is not None and desk.may_edit(part.field) else ""
            old = show_values(work, target, part.field, part.old, known, locale) if part.old else EMPTY
            new = show_values(work, target, part.field, part.new, known, locale) if part.new else EMPTY
            changes.append(Changed(label(part.field.label), old, new, back))
    said = {
        "create": t("Created this {object}", object=label(target.label).lower()),
        "trash": t("Merged into another record") if step.kind == "merge" else t("Moved to the trash"),
        "restore": t("Taken out of the trash"),
        "undo": t("Undone"),
    }
    title = escape(said.get(step.op) or t("Changed {fields}", fields=_names(changes)))
    icon = "git-merge" if step.kind == "merge" else CHANGE_ICONS.get(step.op, "pencil")
    return Entry(CHANGES, icon, at, _person(desk, step.actor), step.actor, title, changes=changes, version=step.version)


def _names(changes: Sequence[Changed]) -> str:
    texts = [c.label for c in changes[:3]]
    return t(", ").join(texts) + ("…" if len(changes) > 3 else "")


def names_for_steps(desk: Desk, steps: Sequence[Step]) -> dict[str, dict[int, str]]:
    """Titles of everything those changes point at."""
    wanted: dict[str, set[int]] = {}
    for step in steps:
        _pointed_by_step(step, wanted)
    return {other: names(desk.work, other, ids) for other, ids in wanted.items()}
