"""What a person allows, on their page: purposes by channels, one click to withdraw, a form to record an answer."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.lists.posted import leave, text_of
from guanxi.entrypoints.web.records.desk import Desk, ident_of
from guanxi.entrypoints.web.records.forms import t_for
from guanxi.entrypoints.web.render import label, sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.uses import channels_of, matrix_of, purposes_of
from guanxi.kernel.records.write import save


@dataclass(frozen=True, slots=True)
class Cell:
    """One purpose through one channel."""

    channel: str
    label: str
    allowed: bool
    said: bool  # by an answer, not by the lack of one
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One purpose; `new` leads to the form of an answer, `withdrawable` while any channel is allowed."""

    code: str
    label: str
    cells: tuple[Cell, ...]
    new: str
    withdrawable: bool

    @property
    def silent(self) -> bool:
        """Nothing was ever answered for it."""
        return not any(c.said for c in self.cells)


@dataclass(frozen=True, slots=True)
class Consents:
    """The whole section; `may` add answers."""

    lines: tuple[Line, ...]
    all: str
    may: bool


def consents(desk: Desk) -> Consents | None:
    """The matrix of this person; nothing for records that are not people, or where one may not see answers."""
    work, name = desk.work, desk.target.name
    if work.actor.rights.scope("consent", "read") == "none" or not (purposes := purposes_of(work, name)):
        return None
    matrix, channels = matrix_of(work, name, desk.id), channels_of(work, name)
    may = work.actor.rights.scope("consent", "create") != "none" and not desk.me.viewer
    lines = []
    for purpose in purposes:
        found = [(c, matrix[purpose.code, c.key]) for c in channels]
        cells = tuple(
            Cell(c.key, label(c.label), v.allowed, v.consent is not None, sentence(v.reason, desk.me.locale))
            for c, v in found
        )
        number = purpose_id(work, purpose.code)
        preset = f"person={name}:{desk.id}&purpose={number}&back={quote(desk.url, safe='')}"
        lines.append(Line(purpose.code, label(purpose.label), cells, f"/o/consent/new?quick=1&{preset}",
                          any(c.allowed for c in cells)))  # fmt: skip
    return Consents(tuple(lines), f"/o/consent?edited=1&where={quote(f'person = {desk.id}')}", may)


def purpose_id(work: Work, code: str) -> int:
    """The record behind a purpose's code."""
    rows = work.catalog.config["consent_purpose"]
    found = next((i for i, row in rows.items() if row["code"] == code and row["active"]), None)
    if found is None:
        raise NotFound
    return found


def withdraw(request: Request, me: Visit, form: FormData) -> Response:
    """One click: a new answer "withdrawn", for one channel or all of them; it holds from this commit on."""
    name, number = request.path_params["object"], ident_of(request)
    channel = text_of(form, "channel")
    with me.space.write(me.user) as work:
        get(work, name, number)
        if not purposes_of(work, name):
            raise NotFound
        values = {"person": {"object": name, "id": str(number)}, "answer": "withdrawn",
                  "purpose": str(purpose_id(work, text_of(form, "purpose"))),
                  "channels": [channel] if channel else []}  # fmt: skip
        saved = save(work, [Change("create", "consent", values)])
    undo = f"/operations/{saved.operation}/undo"
    return leave(request, f"/o/{name}/{number}", note=t_for(me, "Consent withdrawn"), undo=undo)
