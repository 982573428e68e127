"""Made-up worlds of people, teams, shares, rules and temporary teams, against an oracle that knows nothing of SQL."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import msgspec
import pytest

from guanxi.base.dates import day_start, iso_date, iso_datetime
from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.why import facts_of, why
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records import visibility
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.sharing_jobs import KIND, run_rule
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

DAY = 86_400_000_000
SCOPES = ("none", "own", "team", "subtree", "all")
GRADES = ("A", "B", "X")
VERBS = ("read", "edit")


@dataclass
class World:
    """Everything the oracle needs, in plain dictionaries."""

    parent: dict[int, int | None] = field(default_factory=dict)  # team -> team above
    roles: dict[int, dict[str, str]] = field(default_factory=dict)  # role -> verb -> scope
    users: dict[int, tuple[int, int]] = field(default_factory=dict)  # user -> team, role
    groups: dict[int, tuple[set[int], int, int]] = field(default_factory=dict)  # temporary team -> members, from, to
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    shares: list[dict[str, Any]] = field(default_factory=list)
    rules: dict[int, dict[str, Any]] = field(default_factory=dict)

    def above(self, team: int | None) -> set[int]:
        found: set[int] = set()
        while team is not None:
            found.add(team)
            team = self.parent[team]
        return found

    def may(self, user: int, verb: str, record: int, now: int) -> bool:
        """What the rules of access say, read aloud."""
        (team, role), row = self.users[user], self.records[record]
        scope = self.roles[role][verb]
        if scope == "none":
            return False
        if scope == "all" or row["owner"] == user:
            return True
        if scope == "team" and row["team"] == team:
            return True
        if scope == "subtree" and team in self.above(row["team"]):
            return True
        mine = {user, role, *self.above(team)}
        mine |= {g for g, (people, first, end) in self.groups.items() if user in people and first <= now < end}
        level = {"read": 1, "edit": 2}[verb]
        for share in self.shares:
            if share["record"] == record and share["to"] in mine and share["level"] >= level:
                if share["until"] is None or share["until"] > now:
                    return True
        return any(
            rule["to"] in mine and rule["level"] >= level and rule["active"] and rule["test"](row)
            for rule in self.rules.values()
        )


CONDITIONS: list[tuple[str, Any]] = [
    ('grade = "A"', lambda r: r["grade"] == "A"),
    ('grade in ["A", "B"] and staff > 10', lambda r: r["grade"] in ("A", "B") and r["staff"] > 10),
    ("staff between 5 and 15", lambda r: 5 <= r["staff"] <= 15),
    ('not (grade = "X")', lambda r: r["grade"] != "X"),
    ('grade = "B" or staff < 3', lambda r: r["grade"] == "B" or r["staff"] < 3),
]


def make_world(space: Space, dice: random.Random) -> World:
    world = World()
    with space.write(system("test")) as work:
        for n in range(7):
            above = dice.choice([None, *world.parent]) if world.parent else None
            made = save(work, [Change("create", "team", {"name": f"t{n}", "parent": above and str(above)})]).id
            world.parent[made] = above
        for n in range(4):
            scopes = {verb: dice.choice(SCOPES[1:]) for verb in VERBS} if n else {"read": "own", "edit": "own"}
            spec = {"objects": {"*": {"create": "all", "transfer": "all", **scopes}}}
            rights = msgspec.json.encode(spec).decode()
            role = save(work, [Change("create", "role", {"name": f"r{n}", "rights": rights})]).id
            world.roles[role] = scopes
    with space.write(system("test")) as work:
        for n in range(8):
            team, role = dice.choice(list(world.parent)), dice.choice(list(world.roles))
            values = {"name": f"u{n}", "email": f"u{n}@example.com", "team": str(team), "roles": [str(role)]}
            world.users[save(work, [Change("create", "user", values)]).id] = (team, role)
    with space.write(system("test")) as work:
        for n in range(3):
            people = set(dice.sample(list(world.users), 3))
            first, last = work.today + dice.randint(-3, 2), work.today + dice.randint(2, 6)
            values = {"name": f"g{n}", "members": [str(p) for p in sorted(people)], "starts_on": iso_date(first),
                      "ends_on": iso_date(last)}  # fmt: skip
            made = save(work, [Change("create", "virtual_team", values)]).id
            zone = "Asia/Shanghai"
            world.groups[made] = (people, day_start(first, zone), day_start(last + 1, zone))
    return world


def takers(world: World, *, roles: bool) -> list[tuple[str, int]]:
    found = [("user", u) for u in world.users] + [("team", t) for t in world.parent]
    found += [("virtual_team", g) for g in world.groups]
    return found + ([("role", r) for r in world.roles] if roles else [])


def step(space: Space, world: World, dice: random.Random) -> None:
    """One thing that happens in the world, and in the oracle."""
    what = dice.choice(("record", "edit", "edit", "share", "unshare", "rule", "rule off", "rule text"))
    with space.write(system("test")) as work:
        if what == "record":
            owner = dice.choice(list(world.users))
            row = {
                "owner": owner,
                "team": world.users[owner][0],
                "grade": dice.choice(GRADES),
                "staff": dice.randint(0, 20),
            }
            values = {"name": "c", "owner": str(owner), "grade": row["grade"], "staff": row["staff"]}
            world.records[save(work, [Change("create", "client", values)]).id] = row
        elif what == "edit" and world.records:
            ident = dice.choice(list(world.records))
            change: dict[str, Any] = {"grade": dice.choice(GRADES), "staff": dice.randint(0, 20)}
            world.records[ident] |= change
            if dice.random() < 0.3:
                owner = dice.choice(list(world.users))
                world.records[ident] |= {"owner": owner, "team": world.users[owner][0]}
                change["owner"] = str(owner)
            save(work, [Change("edit", "client", change, id=ident)])
        elif what == "share" and world.records:
            kind, to = dice.choice(takers(world, roles=False))
            until = dice.choice((None, work.now + dice.randint(1, 5) * DAY))
            share = {"record": dice.choice(list(world.records)), "to": to, "level": dice.choice((1, 2)), "until": until}
            values = {"object": "client", "record": share["record"], "to": {"object": kind, "id": str(to)}}
            values |= {"level": ("read", "edit")[int(share["level"] or 1) - 1], "until": until and iso_datetime(until)}
            share["id"] = save(work, [Change("create", "share", values)]).id
            world.shares.append(share)
        elif what == "unshare" and world.shares:
            share = world.shares.pop(dice.randrange(len(world.shares)))
            save(work, [Change("trash", "share", id=share["id"])])
        else:
            _step_rule(work, world, dice, what)
    if what.startswith("rule"):
        while run_due(space.db, {KIND: lambda run: run_rule(space, run)}, worker="t"):
            pass


def _step_rule(work: Any, world: World, dice: random.Random, what: str) -> None:
    text, test = dice.choice(CONDITIONS)
    if what == "rule":
        kind, to = dice.choice(takers(world, roles=True))
        rule = {"to": to, "level": dice.choice((1, 2)), "test": test, "active": True}
        values = {"name": "r", "object": "client", "condition": text, "to": {"object": kind, "id": str(to)},
                  "level": ("read", "edit")[rule["level"] - 1]}  # fmt: skip
        world.rules[save(work, [Change("create", "sharing_rule", values)]).id] = rule
    elif world.rules:
        ident = dice.choice(list(world.rules))
        if what == "rule off":
            active = not world.rules[ident]["active"]
            world.rules[ident]["active"] = active
            save(work, [Change("edit", "sharing_rule", {"active": active}, id=ident)])
        elif what == "rule text":
            world.rules[ident]["test"] = test
            save(work, [Change("edit", "sharing_rule", {"condition": text}, id=ident)])


def compare(space: Space, world: World) -> None:
    for user in world.users:
        with space.read(user) as work:
            target, now = work.catalog.object("client"), work.now
            for verb in VERBS:
                asked: Literal["read", "edit"] = "edit" if verb == "edit" else "read"
                expected = {i for i in world.records if world.may(user, verb, i, now)}
                try:
                    rows = find(work, Query("client", fields=("id",), limit=1_000, verb=asked)).rows
                    number = count(work, Query("client", verb=asked), 0)[0]
                except NotFound:
                    rows, number = [], 0
                assert {row["id"] for row in rows} == expected
                assert number == len(expected)
            actor = load_actor(work.catalog, user, now)
            for ident in world.records:
                told = why(actor, facts_of(work.session, work.catalog, target, ident, now))
                verbs = tuple(v for v in VERBS if world.may(user, v, ident, now))
                assert told is None or told.reason != "grant" or told.by is not None
                assert (tuple(v for v in told.verbs if v in VERBS) if told else ()) == (
                    verbs if "read" in verbs else ()
                )
                try:
                    assert (get(work, "client", ident)["id"] == ident) == ("read" in verbs)
                except NotFound:
                    assert "read" not in verbs


@pytest.mark.parametrize(("seed", "few"), [(7, 5_000), (1301, 1), (202611, 1)])
def test_every_way_of_asking_says_what_the_oracle_says(
    small: Space, seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visibility, "FEW", few)  # with 1, whoever sees anything by grants is asked about as in a crowd
    space = small
    dice = random.Random(seed)
    start = space.clock()
    space.clock = lambda: start
    world = make_world(space, dice)
    for turn in range(48):
        step(space, world, dice)
        if turn % 12 == 11:
            compare(space, world)
    for day in range(1, 8):
        space.clock = partial(int, start + day * DAY)
        compare(space, world)
