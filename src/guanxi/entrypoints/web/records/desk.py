"""One record as its reader may see it: the row, names of what it points at, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from guanxi.base.errors import NotFound
from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.render import LOCALE
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.context import Work
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import clear_fields, level_on, may_become_edit, shown
from guanxi.kernel.records.read import get, references, target_of
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.verbs import verbs_on

ROOM = 9_223_372_036_854_775_807


@dataclass(frozen=True, slots=True)
class Desk:
    """A record on the table: `names` are titles of what it points at; `verbs` what the reader may do."""

    me: Visit
    work: Work
    target: Object
    row: Row
    names: Mapping[str, Mapping[int, str]]
    verbs: frozenset[str]
    trashed: bool = False

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def url(self) -> str:
        return f"/o/{self.target.name}/{self.id}"

    @property
    def title(self) -> str:
        """The record's name, or a sign that it is not for this reader."""
        field = self.work.catalog.field(self.target, self.target.title)
        value = self.row.get(field.column)
        if value is None:
            return "…"
        if field.type in ("lookup", "user", "team"):
            to = field.options.get("to", ("user",))
            return self.names.get(to[0], {}).get(value, "…")
        return str(value)

    @property
    def fields(self) -> Mapping[str, Field]:
        """What the reader reads in clear on this record."""
        return clear_fields(self.work, self.target, self.row)

    @property
    def shown(self) -> Mapping[str, Field]:
        """What the reader is shown: also fields that stand here as masks."""
        return shown(self.work, self.target)

    def may_edit(self, field: Field) -> bool:
        """Whether this reader may change that field of this record."""
        if "edit" not in self.verbs or self.trashed or not is_writable(self.work, self.target, field):
            return False
        if field.name in SYSTEM_NAMES:
            return "transfer" in self.verbs or self.row.get("owner") is None
        return level_on(self.work, self.target, field, self.row) == "edit"

    def is_masked(self, field: Field) -> bool:
        """Whether a mask stands here in place of the value."""
        return type(self.row.get(field.column)) is Masked


def is_writable(work: Work, target: Object, field: Field) -> bool:
    """Whether the caller's roles let them set the field at all, be it on some records only."""
    if field.name in SYSTEM_NAMES:
        may = work.actor.rights.scope(target.name, "transfer") != "none"
        return may and field.name == "owner" and target.kind in ("record", "document")
    fixed = field.read_only or field.retired or field.hidden or field.type in ("formula", "auto_number")
    if fixed:
        return False
    level = work.actor.rights.level(target.name, field.name)
    return level == "edit" or may_become_edit(work, target, field.name)


def open_desk(me: Visit, work: Work, name: str, ident: int, *, trash: bool = False) -> Desk:
    """Reads the record; NotFound if it is unknown or not theirs. `trash`: one in the trash will do."""
    target = target_of(work, name)
    trashed = False
    try:
        row = get(work, name, ident)
    except NotFound:
        if not trash:
            raise
        row, trashed = get(work, name, ident, trashed=True), True
    names = references(work, target, [row], list(readable(work, target)))
    return Desk(me, work, target, row, names, verbs_on(work, target, ident), trashed)


@contextmanager
def speaking(locale: Locale) -> Iterator[None]:
    """Words made in Python are in this reader's language."""
    token = LOCALE.set(locale)
    try:
        yield
    finally:
        LOCALE.reset(token)


@contextmanager
def at_desk(request: Request, *, trash: bool = False) -> Iterator[Desk]:
    """The record of the address, read in one unit of work."""
    me = visit(request)
    with me.space.read(me.user) as work, speaking(me.locale):
        yield open_desk(me, work, request.path_params["object"], ident_of(request), trash=trash)


def ident_of(request: Request) -> int:
    """The id in the address; an id no record can have is not found."""
    return number_of(request.path_params["id"])


def number_of(text: Any) -> int:
    """A record's id as text or number; NotFound if it cannot be one."""
    shown = str(text)
    if not (shown.isascii() and shown.isdigit()) or not 0 < int(shown[:20]) <= ROOM:
        raise NotFound
    return int(shown)
