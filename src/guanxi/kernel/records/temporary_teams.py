"""Temporary teams: who may make one, keeping it in order, and what it works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import FieldError, Forbidden, Invalid, NotFound, msg
from guanxi.kernel.access.actors import Actor
from guanxi.kernel.access.teams import MOST, lasts, people_of
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shares import can_share
from guanxi.kernel.records.types import Change, Row, Saved
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

REASON = "temporary team"
SHOWN = 200


def may_make(actor: Actor, catalog: Catalog) -> bool:
    """Whoever leads a team, or may share more than their own records, may bring people together."""
    rights = actor.rights
    if rights.admin or any(row["lead"] == actor.user for row in catalog.config["team"].values()):
        return True
    wide = ("team", "subtree", "all")
    return any(rights.scope(o.name, "share") in wide for o in catalog.objects.values() if can_share(o))


def may_change(actor: Actor, row: Row) -> bool:
    """Its lead, whoever made it, and administrators."""
    return actor.rights.admin or actor.user in (row["lead"], row["created_by"])


def theirs(work: Work) -> list[Row]:
    """Teams the caller leads, made or is in; all of them for administrators; those still there first."""
    actor = work.actor
    known = work.catalog.config["virtual_team"].values()
    rows = [row for row in known if may_change(actor, row) or actor.user in people_of(row)]
    return sorted(rows, key=lambda r: (lasts(work.catalog, r)[1] <= work.now, r["ends_on"], r["id"]))


def save_team(work: Work, values: Mapping[str, Any], ident: int | None = None) -> Saved:
    """A new team, or a change of one's own; the members may not be in too many at a time."""
    if ident is None:
        if not may_make(work.actor, work.catalog):
            raise Forbidden(msg("Ask somebody who leads a team to make a temporary one."))
    elif not may_change(work.actor, _row(work, ident)):
        raise NotFound
    op = "create" if ident is None else "edit"
    with work.as_system(REASON):
        saved = save(work, [Change("create" if op == "create" else "edit", "virtual_team", values, id=ident)])
    row = saved.outcomes[0].row or {}
    if row and row["ends_on"] < row["starts_on"]:
        said = msg("The last day lies before the first.")
        raise Invalid(said, errors=[FieldError("ends_on", "before_start", said)])
    _not_too_many(work, row)
    return saved


def _not_too_many(work: Work, row: Row) -> None:
    others = [r for i, r in work.catalog.config["virtual_team"].items() if i != row["id"]]
    live = [r for r in others if r["starts_on"] <= row["ends_on"] and row["starts_on"] <= r["ends_on"]]
    for person in people_of(row):
        if sum(person in people_of(r) for r in live) >= MOST:
            name = str(work.catalog.config["user"].get(person, {}).get("name", "?"))
            said = msg("{who} is in {n} temporary teams already.", who=name, n=MOST)
            raise Invalid(said, errors=[FieldError("members", "too_many", said)])


def end_team(work: Work, ident: int) -> Saved:
    """Ends it now: what was shared with it is no longer shared. Undo brings it back."""
    if not may_change(work.actor, _row(work, ident)):
        raise NotFound
    with work.as_system(REASON):
        return save(work, [Change("trash", "virtual_team", id=ident)])


def _row(work: Work, ident: int) -> Row:
    row = work.catalog.config["virtual_team"].get(ident)
    if row is None:
        raise NotFound
    return row


def works_on(work: Work, ident: int) -> list[tuple[str, int, str]]:
    """The records shared with a team that the caller may see: object, id, title."""
    sql = f'SELECT "object", "record" FROM {work.session.table("grant_row")} WHERE "principal" = ? LIMIT {SHOWN}'
    wanted: dict[str, set[int]] = {}
    for kind, record in work.session.rows(sql, (ident,)):
        target = work.catalog.objects_by_id.get(kind)
        if target is not None:
            wanted.setdefault(target.name, set()).add(record)
    return [(name, i, title) for name, ids in wanted.items() for i, title in sorted(names(work, name, ids).items())]
