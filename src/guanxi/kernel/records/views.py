"""Saved views of a list: private or for everyone, kept as records so that history and undo hold for them too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import Forbidden, NotFound, msg
from guanxi.kernel.expr.unparse import quote
from guanxi.kernel.records.read import find
from guanxi.kernel.records.sealing import without_values
from guanxi.kernel.records.types import Change, Query, Row, Saved
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MOST = 100
FIELDS = ("name", "object", "person", "shared", "spec", "position")


@dataclass(frozen=True, slots=True)
class View:
    """One saved view. `spec` is what the list page keeps of its state; `mine`: the caller may change it."""

    id: int
    name: str
    object: str
    shared: bool
    mine: bool
    spec: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0


def views_of(work: Work, object_name: str) -> list[View]:
    """The caller's own views and the shared ones, in order."""
    where = f"object = {quote(object_name)} and (person = {work.actor.user} or shared = true)"
    rows = find(work, Query("view", where, fields=FIELDS, sort=("created_at",), limit=MOST)).rows
    rows.sort(key=lambda row: row["position"] or 0)  # here: the database would take two questions for empty places
    return [_view(work, row) for row in rows]


def view_of(work: Work, ident: int) -> View:
    """One view the caller may use."""
    where = f"id = {ident} and (person = {work.actor.user} or shared = true)"
    rows = find(work, Query("view", where, fields=FIELDS, limit=1)).rows
    if not rows:
        raise NotFound
    return _view(work, rows[0])


def _view(work: Work, row: Row) -> View:
    spec = _spec(row.get("spec"))
    mine = row["person"] == work.actor.user or (bool(row["shared"]) and work.actor.rights.can("share_views"))
    return View(row["id"], row["name"], row["object"], bool(row["shared"]), mine, spec, row["version"])


def _spec(text: str | None) -> dict[str, Any]:
    """What is kept of the list; nothing if it is no such thing: a broken view must not break everybody's list."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def add_view(work: Work, object_name: str, name: str, spec: Mapping[str, Any], *, shared: bool = False) -> int:
    """A new view; sharing it with everyone is an ability."""
    _may_share(work, shared)
    values = {
        "name": name,
        "object": object_name,
        "person": str(work.actor.user),
        "shared": shared,
        "spec": _kept(work, object_name, spec),
    }
    with work.as_system("saved view"):
        return save(work, [Change("create", "view", values)]).id


def change_view(
    work: Work, ident: int, *, name: str | None = None, spec: Mapping[str, Any] | None = None,
    shared: bool | None = None,
) -> Saved:  # fmt: skip
    """Renames a view, keeps its new contents, or shares it."""
    view = _own(work, ident)
    _may_share(work, shared if shared is not None else view.shared)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = name
    if spec is not None:
        values["spec"] = _kept(work, view.object, spec)
    if shared is not None:
        values["shared"] = shared
    with work.as_system("saved view"):
        return save(work, [Change("edit", "view", values, id=ident)])


def _kept(work: Work, object_name: str, spec: Mapping[str, Any]) -> str:
    """As it is stored: its condition without values of encrypted fields."""
    target = work.catalog.objects.get(object_name)
    if target is not None and isinstance(where := spec.get("where"), str):
        spec = {**spec, "where": without_values(work, target, where)}
    return msgspec.json.encode(spec).decode()


def drop_view(work: Work, ident: int) -> Saved:
    """Puts a view into the trash."""
    _own(work, ident)
    with work.as_system("saved view"):
        return save(work, [Change("trash", "view", id=ident)])


def _own(work: Work, ident: int) -> View:
    view = view_of(work, ident)
    if not view.mine:
        raise Forbidden(msg("This view belongs to somebody else. Save it under another name."))
    return view


def _may_share(work: Work, shared: bool) -> None:
    if shared and not work.actor.rights.can("share_views"):
        raise Forbidden(msg("Your roles do not let you share views with everyone."))
