"""Answers of the filter bar: values to choose from while typing, the builder, its estimates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guanxi.base.errors import BadInput, Problem
from guanxi.base.text import fold, pinyin_initials
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists import builder, facets
from guanxi.entrypoints.web.lists.page import ask, target_for
from guanxi.entrypoints.web.lists.posted import json_of, name_of, text_of
from guanxi.entrypoints.web.lists.state import State, read_query, read_state
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.records.read import find
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MOST = 40


def show_facets(request: Request) -> Response:
    """Filter words that fit what is typed; without text the fields, each with its values."""
    me, typed = visit(request), request.query_params.get("typed", "").strip()[:60]
    on_board = request.query_params.get("page", "")
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        found: list[dict[str, Any]] = []
        for field in facets.facet_fields(work, asked.target):
            chosen = asked.state.facets.get(field.name, ())
            options, named = facets.options_of(work, field, me.locale, chosen), looked_up(work, field, typed, chosen)
            if not named and [o.value for o in options] == [facets.EMPTY] and not chosen:
                continue  # its values are too many to list: they come when something is typed
            label = field.label.in_(me.locale.language)
            fits = [o for o in options if not typed or _fits(typed, o.text) or _fits(typed, label)] + named
            shown = [{"text": o.text, "on": o.on, "url": _toggled(asked.state, field.name, o, on_board)} for o in fits]
            if shown:
                found.append({"label": label, "options": shown})
    return piece(request, "record/list_facets.html", me, groups=found[:MOST], typed=typed)


def looked_up(work: Work, field: Field, typed: str, chosen: Sequence[str]) -> list[facets.Option]:
    """Records a lookup may point at whose names fit what is typed."""
    targets = targets_of(field) if field.type == "lookup" and len(typed) > 1 else ()
    if len(targets) != 1 or targets[0] in work.catalog.config:
        return []
    other = work.catalog.object(targets[0])
    if other.access != "all" and work.actor.rights.scope(other.name, "read") == "none":
        return []
    column = work.catalog.field(other, other.title).column
    rows = find(work, Query(other.name, text=typed, fields=(other.title,), limit=5)).rows
    return [facets.Option(str(r["id"]), str(r[column] or ""), str(r["id"]) in chosen) for r in rows]


def _fits(typed: str, text: str) -> bool:
    return fold(typed) in fold(text) or pinyin_initials(text).startswith(typed.lower())


def _toggled(state: State, name: str, option: facets.Option, page: str) -> str:
    chosen = state.facets.get(name, ())
    values = [v for v in chosen if v != option.value] if option.on else [*chosen, option.value]
    return state.url(page, facets=state.with_facet(name, values))


def show_builder(request: Request) -> Response:
    """What the builder needs: fields with operators and values, and the present condition as groups."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        try:
            groups = builder.groups_in(work, asked.target, asked.state.where)
        except Problem:
            groups = {"all": [{"text": asked.state.where}]}
        data = {
            "fields": builder.offers(work, asked.target, me.locale),
            "periods": builder.periods(me.locale),
            "groups": groups,
            "text": asked.state.where,
            "query": asked.state.url()[len(f"/o/{asked.target.name}") :],
        }
    return piece(request, "record/list_builder.html", me, data=data, target=asked.target)


def estimate(request: Request, form: FormData) -> Response:
    """How many records each line lets through; also the address that applies the condition."""
    me = visit(request)
    groups, text, query = json_of(text_of(form, "groups")), text_of(form, "text"), text_of(form, "query")
    with me.space.read(me.user) as work:
        target = target_for(work, name_of(request))
        asked = ask(work, read_query(target.name, query), me.locale)
        rest = facets.condition_of(n.where for n in asked.narrowed)
        if text_of(form, "mode") == "text":
            groups = {"all": [{"text": text}]} if text.strip() else {"all": []}
        found = builder.estimates(work, target, groups, rest)
        if not found["errors"]:
            found["url"] = asked.state.url(text_of(form, "page"), where=found["text"])
            found["groups"] = builder.groups_in(work, target, found["text"])
    found["errors"] = {
        place: {"text": render.sentence(problem.message, me.locale), "excerpt": problem.extra.get("excerpt", "")}
        for place, problem in found["errors"].items()
    }
    if len(found["text"]) > 4_000:
        raise BadInput("This condition is too long for an address. Save it as a view.")
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
