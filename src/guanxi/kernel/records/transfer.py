"""Giving a record to somebody else, or to another team, is a verb of its own: `transfer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guanxi.base.errors import msg
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.draft import Draft

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

GIVEN = ("owner", "team")


def check_transfer(work: Work, target: Object, op: str, drafts: Sequence[Draft]) -> None:
    """
    Refuses drafts that change owner or team where the caller may not give the record away. What nobody owns one may
    take oneself; a new record may be somebody else's if the caller may give away any of its kind.
    """
    if target.access == "personal" or work.actor.rights.admin:
        return
    asked = [(d, name) for d in drafts if (name := _given(work, op, d))]
    scope = work.actor.rights.scope(target.name, "transfer")
    if not asked or scope == "all" or (op == "create" and scope != "none"):
        return
    unsure = [d for d, _ in asked if scope == "none" or op == "create" or not _surely(work, d, scope)]
    free = set() if scope == "none" or op == "create" else _reached(work, target, [d.id for d in unsure])
    for draft, name in asked:
        if draft in unsure and draft.id not in free:
            text = "Your roles do not let you give this to somebody else. Ask whoever manages the team."
            draft.error(name, msg(text), "not_allowed")


def _given(work: Work, op: str, draft: Draft) -> str:
    """The field by which this draft gives the record away; "" if it does not."""
    me = work.actor
    name = next((n for n in GIVEN if n in draft.change.values and draft.changed(n)), "")
    if op == "create" or (draft.old is not None and draft.old.get("owner") is None):
        kept = draft.new["owner"] == me.user if name == "owner" else draft.new["team"] in (None, me.team)
        return "" if kept or not name else name
    return name


def _surely(work: Work, draft: Draft, scope: str) -> bool:
    """Whether owner and team alone say that the caller may."""
    old, me = draft.old or {}, work.actor
    if old.get("owner") == me.user:
        return True
    team = old.get("team")
    return team is not None and ((scope == "team" and team == me.team) or (scope == "subtree" and team in me.subtree))


def _reached(work: Work, target: Object, ids: Sequence[int]) -> set[int]:
    """Those records the caller may give away for another reason: children of what they may edit."""
    if not ids or target.access != "parent":
        return set()
    condition, params = reach(work.session, work.catalog, work.actor, target, "transfer", work.now).condition()
    found: set[int] = set()
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({", ".join("?" * len(some))})'
        also = f" AND {condition}" if condition else ""
        found.update(row[0] for row in work.session.rows(sql + also, [*some, *params]))
    return found
