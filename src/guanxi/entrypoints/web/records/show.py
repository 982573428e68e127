"""The record's page and its pieces: quick view, timeline, history, who sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.freshness import freshness_of, told
from guanxi.entrypoints.web.records import feed, filing, head, lines
from guanxi.entrypoints.web.records.consents import consents
from guanxi.entrypoints.web.records.desk import Desk, at_desk, number_of
from guanxi.entrypoints.web.records.merging import lead
from guanxi.entrypoints.web.records.offers import followed, offers
from guanxi.entrypoints.web.records.related import related
from guanxi.entrypoints.web.records.sharing import shared_with
from guanxi.entrypoints.web.records.values import EMPTY, show_field, show_row
from guanxi.entrypoints.web.render import label, moment, object_template, t
from guanxi.entrypoints.web.session import address_of, visit
from guanxi.entrypoints.web.sharing import day_of
from guanxi.entrypoints.web.shell import page, piece
from guanxi.kernel.access import why
from guanxi.kernel.admin.because import explain_record, may_explain
from guanxi.kernel.records.aliases import ALIAS, merged_here
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.looks import note_record, note_steps
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.output import values_of
from guanxi.kernel.records.read import names, references
from guanxi.kernel.records.recents import note_opened
from guanxi.kernel.records.rollup_fresh import wait_for_own
from guanxi.kernel.records.shares import can_share

EDITED_IN_PLACE = {"text", "long_text", "email", "phone", "url", "integer", "decimal", "percent", "money", "date",
    "datetime", "boolean", "choice", "lookup", "user", "team", "tags", "multi_choice", "address"}  # fmt: skip
SHOWN_FIRST = 14


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the record: `edit` where a click edits it."""

    name: str
    label: str
    value: Markup
    edit: bool
    empty: bool
    wide: bool
    help: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of facts; empty fields of a folded one wait behind a word."""

    label: str
    facts: Sequence[Fact]
    folded: bool


def facts(desk: Desk) -> list[Section]:
    """The fields by the sections of the form; those no section names come last."""
    target = desk.target
    sections = [(label(s.label), s.fields) for s in target.form]
    named = {n for _, wanted in sections for n in wanted}
    rest = [f for f in target.fields if f.name not in named]
    for text, some in (
        (t("Added up"), tuple(f.name for f in rest if f.rollup is not None)),
        (t("Other"), tuple(f.name for f in rest if f.rollup is None)),
    ):
        sections += [(text, some)] if some else []
    system = ("owner", "team", "source", "created_by", "created_at", "updated_by", "updated_at")
    sections.append((t("Record"), system))
    found = []
    for text, wanted in sections:
        kept = [_fact(desk, n) for n in wanted if n in desk.shown and not desk.shown[n].hidden]
        kept = [f for f in kept if f.edit or not f.empty]
        if kept:
            found.append(Section(text, kept, text == t("Record")))
    return found


def _fact(desk: Desk, name: str) -> Fact:
    field = desk.shown[name]
    value = show_field(desk, field)
    edit = desk.may_edit(field) and field.type in EDITED_IN_PLACE
    help_ = label(field.help) if field.help is not None and field.rollup is not None else ""
    return Fact(name, label(field.label), value, edit, value == EMPTY, field.type in ("long_text", "image"), help_)


def show(request: Request) -> Response:
    """The whole page; an old id of a merged record leads to what it is now."""
    try:
        return _show(request)
    except NotFound:
        led = lead(request)
        if led is None:
            raise
        return led


def _show(request: Request) -> Response:
    me = visit(request)
    wait_for_own(me.space, me.user, str(request.path_params["object"]))
    with at_desk(request, trash=True) as desk:
        if desk.row.get(ALIAS) is not None:
            raise NotFound
        if not desk.trashed and not desk.me.viewer:
            note_opened(desk.me.space, desk.me.user, desk.target.id, desk.id)
        note_record(desk.work, desk.target, desk.row, entry="form", address=address_of(request))
        context = context_of(desk, request.query_params.get("kind", ""))
        template = object_template(desk.target.name, "show")
        return page(request, template, desk.me, active=desk.target.name, **context)


def context_of(desk: Desk, kind: str = "") -> dict[str, Any]:
    """Everything the page shows."""
    fresh = freshness_of(desk.work, desk.target.name)
    return {
        "desk": desk,
        "target": desk.target,
        "sections": facts(desk),
        "subtitle": head.subtitle(desk),
        "badges": head.badges(desk),
        "figures": head.figures(desk, fresh),
        "fresh": told(fresh),
        "path_steps": head.path(desk),
        "guidance": head.guidance(desk),
        "merged": [] if desk.trashed else merged_here(desk.work, desk.target, desk.id),
        "owner": _owner(desk),
        "chips": feed.chips(desk, kind),
        "feed": feed.read_feed(desk, kind),
        "related": related(desk),
        "shares": shared_with(desk) if can_share(desk.target) and not desk.trashed else None,
        "users": desk.work.catalog.config["user"],
        "day_of": day_of,
        "files": list(filing.files_of(desk).values()),
        "may_file": any(f.type == "files" and desk.may_edit(f) for f in desk.fields.values()),
        "offers": offers(desk),
        "followed": followed(desk),
        "commented": _commented(desk),
        "phone": _phone(desk),
        "grids": line_tables(desk),
        "consents": None if desk.trashed else consents(desk),
    }


def _owner(desk: Desk) -> dict[str, Any] | None:
    row = desk.work.catalog.config["user"].get(desk.row.get("owner") or 0)
    return {"id": row["id"], "name": row["name"]} if row else None


def _commented(desk: Desk) -> bool:
    comment = desk.work.catalog.objects.get("comment")
    return comment is not None and desk.target.name in desk.work.catalog.field(comment, "about").options["to"]


def _phone(desk: Desk) -> str:
    """The number the Call button dials."""
    for field in desk.fields.values():
        if field.type == "phone" and desk.row.get(field.column):
            return str(desk.row[field.column]).partition(";")[0]
    return ""


def line_tables(desk: Desk) -> list[dict[str, Any]]:
    """The lines of a document as tables to read."""
    found = []
    for name in desk.target.lines:
        line = desk.work.catalog.objects.get(name)
        if line is None or desk.work.actor.rights.scope(name, "read") == "none":
            continue
        allowed = shown(desk.work, line)
        columns = [allowed[n] for n in line.columns if n in allowed]
        rows = lines.rows_of_document(desk.work, line, desk.id)
        known = references(desk.work, line, rows, [f.name for f in columns])
        cells = [[show_row(desk.work, line, f, row, known, desk.me.locale) for f in columns] for row in rows]
        if len(columns) > 1 and all(c[0].striptags() == c[1].striptags() for c in cells):
            columns, cells = [columns[0], *columns[2:]], [[c[0], *c[2:]] for c in cells]  # the same name twice
        numeric = [f.type in ("money", "decimal", "percent", "integer") for f in columns]
        found.append({"label": label(line.plural), "heads": [label(f.label) for f in columns], "rows": cells,
                      "numeric": numeric})  # fmt: skip
    return found


def peek(request: Request) -> Response:
    """The quick view beside a list."""
    with at_desk(request) as desk:
        sections = facts(desk)
        note_record(desk.work, desk.target, desk.row, entry="form", address=address_of(request))
        filled = [f for s in sections for f in s.facts if not f.empty and s.label != t("Record")][:SHOWN_FIRST]
        return piece(
            request, object_template(desk.target.name, "peek"), desk.me, desk=desk, target=desk.target, facts=filled,
            subtitle=head.subtitle(desk), badges=head.badges(desk), figures=head.figures(desk)[:3],
            path_steps=head.path(desk), owner=_owner(desk), feed=feed.read_feed(desk), offers=offers(desk),
            phone=_phone(desk),
        )  # fmt: skip


def show_timeline(request: Request) -> Response:
    """More of the timeline, or the timeline of one kind."""
    with at_desk(request, trash=True) as desk:
        return timeline_piece(request, desk)


def timeline_piece(request: Request, desk: Desk, **extra: Any) -> Response:
    """The first page with its chips, or (with `at`) only the entries that follow."""
    kind, place = request.query_params.get("kind", ""), request.query_params.get("at", "")
    found = feed.read_feed(desk, kind, place)
    chips = [] if place else feed.chips(desk, kind)
    template = "record/entries.html" if place else "record/timeline.html"
    return piece(request, template, desk.me, desk=desk, feed=found, chips=chips, **extra)


def show_history(request: Request) -> Response:
    """Every change of the record, newest first."""
    with at_desk(request, trash=True) as desk:
        before = request.query_params.get("before", "")
        found = steps(
            desk.work, desk.target.name, desk.id, before=int(before) if before.isdecimal() else None, limit=51
        )
        note_steps(desk.work, desk.target.name, desk.id, found, entry="form", address=address_of(request))
        known = feed.names_for_steps(desk, found)
        entries = [(feed.entry_of_step(desk, s, known, s.at), s) for s in found[:50]]
        return page(
            request, "record/history.html", desk.me, active=desk.target.name, desk=desk, target=desk.target,
            entries=entries, next=found[49].version if len(found) > 50 else None, here=desk.row["version"],
        )  # fmt: skip


def show_who(request: Request) -> Response:
    """Why one sees the record, who else does; with `person` the same for somebody one may ask about."""
    with at_desk(request, trash=True) as desk:
        work, asked = desk.work, request.query_params.get("person", "")
        if asked:
            return _show_checked(request, desk, number_of(asked))
        found = why.people(work.session, work.catalog, desk.target, desk.id, work.now)
        shown = [w for w in found if w.reason != "admin"]
        own = explain_record(work, work.actor.user, desk.target, desk.id)
        return piece(request, "record/who.html", desk.me, desk=desk, people=shown[:12], more=len(shown) - 12,
                     users=work.catalog.config["user"], admins=len(found) - len(shown), reasons=reasons(), own=own,
                     through=_through(desk, shown[:12]), until=_until(shown[:12]))  # fmt: skip


def _show_checked(request: Request, desk: Desk, user: int) -> Response:
    """One person's access in sentences, for those who may ask: administrators, managers for people below."""
    work, row = desk.work, desk.work.catalog.config["user"].get(user)
    may = row is not None and row["active"] and may_explain(work, user)
    lines = explain_record(work, user, desk.target, desk.id) if may else []
    return piece(request, "record/who_checked.html", desk.me, lines=lines, may=may)


def _until(people: Sequence[why.Why]) -> dict[int, str]:
    """Where a right comes from and when it ends, by person."""
    found = {}
    for w in people:
        if w.by is not None:
            day = f" · {t('until {day}', day=moment(w.by.until))}" if w.by.until else ""
            found[w.user] = w.by.label + day
    return found


def reasons() -> dict[str, str]:
    """Why somebody sees a record, in words."""
    return {
        "owner": t("Responsible"),
        "author": t("Entered it"),
        "team": t("Same team"),
        "above": t("Manages the team"),
        "grant": t("It was shared with them"),
        "role": t("Their role sees all of these"),
        "everyone": t("Everybody sees these"),
        "admin": t("Administrator"),
    }


def _through(desk: Desk, people: Sequence[why.Why]) -> dict[tuple[str, int], str]:
    """Names of the parent records that rights come from."""
    wanted: dict[str, set[int]] = {}
    for known in people:
        if known.through:
            wanted.setdefault(known.through[0], set()).add(known.through[1])
    return {(name, i): title for name, ids in wanted.items() for i, title in names(desk.work, name, ids).items()}


def show_values_json(request: Request) -> Response:
    """Readable values of one record, for forms that take them over (a product's price)."""
    with at_desk(request) as desk:
        wanted = [n for n, f in desk.fields.items() if not f.hidden]
        return JSONResponse(values_of(desk.work.catalog, desk.target, desk.row, wanted))
