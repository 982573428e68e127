"""Which records a caller may reach, as SQL branches that each meet an index (KD 5, KD 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guanxi.kernel.access.actors import Actor
from guanxi.kernel.access.rights import SCOPES, Rights, Scope
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.storage.session import Session

LEVEL_OF = {"read": 1, "export": 1, "edit": 2, "bulk": 2, "delete": 3, "bulk_delete": 3, "share": 3, "transfer": 3}
"""What a grant must allow for a verb; shares give 1 or 2: what one was given one cannot delete, give on, give away."""


@dataclass(frozen=True, slots=True)
class Branch:
    """
    One reason to see records: a condition on the alias it was made for. `name` explains it; `walk` asks the same of
    one row at a time, where a walk along an index passes few rows and the list of what one sees would be long.
    """

    name: Literal["own", "team", "grant", "parent", "shared"]
    sql: str
    params: tuple[Any, ...]
    walk: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything (`all`), or the union of branches; no branch means nothing."""

    all: bool
    branches: tuple[Branch, ...] = ()

    @property
    def nothing(self) -> bool:
        return not self.all and not self.branches

    def condition(self) -> tuple[str, list[Any]]:
        """The branches joined by OR, for places where one row is judged."""
        if self.all:
            return "", []
        if not self.branches:
            return "1 = 0", []
        texts = [f"({b.sql})" for b in self.branches]
        return "(" + " OR ".join(texts) + ")", [p for b in self.branches for p in b.params]


EVERYTHING = Reach(True)
NOTHING = Reach(False)


def reach(
    session: Session, catalog: Catalog, actor: Actor, target: Object, verb: str, now: int, alias: str = "r"
) -> Reach:
    """What `actor` may do `verb` with among the records of `target`."""
    if target.access == "personal" and not actor.is_system:
        return _personal(actor, catalog, target, verb, alias)
    if actor.rights.admin or (target.access == "all" and verb == "read"):
        return EVERYTHING
    if target.kind in ("config", "plain") and target.access != "parent":
        return _plain_reach(actor, target, verb, alias)
    scope = scope_of(actor.rights, target.name, verb)
    if scope == "none":
        return NOTHING
    if target.access == "parent" and target.access_via:
        return _through_parent(session, catalog, actor, target, verb, now, alias)
    if scope == "all" or (target.access == "all" and verb == "export"):
        return EVERYTHING
    branches = [_own(actor, alias)]
    teams = actor.subtree if scope == "subtree" else ((actor.team,) if scope == "team" and actor.team else ())
    if teams:
        marks = ", ".join("?" * len(padded := pad(teams)))
        branches.append(Branch("team", f'{alias}."team" IN ({marks})', padded))
    branches.append(_granted(session, actor, target, verb, now, alias))
    return Reach(False, tuple(branches))


BULK = {"bulk": "edit", "bulk_delete": "delete"}
"""Doing something with many records at once: as far as both verbs reach."""


def scope_of(rights: Rights, name: str, verb: str) -> Scope:
    """How far a verb reaches, `bulk` and `bulk_delete` as the narrower of two."""
    if verb not in BULK:
        return rights.scope(name, verb)
    return min(rights.scope(name, BULK[verb]), rights.scope(name, "bulk"), key=SCOPES.index)


def _plain_reach(actor: Actor, target: Object, verb: str, alias: str) -> Reach:
    if verb in BULK:
        if actor.rights.scope(target.name, "bulk") == "none":
            return NOTHING
        verb = BULK[verb]
    if verb in ("read", "export"):
        return EVERYTHING if target.access == "all" or actor.rights.scope(target.name, verb) != "none" else NOTHING
    if target.kind == "config":
        return EVERYTHING if actor.rights.objects.get(target.name, {}).get(verb, "none") != "none" else NOTHING
    return Reach(False, (Branch("own", f'{alias}."created_by" = ?', (actor.user,)),))


def _personal(actor: Actor, catalog: Catalog, target: Object, verb: str, alias: str) -> Reach:
    column = catalog.field(target, target.access_via or "owner").column
    branches = [Branch("own", f'{alias}."{column}" = ?', (actor.user,))]
    if verb == "read" and any(f.name == "shared" for f in target.fields):
        branches.append(Branch("shared", f'{alias}."shared" = 1', ()))
    return Reach(False, tuple(branches))


def _own(actor: Actor, alias: str) -> Branch:
    return Branch("own", f'{alias}."owner" = ?', (actor.user,))


def _granted(session: Session, actor: Actor, target: Object, verb: str, now: int, alias: str) -> Branch:
    principals = pad(actor.principals)
    marks = ", ".join("?" * len(principals))
    table = session.table("grant_row")
    held = f'g."principal" IN ({marks}) AND g."object" = ? AND g."level" >= ? AND (g."until" IS NULL OR g."until" > ?)'
    sql = f'{alias}."id" IN (SELECT g."record" FROM {table} g WHERE {held})'
    walk = f'EXISTS (SELECT 1 FROM {table} g WHERE g."record" = {alias}."id" AND {held})'
    return Branch("grant", sql, (*principals, target.id, LEVEL_OF[verb], now), walk)


def _through_parent(
    session: Session, catalog: Catalog, actor: Actor, target: Object, verb: str, now: int, alias: str
) -> Reach:
    """Children are reached where their parent is; a child without a parent belongs to its author."""
    via = catalog.field(target, target.access_via or "")
    several = len(via.options["to"]) > 1
    owner = "owner" if target.kind in ("record", "document") else "created_by"
    branches = [Branch("own", f'{alias}."{owner}" = ?', (actor.user,))]
    for name in via.options["to"]:
        parent = catalog.objects.get(name)
        if parent is None:
            continue
        up = f"{alias}p"
        inner = reach(session, catalog, actor, parent, "read" if verb in ("read", "export") else "edit", now, up)
        if inner.nothing:
            continue
        condition, params = inner.condition()
        kind, head = (f'{alias}."{via.column}__o" = ? AND ', (name,)) if several else ("", ())
        also = f" AND {condition}" if condition else ""
        # by way of the child: a list of all parents one may see would be as long as their table
        there = f'SELECT 1 FROM {session.table(parent.table)} {up} WHERE {up}."id" = {alias}."{via.column}"{also}'
        sql = f"{kind}EXISTS ({there})"
        branches.append(Branch("parent", sql, (*head, *params)))
    return _also_seeing(session, catalog, actor, target, now, alias, Reach(False, tuple(branches)))


def _also_seeing(
    session: Session, catalog: Catalog, actor: Actor, target: Object, now: int, alias: str, found: Reach
) -> Reach:
    """Each branch narrowed to children whose other named lookups point at something the caller sees too."""
    for name in target.access_also:
        link = catalog.field(target, name)
        other = catalog.objects.get(link.options["to"][0])
        if other is None:
            continue
        up = f"{alias}q"
        condition, params = reach(session, catalog, actor, other, "read", now, up).condition()
        if not condition:
            continue
        there = f'SELECT 1 FROM {session.table(other.table)} {up} WHERE {up}."id" = {alias}."{link.column}"'
        sql = f'({alias}."{link.column}" IS NULL OR EXISTS ({there} AND {condition}))'
        found = Reach(False, tuple(Branch(b.name, f"{b.sql} AND {sql}", (*b.params, *params)) for b in found.branches))
    return found


def pad(values: Sequence[Any]) -> tuple[Any, ...]:
    """Repeats the last value up to a power of two, so that SQL texts (and plans) are few."""
    size = 1
    while size < len(values):
        size *= 2
    return (*values, *([values[-1]] * (size - len(values))))
