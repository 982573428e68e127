"""Records like the one being typed: told beside the form, and asked about where they are somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import speaker
from guanxi.entrypoints.web.records.desk import is_writable, speaking
from guanxi.entrypoints.web.records.given import read_given, shown_fields, text_of
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Work
from guanxi.kernel.duplicates.asking import ask_owners
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.records.duplicates import look, row_of
from guanxi.kernel.records.hits import Found
from guanxi.kernel.records.masks import fillable
from guanxi.kernel.records.parse import may
from guanxi.kernel.records.probes import veiled
from guanxi.kernel.records.read import names, target_of
from guanxi.kernel.records.types import Row


@dataclass(frozen=True, slots=True)
class Like:
    """One line: a record one may open, or (without id) that there is one."""

    id: int
    title: str
    score: int
    reasons: str
    refused: bool
    team: str = ""


def likes_of(found: Found, me: Visit) -> list[Like]:
    """Lines in the reader's language."""
    between = "，" if me.locale.language == "zh-CN" else ", "
    seen = [
        Like(h.id, h.title, h.score, between.join(sentence(r, me.locale) for r in h.reasons), h.refused)
        for h in found.hits
        if h.row is None
    ]
    hidden = {(h.team, h.refused): Like(0, "", 0, "", h.refused, h.team) for h in found.hidden}
    return [*seen, *hidden.values()]


def watched(work: Work, target: Object) -> str:
    """Where in the form a change asks again: the inputs that keys are made from."""
    plan = plan_of(work.catalog, target)
    if plan is None:
        return ""
    names = [f.name for f in target.fields if f.column in plan.key_columns and f.type not in ("lookup", "user")]
    return ", ".join(f"#f-{name}" for name in names)


def _asked(work: Work, name: str, form: FormData) -> tuple[Object, Row]:
    target = target_of(work, name)
    may(work, target, "create")
    fields = [f for f in shown_fields(form, fillable(work, target)) if is_writable(work, target, f)]
    given: Mapping[str, Any] = read_given(form, fields)
    return target, row_of(work, target, given)


def show_likes(request: Request, me: Visit, form: FormData) -> Response:
    """What the half-filled form looks like."""
    with me.space.read(me.user) as work, speaking(me.locale):
        target, row = _asked(work, request.path_params["object"], form)
        (found,) = veiled(work, target, look(work, target, [row]))
        return piece(request, "record/likes.html", me, target=target, likes=likes_of(found, me),
                     pick=text_of(form, "_pick"))  # fmt: skip


def ask(request: Request, me: Visit, form: FormData) -> Response:
    """Asks the owners of what is out of sight."""
    t = speaker(me.locale)
    with me.space.write(me.user, kind="ask") as work:
        target, row = _asked(work, request.path_params["object"], form)
        asked = ask_owners(work, target, row)
    text = t("The owner was asked.") if asked else t("Nobody can be asked here.")
    return piece(request, "record/likes_asked.html", me, text=text)


def chosen(work: Work, target: Object, ident: str) -> tuple[int, str]:
    """A record that is taken instead of a new one, and its name; NotFound if it is not the caller's to see."""
    if not (ident.isascii() and ident.isdigit() and len(ident) < 20):
        raise NotFound
    found = names(work, target.name, [int(ident)])
    if int(ident) not in found:
        raise NotFound
    return int(ident), found[int(ident)]
