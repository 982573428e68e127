"""The list of an object as a table: page, rows of a group, count."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.dates import iso_date
from guanxi.base.errors import BadInput, Problem
from guanxi.entrypoints.web import parts, render
from guanxi.entrypoints.web.freshness import freshness_of, told
from guanxi.entrypoints.web.lists import cells, facets
from guanxi.entrypoints.web.lists.page import (
    SIZE,
    Asked,
    ask,
    blame,
    check_where,
    groupable,
    is_number,
    sort_of,
    sortable,
    summable,
)
from guanxi.entrypoints.web.lists.posted import name_of
from guanxi.entrypoints.web.lists.state import is_changed, read_state
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import page, piece
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.expr import conjuncts, parse
from guanxi.kernel.records.bulk import job_state
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import count, find, names
from guanxi.kernel.records.rollup_fresh import wait_for_own
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.shares import can_share
from guanxi.kernel.records.tally import tally

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

EXACT_SECONDS = 20.0
MOST_GROUPS = 200


def show_list(request: Request) -> Response:
    """`/o/{object}`"""
    me, began = visit(request), time.perf_counter()
    wait_for_own(me.space, me.user, name_of(request))
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        context = _context(work, asked, me)
        context["job"] = _job(work, request)
    took = round(time.perf_counter() - began, 2)
    return page(request, "record/list.html", me, active=asked.target.name, took=took, **context)


def show_rows(request: Request) -> Response:
    """Rows alone: a group that was opened, or more of it."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        asked = replace(asked, extra=_group_condition(work, asked, request.query_params.get("in", "")))
        fields = cells.columns_for(work, asked.target, asked.state.columns)
        found = find(work, asked.query(fields=cells.needed(work, asked.target, fields), sort=sort_of(work, asked),
                                       limit=SIZE, cursor=asked.state.cursor or None))  # fmt: skip
        html = cells.rows_html(work, asked.target, fields, found.rows, me.locale)
    more = request.url.include_query_params(cursor=found.next) if found.next else None
    address = f"{more.path}?{more.query}" if more else ""
    return piece(request, "record/list_rows.html", me, rows=html, more=address, span=len(fields) + 1)


def show_count(request: Request) -> Response:
    """How many there are: up to a thousand at once, exactly on demand."""
    me, exact = visit(request), request.query_params.get("exact") == "1"
    with me.space.read(me.user, timeout=EXACT_SECONDS if exact else 3.0) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        found, more = count(work, asked.query(), 0 if exact else 1_000)
    return piece(request, "record/list_count.html", me, found=found, more=more)


def show_columns(request: Request) -> Response:
    """The columns to choose from; asked for when the pop-over opens."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        fields = cells.columns_for(work, asked.target, asked.state.columns)
        others = [f for f in shown(work, asked.target).values() if not f.hidden and f.name not in ("id", "version")]
    return piece(request, "record/list_columns.html", me, target=asked.target, fields=fields, all_fields=others,
                 url_state=asked.state.pairs())  # fmt: skip


def show_groups(request: Request) -> Response:
    """The fields to group by."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        fields = groupable(work, asked.target)
    return piece(request, "record/list_groups.html", me, state=asked.state, group_fields=fields)


def show_job(request: Request) -> Response:
    """How far a bulk edit of many records is."""
    me = visit(request)
    with me.space.read(me.user) as work:
        return piece(request, "record/list_job.html", me, job=_job(work, request), object=name_of(request))


def _job(work: Work, request: Request) -> dict[str, Any] | None:
    given = request.query_params.get("job", "")
    found = job_state(work, int(given)) if given.isdigit() and len(given) < 19 else None
    if found is None:
        return None
    done = found.status in ("done", "dead")
    percent = 100 * found.done // found.total if found.total else 0
    return {"id": given, "done": done, "state": found, "percent": percent}


def _context(work: Work, asked: Asked, me: Visit) -> dict[str, Any]:
    target, state = asked.target, asked.state
    problem = check_where(work, asked)
    if problem is not None:
        asked = replace(asked, state=replace(state, where=""))
    fields = cells.columns_for(work, target, state.columns)
    context: dict[str, Any] = {
        "target": target,
        "state": state,
        "asked": asked,
        "fields": fields,
        "heads": heads(work, asked, fields),
        "problem": render.sentence(problem.message, me.locale) if problem else "",
        "excerpt": problem.extra.get("excerpt", "") if problem else "",
        "changed": bool(state.view) and is_changed(state, asked.spec),
        "rules": count_rules(state.where),
        "groups": None,
        "rows": Markup(""),
        "next": None,
        "previous": None,
        "blame": None,
        "shown": 0,
        "fresh": told(freshness_of(work, target.name)) if any(f.rollup is not None for f in fields) else "",
        **_menus(asked, me),
    }
    if state.group and state.group in {f.name for f in groupable(work, target)}:
        context["groups"] = _groups(work, asked, fields, me)
        context["shown"] = len(context["groups"])
    else:
        context |= _rows(work, asked, fields, me)
    if not context["shown"] and state.narrowed:
        context["blame"] = blame(work, asked)
    return context


def _rows(work: Work, asked: Asked, fields: list[Field], me: Visit) -> dict[str, Any]:
    wanted = {"fields": cells.needed(work, asked.target, fields), "sort": sort_of(work, asked), "limit": SIZE}
    try:
        found = find(work, asked.query(**wanted, cursor=asked.state.cursor or None))
    except BadInput:
        found = find(work, asked.query(**wanted))  # a link made for another order: from the beginning
    return {
        "rows": cells.rows_html(work, asked.target, fields, found.rows, me.locale),
        "shown": len(found.rows),
        "next": asked.state.url(cursor=found.next) if found.next else None,
        "previous": asked.state.url(cursor=found.previous) if found.previous else None,
    }


def count_rules(where: str) -> int:
    """How many conditions the builder's button shows: those joined by `and` on the outside."""
    if not where:
        return 0
    try:
        return len(conjuncts(parse(where)))
    except Problem:
        return 1


def heads(work: Work, asked: Asked, fields: list[Field]) -> list[dict[str, Any]]:
    """Column heads with the address that sorts by them."""
    order = sort_of(work, asked) or (asked.target.sort,)
    first, allowed = order[0], readable(work, asked.target)
    found = []
    for field in fields:
        direction = "" if first.lstrip("-") != field.name else "desc" if first.startswith("-") else "asc"
        down = direction == "asc" or (not direction and is_number(field))
        may = sortable(field) and field.name in allowed
        url = asked.state.url(sort=(f"-{field.name}" if down else field.name,)) if may else None
        found.append({"label": field.label, "url": url, "direction": direction, "number": is_number(field)})
    return found


def _menus(asked: Asked, me: Visit) -> dict[str, Any]:
    rights, target = me.actor.rights, asked.target
    tabs = [{"text": render.sentence(b.label, me.locale), "url": f"/o/{target.name}?view={b.name}",
             "on": asked.state.view == b.name} for b in asked.tabs]  # fmt: skip
    tabs += [
        {"text": v.name, "url": f"/o/{target.name}?view={v.id}", "on": asked.state.view == str(v.id),
         "icon": "users" if v.shared else "lock"}
        for v in asked.views
    ]  # fmt: skip
    return {
        "tabs": tabs,
        "may_create": rights.scope(target.name, "create") != "none" and target.kind in ("record", "document", "config"),
        "may_edit": rights.scope(target.name, "edit") != "none",
        "may_delete": rights.scope(target.name, "delete") != "none",
        "may_export": rights.scope(target.name, "export") != "none",
        "may_bulk": rights.scope(target.name, "bulk") != "none",
        "may_transfer": rights.scope(target.name, "transfer") != "none",
        "may_give": can_share(target) and rights.scope(target.name, "share") != "none",
        "may_share": rights.can("share_views"),
        "may_print": rights.can("print"),
        "has_board": target.steps is not None,
        "tagged": any(f.type == "tags" for f in target.fields),
        "url_state": asked.state.pairs(),
    }


def _groups(work: Work, asked: Asked, fields: list[Field], me: Visit) -> list[dict[str, Any]]:
    field = work.catalog.field(asked.target, asked.state.group)
    by = f"{field.name}:month" if field.type in ("date", "datetime") else field.name
    allowed = readable(work, asked.target)
    sums = summable([f for f in fields if f.name in allowed])
    found = tally(work, asked.query(), [by], sums)[:MOST_GROUPS]
    labels = _group_labels(work, field, [g.keys[0] for g in found], me)
    groups = []
    for group, text in zip(found, labels, strict=True):
        key = "-" if group.keys[0] is None else str(group.keys[0])
        groups.append({"key": key, "text": text, "count": group.count,
                       "sums": [group.values.get(f.name) if f.name in sums else None for f in fields[1:]],
                       "url": asked.state.url("rows", cursor="") + f"&in={key}"})  # fmt: skip
    return groups


def _group_labels(work: Work, field: Field, keys: list[Any], me: Visit) -> list[str]:
    if field.type in ("date", "datetime"):
        zh = me.locale.language == "zh-CN"
        dates = [parts.show_date(k, me.locale, "full") if k is not None else "" for k in keys]
        return [("没填" if zh else "Empty") if k is None else d[:7] if zh else d.partition(" ")[2]
                for k, d in zip(keys, dates, strict=True)]  # fmt: skip
    values = [facets.EMPTY if k is None else str(k) for k in keys]
    if field.type in ("lookup", "user", "team"):
        known = names(work, targets_of(field)[0], [k for k in keys if k is not None])
        none = facets.shown_values(work, field, [facets.EMPTY], me.locale)[0]
        return [none if k is None else known.get(k, "…") for k in keys]
    return facets.shown_values(work, field, values, me.locale)


def _group_condition(work: Work, asked: Asked, key: str) -> str:
    field = readable(work, asked.target).get(asked.state.group)
    if field is None or not key:
        return ""
    if key == "-":
        return f"is_empty({field.name})"
    if field.type in ("date", "datetime"):
        day = iso_date(int(key)) if key.lstrip("-").isdigit() else "1970-01-01"
        first = f'date("{day}")'
        return f"year({field.name}) = year({first}) and month({field.name}) = month({first})"
    return facets.facet_condition(work, field, [key])
