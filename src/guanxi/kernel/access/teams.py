"""Teams as rights need them: what lies above and below each, and temporary teams for as long as they last."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from guanxi.base.dates import day_start
from guanxi.kernel.catalog.snapshot import Catalog

MOST = 30  # temporary teams one person may be in at a time: principals are asked for in every question


def subtree(catalog: Catalog, team: int | None) -> tuple[int, ...]:
    """A team and everything below it, ascending by id; worked out once per snapshot."""
    if team is None:
        return ()
    known: dict[int, tuple[int, ...]] = catalog.memo.setdefault("subtrees", {})
    if team not in known:
        children: dict[int, list[int]] | None = catalog.memo.get("team children")
        if children is None:
            children = catalog.memo["team children"] = children_of(catalog.config["team"])
        known[team] = _below(children, team)
    return known[team]


def subtree_of(teams: Mapping[int, Mapping[str, Any]], top: int) -> tuple[int, ...]:
    """The same among any teams."""
    return _below(children_of(teams), top)


def children_of(teams: Mapping[int, Mapping[str, Any]]) -> dict[int, list[int]]:
    """The teams right below each."""
    children: dict[int, list[int]] = {}
    for ident, row in teams.items():
        if row["parent"] is not None:
            children.setdefault(row["parent"], []).append(ident)
    return children


def _below(children: Mapping[int, Sequence[int]], top: int) -> tuple[int, ...]:
    found, queue = {top}, [top]
    while queue:  # safe against loops
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return tuple(sorted(found))


def chain_of(catalog: Catalog, team: int | None) -> tuple[int, ...]:
    """A team and the teams above it, nearest first."""
    teams, chain = catalog.config["team"], list[int]()
    while team is not None and team not in chain and team in teams:
        chain.append(team)
        team = teams[team]["parent"]
    return tuple(chain)


# --- temporary teams -----------------------------------------------------------------------------------------------


def lasts(catalog: Catalog, row: Mapping[str, Any]) -> tuple[int, int]:
    """From when (inclusive) to when (exclusive) a temporary team is there, in µs, by the workspace's clock."""
    zone = str(catalog.settings.get("zone", "Asia/Shanghai"))
    return day_start(row["starts_on"], zone), day_start(row["ends_on"] + 1, zone)


def epoch(catalog: Catalog, now: int | None = None) -> int:
    """Which stretch of time between the beginnings and ends of temporary teams this is: what holds in it, holds."""
    edges: list[int] | None = catalog.memo.get("team edges")
    if edges is None:
        rows = catalog.config.get("virtual_team", {}).values()
        edges = catalog.memo["team edges"] = sorted({edge for row in rows for edge in lasts(catalog, row)})
    if not edges:
        return 0
    return bisect_right(edges, time.time_ns() // 1000 if now is None else now)


def temporary(catalog: Catalog, user: int, now: int | None = None) -> tuple[int, ...]:
    """The temporary teams a person is in at this moment, those that end first in front."""
    if not catalog.config.get("virtual_team"):
        return ()
    moment = time.time_ns() // 1000 if now is None else now
    key = ("temporary", epoch(catalog, moment))
    known: dict[int, list[int]] | None = catalog.memo.get(key)
    if known is None:
        known = catalog.memo[key] = _in_force(catalog, moment)
    return tuple(known.get(user, ()))


def _in_force(catalog: Catalog, now: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = sorted(catalog.config["virtual_team"].items(), key=lambda item: (item[1]["ends_on"], item[0]))
    for ident, row in rows:
        first, end = lasts(catalog, row)
        if first <= now < end:
            for user in people_of(row):
                found.setdefault(user, []).append(ident)
    return found


def people_of(row: Mapping[str, Any]) -> tuple[int, ...]:
    """Members of a temporary team, its lead among them."""
    members = [int(i) for i in msgspec.json.decode(row["members"] or b"[]")]
    return tuple(dict.fromkeys([*members, *([row["lead"]] if row["lead"] else [])]))
