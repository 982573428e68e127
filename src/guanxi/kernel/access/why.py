"""Who sees a record and why: the same rules as `branches`, told person by person (KD 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import Actor, load_actor
from guanxi.kernel.access.branches import LEVEL_OF, pad
from guanxi.kernel.access.teams import lasts
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.storage.session import Session

Reason = Literal["owner", "author", "team", "above", "role", "grant", "admin", "everyone"]
FIRST: tuple[Reason, ...] = ("owner", "author", "above", "team", "grant", "role", "everyone", "admin")
"""The order in which people are listed: those nearest to the record first."""


GivenBy = Literal["share", "record_team", "rule", "temporary_team"]


class By(NamedTuple):
    """
    What gave a record to somebody: a share (label: who it was shared with), a part in the record's team (label: the
    part), a sharing rule or a temporary team (label: its name); `id` is the share, rule or team, `until` µs.
    """

    kind: GivenBy
    id: int
    label: str
    until: int | None


class Grant(NamedTuple):
    """One grant in force."""

    principal: int
    level: int
    by: By


@dataclass(frozen=True, slots=True)
class Facts:
    """What rights on one record hang on. `parent`: the record whose rights decide, for children."""

    target: Object
    id: int
    owner: int | None
    team: int | None
    author: int | None
    grants: tuple[Grant, ...]
    parent: Facts | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One person's right on the record. `through`: the parent record the right comes from."""

    user: int
    reason: Reason
    verbs: tuple[str, ...]  # of read, edit, delete
    through: tuple[str, int] | None = None
    by: By | None = None


def facts_of(session: Session, catalog: Catalog, target: Object, ident: int, now: int, depth: int = 0) -> Facts:
    """Owner, team, grants of a record and of the parents its rights come from; NotFound if there is none."""
    owned = target.kind in ("record", "document")
    columns = ["created_by", *(("owner", "team") if owned else ())]
    via = catalog.field(target, target.access_via) if target.access == "parent" and target.access_via else None
    several = via is not None and len(via.options["to"]) > 1
    if via is not None:
        columns += [via.column, *((via.column + "__o",) if several else ())]
    names = ", ".join(f'"{c}"' for c in columns)
    found = session.one(f'SELECT {names} FROM {session.table(target.table)} WHERE "id" = ?', (ident,))
    if found is None:
        raise NotFound
    row = dict(zip(columns, found, strict=True))
    parent = None
    if via is not None and row[via.column] is not None and depth < 4:
        other = catalog.objects.get(row[via.column + "__o"] if several else via.options["to"][0])
        if other is not None:
            parent = facts_of(session, catalog, other, row[via.column], now, depth + 1)
    grants = _grants(session, catalog, target, ident, now) if owned and via is None else ()
    return Facts(target, ident, row.get("owner"), row.get("team"), row["created_by"], grants, parent)


def _grants(session: Session, catalog: Catalog, target: Object, ident: int, now: int) -> tuple[Grant, ...]:
    sql = (
        f'SELECT "principal", "level", "reason", "until" FROM {session.table("grant_row")} WHERE "record" = ?'
        ' AND "object" = ? AND ("until" IS NULL OR "until" > ?)'
    )
    rows = session.rows(sql, (ident, target.id, now))
    parts = _parts(session, [int(row[2][1:]) for row in rows if row[2][0] == "s"])
    return tuple(Grant(p, level, _by(catalog, p, reason, until, parts)) for p, level, reason, until in rows)


def _parts(session: Session, shares: Sequence[int]) -> dict[int, str]:
    """The words for people's parts in the record's team, by share."""
    if not shares:
        return {}
    marks = ", ".join("?" * len(padded := pad(shares)))
    sql = f'SELECT "id", "role" FROM {session.table("share")} WHERE "id" IN ({marks}) AND "role" IS NOT NULL'
    return dict(session.rows(sql, padded))


def _by(catalog: Catalog, principal: int, reason: str, until: int | None, parts: Mapping[int, str]) -> By:
    ident = int(reason[1:])
    team = catalog.config.get("virtual_team", {}).get(principal)
    if team is not None:
        end = lasts(catalog, team)[1]
        return By("temporary_team", principal, str(team["name"]), end if until is None else min(until, end))
    if reason[0] == "r":
        rule = catalog.config.get("sharing_rule", {}).get(ident)
        return By("rule", ident, str(rule["name"]) if rule else "", until)
    if ident in parts:
        return By("record_team", ident, parts[ident], until)
    row = catalog.config["team"].get(principal) or catalog.config["user"].get(principal) or {"name": ""}
    return By("share", ident, str(row["name"]), until)


def why(actor: Actor, facts: Facts) -> Why | None:
    """The strongest reason this person has, with what it lets them do; None: they do not see it."""
    found = reason_for(actor, facts, "read")
    if found is None:
        return None
    verbs = tuple(v for v in ("read", "edit", "delete") if reason_for(actor, facts, v) is not None)
    by = given(actor, facts, found) if found[0] == "grant" else None
    return Why(actor.user, found[0], verbs, found[1], by)


def given(actor: Actor, facts: Facts, found: tuple[Reason, tuple[str, int] | None]) -> By:
    """The grant that reaches furthest: the highest level, and the longest among those."""
    while found[1] is not None and (facts.target.name, facts.id) != found[1] and facts.parent is not None:
        facts = facts.parent
    mine = [g for g in facts.grants if g.principal in actor.principals]
    return max(mine, key=lambda g: (g.level, g.by.until is None, g.by.until or 0)).by


def reason_for(actor: Actor, facts: Facts, verb: str) -> tuple[Reason, tuple[str, int] | None] | None:
    """Mirrors `branches.reach` for one row."""
    target, rights = facts.target, actor.rights
    if rights.admin:
        return "admin", None
    if target.access == "all" and verb == "read":
        return "everyone", None
    if target.kind in ("config", "plain") and target.access != "parent":
        return _plain(actor, facts, verb)
    scope = rights.scope(target.name, verb)
    if scope == "none":
        return None
    if target.access == "parent" and target.access_via:
        return _through(actor, facts, verb)
    if scope == "all":
        return ("owner" if facts.owner == actor.user else "role"), None
    if facts.owner is not None and facts.owner == actor.user:
        return "owner", None
    if scope in ("team", "subtree") and facts.team is not None:
        if facts.team == actor.team:
            return "team", None
        if scope == "subtree" and facts.team in actor.subtree:
            return "above", None
    level = LEVEL_OF[verb]
    held = any(g.level >= level and g.principal in actor.principals for g in facts.grants)
    return ("grant", None) if held else None


def _plain(actor: Actor, facts: Facts, verb: str) -> tuple[Reason, None] | None:
    target, rights = facts.target, actor.rights
    if verb == "read":
        return ("role", None) if rights.scope(target.name, verb) != "none" else None
    if target.kind == "config":
        return ("role", None) if rights.objects.get(target.name, {}).get(verb, "none") != "none" else None
    return ("author", None) if facts.author == actor.user else None


def _through(actor: Actor, facts: Facts, verb: str) -> tuple[Reason, tuple[str, int] | None] | None:
    owned = facts.target.kind in ("record", "document")
    if (facts.owner if owned else facts.author) == actor.user:
        return ("owner" if owned else "author"), None
    if facts.parent is None:
        return None
    inner = reason_for(actor, facts.parent, "read" if verb in ("read", "export") else "edit")
    return None if inner is None else (inner[0], inner[1] or (facts.parent.target.name, facts.parent.id))


def people(session: Session, catalog: Catalog, target: Object, ident: int, now: int) -> list[Why]:
    """Everybody who sees the record, nearest first; a constant number of statements."""
    facts = facts_of(session, catalog, target, ident, now)
    found = []
    for user in catalog.config["user"]:
        try:
            known = why(load_actor(catalog, user, now), facts)
        except NotFound:  # may not sign in
            continue
        if known is not None:
            found.append(known)
    return sorted(found, key=lambda w: (FIRST.index(w.reason), w.user))


def field_levels(actor: Actor, catalog: Catalog, target: Object) -> Mapping[str, Any]:
    """What a person may do with each field of an object: none, read or edit."""
    return {f.name: actor.rights.level(target.name, f.name) for f in catalog.fields(target).values() if not f.hidden}
