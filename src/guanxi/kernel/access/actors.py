"""The acting person: who it is, which teams lie below, what the roles add up to."""

from __future__ import annotations

from dataclasses import dataclass, field

from guanxi.base.dates import zone_of
from guanxi.base.errors import NotFound
from guanxi.kernel.access.rights import Rights, add_up
from guanxi.kernel.access.roles import Roles, closure, roles_of, spec_of
from guanxi.kernel.access.teams import MOST, chain_of, epoch, subtree, temporary
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


def load_actor(catalog: Catalog, user: int, now: int | None = None) -> Actor:
    """
    The person as of this snapshot and moment; NotFound if unknown, trashed or not allowed to sign in. Temporary teams
    begin and end by the clock, so what is kept is kept for the stretch of time in which it holds.
    """
    key = ("actor", user, epoch(catalog, now))
    known: Actor | None = catalog.memo.get(key)
    if known is None:
        known = catalog.memo[key] = build_actor(catalog, user, catalog.config["role"], now)
    return known


def build_actor(catalog: Catalog, user: int, defined: Roles, now: int | None = None) -> Actor:
    """The person as they would be if the roles were defined so; NotFound as in `load_actor`."""
    row = catalog.config["user"].get(user)
    if row is None or not row["active"]:
        raise NotFound
    roles = closure(defined, roles_of(row))
    team = row["team"]
    return Actor(
        user=user,
        name=row["name"],
        rights=_rights(catalog, defined, roles),
        team=team,
        subtree=subtree(catalog, team),
        principals=(EVERYONE, user, *chain_of(catalog, team), *temporary(catalog, user, now)[:MOST], *roles)[:64],
        language=row["language"] or catalog.settings.get("language", "zh-CN"),
        zone=_zone(row["zone"]) or catalog.settings.get("zone", "Asia/Shanghai"),
        theme=row["theme"] or "auto",
    )


def _rights(catalog: Catalog, defined: Roles, roles: tuple[int, ...]) -> Rights:
    """Thousands of people have the same few roles: what those add up to is worked out once per snapshot."""
    if defined is not catalog.config["role"]:
        return add_up(spec_of(defined, role) for role in roles)
    known: Rights | None = catalog.memo.get(("rights", roles))
    if known is None:
        known = catalog.memo[("rights", roles)] = add_up(spec_of(defined, role) for role in roles)
    return known


def _zone(name: str | None) -> str:
    """A time zone there is; nothing for any other text, which must not lock the person out."""
    try:
        return zone_of(name).key if name else ""
    except (KeyError, OSError, ValueError):
        return ""
