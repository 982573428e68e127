"""The acting person: who it is, which teams lie below, what the roles add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guanxi.base.dates import zone_of
from guanxi.base.errors import NotFound
from guanxi.kernel.access.rights import Rights, add_up
from guanxi.kernel.access.roles import Roles, closure, roles_of, spec_of
from guanxi.kernel.catalog.snapshot import Catalog

EVERYONE = 0  # the principal of rows granted to all


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller. `subtree` are the caller's team and all teams below it; `reason` is set for the system."""

    user: int
    name: str
    rights: Rights
    team: int | None = None
    subtree: tuple[int, ...] = ()
    principals: tuple[int, ...] = (EVERYONE,)
    language: str = "zh-CN"
    zone: str = "Asia/Shanghai"
    reason: str = ""
    theme: str = "auto"
    scopes: frozenset[str] = field(default_factory=frozenset)  # limits of an API token; empty = none

    @property
    def teams(self) -> tuple[int, ...]:
        """The caller's own team, if any."""
        return (self.team,) if self.team is not None else ()

    @property
    def is_system(self) -> bool:
        return self.user == 0


SYSTEM = Actor(0, "Guanxi", Rights(admin=True), reason="system")


def system(reason: str) -> Actor:
    """The system acting for a stated reason; the only caller that passes all rights."""
    return Actor(0, "Guanxi", Rights(admin=True), reason=reason)


def load_actor(catalog: Catalog, user: int) -> Actor:
    """The person as of this snapshot; NotFound if unknown, trashed or not allowed to sign in."""
    key = ("actor", user)
    known: Actor | None = catalog.memo.get(key)
    if known is None:
        known = catalog.memo[key] = build_actor(catalog, user, catalog.config["role"])
    return known


def build_actor(catalog: Catalog, user: int, defined: Roles) -> Actor:
    """The person as they would be if the roles were defined so; NotFound as in `load_actor`."""
    row = catalog.config["user"].get(user)
    if row is None or not row["active"]:
        raise NotFound
    roles = closure(defined, roles_of(row))
    specs = [spec_of(defined, role) for role in roles]
    team = row["team"]
    above = chain_of(catalog.config["team"], team)
    return Actor(
        user=user,
        name=row["name"],
        rights=add_up(specs),
        team=team,
        subtree=subtree_of(catalog.config["team"], team) if team else (),
        principals=(EVERYONE, user, *above, *roles)[:64],
        language=row["language"] or catalog.settings.get("language", "zh-CN"),
        zone=_zone(row["zone"]) or catalog.settings.get("zone", "Asia/Shanghai"),
        theme=row["theme"] or "auto",
    )


def _zone(name: str | None) -> str:
    """A time zone there is; nothing for any other text, which must not lock the person out."""
    try:
        return zone_of(name).key if name else ""
    except (KeyError, OSError, ValueError):
        return ""


def subtree_of(teams: Mapping[int, Mapping[str, Any]], top: int) -> tuple[int, ...]:
    """A team and everything below it, ascending by id; safe against loops."""
    children: dict[int, list[int]] = {}
    for ident, row in teams.items():
        if row["parent"] is not None:
            children.setdefault(row["parent"], []).append(ident)
    found, queue = {top}, [top]
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return tuple(sorted(found))


def chain_of(teams: Mapping[int, Mapping[str, Any]], team: int | None) -> tuple[int, ...]:
    """A team and the teams above it, nearest first."""
    chain: list[int] = []
    while team is not None and team not in chain and team in teams:
        chain.append(team)
        team = teams[team]["parent"]
    return tuple(chain)
