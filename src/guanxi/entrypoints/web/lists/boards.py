"""Pages of the board: the whole of it, more cards of a column, a card that was moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import Conflict, FieldError, Invalid, Problem, msg
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists import board, marks
from guanxi.entrypoints.web.lists.board import Column
from guanxi.entrypoints.web.lists.editing import editor_of
from guanxi.entrypoints.web.lists.page import Asked, ask
from guanxi.entrypoints.web.lists.posted import came_from, leave, name_of, posted, text_of, toast
from guanxi.entrypoints.web.lists.state import read_query, read_state
from guanxi.entrypoints.web.lists.table import count_rules
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import page, piece
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Change, Row, Saved
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MORE = 50


def show_board(request: Request) -> Response:
    """`/o/{object}/board`"""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked, columns = _asked(work, request, me)
        board.figures(work, asked, columns)
        board.lay_cards(work, asked, columns)
        rows = [row for c in columns for row in c.cards]
        context = _context(work, asked, columns, rows, me)
        if board.can_rot(work, asked.target):
            still = board.rotting_condition(work, asked.target, columns)
            context["still"] = count(work, replace(asked, extra=still).query(), 1_000)[0] if still else None
    return page(request, "record/board.html", me, active=asked.target.name, **context)


def show_more(request: Request) -> Response:
    """More cards of one column, below the first."""
    me, key = visit(request), request.query_params.get("column", "")
    with me.space.read(me.user) as work:
        asked, columns = _asked(work, request, me)
        column = next((c for c in columns if str(c.key) == key), None)
        if column is None:
            return render.respond("")
        field = board.steps_of(asked.target).field
        literal = f'"{column.key}"' if isinstance(column.key, str) else str(column.key)
        both = " and ".join(f"({part})" for part in (asked.extra, f"{field} = {literal}") if part)
        query = replace(asked, extra=both).query(
            fields=board.card_fields(work, asked.target), sort=board.order_of(work, asked.target), limit=MORE,
            cursor=request.query_params.get("after") or None,
        )  # fmt: skip
        found = find(work, query)
        offset = board.CARDS if not query.cursor else 0
        column.cards = found.rows[offset:]
        context = _context(work, asked, columns, column.cards, me)
    return piece(request, "record/board_cards.html", me, column=column, following=found.next, **context)


def _asked(work: Work, request: Request, me: Visit) -> tuple[Asked, list[Column]]:
    state = read_state(name_of(request), request.query_params)
    asked = ask(work, state, me.locale, page="board")
    known = board.pipelines(work, asked.target)
    pipeline = asked.state.pipeline if asked.state.pipeline in {k for k, _ in known} else (known[0][0] if known else "")
    asked = replace(asked, state=replace(asked.state, pipeline=pipeline),
                    extra=board.extra_condition(asked.target, pipeline))  # fmt: skip
    columns = board.columns_of(work, asked.target, pipeline, me.locale)
    return board.narrowed(asked, work, columns), columns


def _context(work: Work, asked: Asked, columns: list[Column], rows: list[Row], me: Visit) -> dict[str, Any]:
    target, state = asked.target, asked.state
    tabs = [{"text": b.label.in_(me.locale.language), "url": f"/o/{target.name}/board?view={b.name}",
             "on": state.view == b.name} for b in asked.tabs]  # fmt: skip
    tabs += [{"text": v.name, "url": f"/o/{target.name}/board?view={v.id}", "on": state.view == str(v.id)}
             for v in asked.views]  # fmt: skip
    rights = me.actor.rights
    return {
        "target": target,
        "steps": board.steps_of(target),
        "state": state,
        "asked": asked,
        "columns": [c for c in columns if c.kind == "open"],
        "strips": sorted((c for c in columns if c.kind != "open"), key=lambda c: c.kind != "won"),
        "facts": board.facts_of(work, target, rows),
        "next": marks.next_marker(work, me.locale),
        "avatar": marks.avatar,
        "tabs": tabs,
        "pipelines": board.pipelines(work, target),
        "weighted": board.weighted_of(work, target),
        "url_state": state.pairs(),
        "rules": count_rules(state.where),
        "still": None,
        "board": True,
        "may_create": rights.scope(target.name, "create") != "none",
        "may_edit": rights.scope(target.name, "edit") != "none",
        "may_share": rights.can("share_views"),
    }


def move_card(request: Request, form: FormData) -> Response:
    """A drop: moved, with new sums; or a small dialog that asks for what the stage still needs."""
    me, name, ident = visit(request), name_of(request), request.path_params["id"]
    wanted, version = text_of(form, "to"), text_of(form, "version")
    values = {k[2:]: v for k, v in form.items() if k.startswith("v.") and isinstance(v, str)}
    asked_before = bool(text_of(form, "gate"))
    with me.space.read(me.user) as work:
        target = ask(work, read_query(name, ""), me.locale).target
        row = get(work, name, ident)
    try:
        with me.space.write(me.user) as work:
            saved = _move(work, target, ident, wanted, int(version) if version.isdigit() else None, values)
    except Invalid as problem:
        return _gate(request, me, target, row, wanted, problem, values)
    except Conflict as problem:
        return _refused(request, me, problem)
    undo = f"/operations/{saved.operation}/undo"
    note = render.sentence(msg("Moved"), me.locale)
    if asked_before:
        return leave(request, came_from(request, f"/o/{name}/board"), note=note, undo=undo)
    return _moved(request, me, saved, note, undo)


def _move(work: Work, target: Object, ident: int, wanted: str, version: int | None, values: dict[str, Any]) -> Saved:
    """By the object's own action where it has one, else as an edit of the step field."""
    actions = (a for app in work.catalog.apps for a in app.actions)
    action = next((a for a in actions if a.object == target.name and a.name == "move_stage"), None)
    if action is not None:
        stage = int(wanted) if wanted.isdigit() else 0
        done: Saved = action.run(work, action.input(id=ident, stage=stage, version=version, values=values))
        return done
    field = board.steps_of(target).field
    return save(work, [Change("edit", target.name, {**values, field: wanted}, id=ident, version=version)])


def _moved(request: Request, me: Visit, saved: Saved, note: str, undo: str) -> Response:
    back = came_from(request, f"/o/{name_of(request)}/board")
    with me.space.read(me.user) as work:
        asked = ask(work, read_query(name_of(request), back.partition("?")[2]), me.locale, page="board")
        known = board.pipelines(work, asked.target)
        pipeline = asked.state.pipeline or (known[0][0] if known else "")
        asked = replace(asked, extra=board.extra_condition(asked.target, pipeline))
        columns = board.columns_of(work, asked.target, pipeline, me.locale)
        asked = board.narrowed(asked, work, columns)
        board.figures(work, asked, columns)
        weighted = board.weighted_of(work, asked.target)
        steps = board.steps_of(asked.target)
    answer = piece(request, "record/board_moved.html", me, columns=columns, weighted=weighted, steps=steps,
                   trigger=toast(note, undo))  # fmt: skip
    answer.headers["X-Version"] = str(saved.outcomes[0].version)
    return answer


def _refused(request: Request, me: Visit, problem: Problem) -> Response:
    text = render.sentence(problem.message, me.locale)
    return piece(request, "record/list_rows.html", me, status=problem.status, rows="", more="", span=1,
                 trigger=toast(text, tone="red"))  # fmt: skip


def _gate(
    request: Request, me: Visit, target: Object, row: Row, wanted: str, problem: Invalid, values: dict[str, Any]
) -> Response:
    """The dialog beside the card: only the fields that are missing."""
    with me.space.read(me.user) as work:
        allowed = readable(work, target)
        first: dict[str, FieldError] = {}
        for error in problem.errors:
            first.setdefault(error.field, error)
        asked_for = [n for n in first if n in allowed and n != board.steps_of(target).field]
        if not asked_for:
            return _refused(request, me, problem)
        names = list(dict.fromkeys([*values, *asked_for]))
        editors = [
            {**editor_of(work, allowed[n], row, me.locale, values.get(n)), "error": _fault(first.get(n), values, n, me)}
            for n in names
            if n in allowed
        ]
        columns = board.columns_of(work, target, "", me.locale)
        stage = next((c.text for c in columns if str(c.key) == wanted), "")
        here = next((c.text for c in columns if c.key == row.get(allowed[board.steps_of(target).field].column)), "")
        title = str(row.get(allowed[target.title].column) or "")
    return piece(request, "record/board_gate.html", me, status=422, target=target, id=row["id"], to=wanted,
                 version=row["version"], stage=stage, here=here, title=title, editors=editors)  # fmt: skip


def _fault(error: FieldError | None, values: dict[str, Any], name: str, me: Visit) -> str:
    """At first only what is asked; a sentence when what was given does not do."""
    if error is None or (name not in values and error.code == "stage_requires"):
        return ""
    return render.sentence(error.message, me.locale)


store_move = posted(move_card)
