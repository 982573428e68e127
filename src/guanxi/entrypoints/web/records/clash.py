"""Two people edited one record: what it was at opening, what it is now, what I want; what does not clash is merged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.gate import BadValue
from guanxi.entrypoints.web.records.desk import Desk, open_desk, speaking
from guanxi.entrypoints.web.records.given import columns_for, differs, json_of, text_of
from guanxi.entrypoints.web.records.values import show_field, show_values
from guanxi.entrypoints.web.render import label, t
from guanxi.entrypoints.web.session import Visit, safe_path
from guanxi.entrypoints.web.shell import page, piece
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.output import values_of


@dataclass(frozen=True, slots=True)
class Clashing:
    """One field both changed, or one that was merged: as shown at opening, now, and as I want it."""

    name: str
    label: str
    opened: Markup
    now: Markup
    mine: Markup
    merged: bool


def resolved(form: FormData) -> dict[str, Any] | None:
    """My values after the choice in the dialog; None if this form is not that dialog."""
    if not text_of(form, "_mine"):
        return None
    mine = json_of(text_of(form, "_mine"))
    every = text_of(form, "_take")
    return {n: v for n, v in mine.items() if (every or text_of(form, f"pick__{n}") or "mine") == "mine"}


def show_clash(
    request: Request, me: Visit, name: str, ident: int, mine: Mapping[str, Any], was: Mapping[str, Any], form: FormData
) -> Response:
    """The dialog: over its own page, or as a piece for a cell."""
    with me.space.read(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, name, ident)
        now = values_of(work.catalog, desk.target, desk.row, [n for n in desk.fields if n in mine])
        found = [
            _judge(desk, desk.fields[n], raw, was.get(n), now.get(n)) for n, raw in mine.items() if n in desk.fields
        ]
        recent = steps(work, name, ident, limit=1)
        context: dict[str, Any] = {
            "desk": desk,
            "rows": [c for c in found if not c.merged],
            "merged": [c for c in found if c.merged],
            "mine": json.dumps(mine),
            "was": json.dumps(now),
            "last": recent[0] if recent else None,
            "who": _name(desk, recent[0].actor) if recent else "",
            "back": safe_path(text_of(form, "_back") or desk.url),
        }
        if request.headers.get("hx-request") == "true":
            return piece(request, "record/conflict.html", me, status=409, **context)
        return page(request, "record/conflict_page.html", me, status=409, active=name, **context)


def _name(desk: Desk, user: int) -> str:
    row = desk.work.catalog.config["user"].get(user)
    return str(row["name"]) if row else t("System")


def _judge(desk: Desk, field: Field, mine: Any, was: Any, now: Any) -> Clashing:
    work, target = desk.work, desk.target
    merged = not differs(work, target, field, now, was) or not differs(work, target, field, now, mine)
    return Clashing(
        field.name,
        label(field.label),
        _shown(desk, field, was),
        show_field(desk, field),
        _shown(desk, field, mine),
        merged,
    )


def _shown(desk: Desk, field: Field, raw: Any) -> Markup:
    """A raw value as it would be shown; what cannot be read is shown as it was typed."""
    try:
        if field.name == "owner":
            values: tuple[Any, ...] = (int(raw),) if str(raw or "").isdecimal() else (None,)
        else:
            values = columns_for(desk.work, desk.target, field, raw)
    except BadValue:
        return Markup.escape(str(raw))
    return show_values(desk.work, desk.target, field, values, desk.names, desk.me.locale)
