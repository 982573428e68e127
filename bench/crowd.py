"""The benchmark of access: 10,000 people in a tree of seven levels, 1,000 sharing rules, one owner of three in ten."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from bench.data import BASE, DAY, END, Company, _without_indexes
from bench.databases import CACHE, say
from guanxi.base.text import sort_key
from guanxi.bootstrap import open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PEOPLE, RULES, LEVELS, BRANCHES = 10_000, 1_000, 7, 3
FIRST_USER, FIRST_TEAM, FIRST_RULE = 2_000_000_000, 3_000_000_000, 4_000_000_000
TRADES = ("machinery", "automotive", "electronics", "chemicals", "pharma", "food", "textile", "packaging")
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """The open data set, and who asks, by how much they see."""

    space: Space
    callers: dict[str, int]


def open_crowd(company: Company) -> Crowd:
    """The data set beside the usual one, of the same size; made on first use."""
    folder = CACHE / f"access-{company.database}-{company.rows}"
    ready, url = (folder / "ready").exists(), f"sqlite:///{folder / 'data.db'}"
    folder.mkdir(parents=True, exist_ok=True)
    if company.database != "sqlite":
        server, name = company.url.rpartition("/")[0], f"bench_access_{company.rows}"
        url = f"{server}/{name}"
        if not ready:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
    if not ready:
        say(f"making {company.rows:,} accounts and {PEOPLE:,} people on {company.database} …")
        (folder / "data.db").unlink(missing_ok=True)
        _make(url, folder, company.rows)
        (folder / "ready").touch()
    callers = {"nothing": FIRST_USER + 1, "little": FIRST_USER + 2, "rules": FIRST_USER + 3, "third": FIRST_USER,
               "below": FIRST_USER + 4, "all": FIRST_USER + 5}  # fmt: skip
    return Crowd(open_space(url, folder), callers)


def teams() -> list[tuple[int, int | None, int]]:
    """(id, above, level) of the tree, 1,093 teams in seven levels."""
    found: list[tuple[int, int | None, int]] = [(FIRST_TEAM, None, 0)]
    for ident, _, level in found:
        if level < LEVELS - 1:
            found += [(FIRST_TEAM + len(found) + n, ident, level + 1) for n in range(BRANCHES)]
    return found


def people() -> list[tuple[int, int, str]]:
    """(user, team, role): the first six ask in the benchmark, the others own records."""
    tree = teams()
    leaves = [ident for ident, _, level in tree if level == LEVELS - 1]
    second = next(ident for ident, _, level in tree if level == 1)
    asked = [(FIRST_USER + n, leaves[n], "sales") for n in range(4)]
    asked += [(FIRST_USER + 4, second, "sales_manager"), (FIRST_USER + 5, FIRST_TEAM, "management")]
    chance = random.Random("people")
    return asked + [(FIRST_USER + n, chance.choice(leaves[4:]), "sales") for n in range(6, PEOPLE)]


def _make(url: str, folder: Path, rows: int) -> None:
    space = open_space(url, folder)
    with space.read(system("bench")) as work:
        roles = {row["key"]: i for i, row in work.catalog.config["role"].items()}
        catalog, account = work.catalog, work.catalog.object("account").id
    _without_indexes(space, catalog, ("account",))
    owners = people()
    with space.db.write(bulk=True) as session:
        stamp = (1, END, END)
        made = [(i, f"团队{i}", up, *stamp) for i, up, _ in teams()]
        session.insert("team", ("id", "name", "parent", "version", "created_at", "updated_at"), made)
        columns = ("id", "name", "email", "team", "roles", "active", "version", "created_at", "updated_at")
        session.insert("user", columns, [
            (i, f"同事{i}", f"u{i}@example.com", team, msgspec.json.encode([str(roles[role])]).decode(), 1, *stamp)
            for i, team, role in owners
        ])  # fmt: skip
        session.insert("m_user_roles", ("a", "b"), [(i, roles[role]) for i, _, role in owners])
    _fill(space, rows, [(i, team) for i, team, _ in owners])
    _rules(space, account, rows)
    with space.write(system("bench")) as work:  # a change of settings, so that what was written beside it is read
        save(work, [Change("edit", "user", {"title": "销售"}, id=FIRST_USER)])
    space.db.close()
    space = open_space(url, folder)  # puts the indexes back
    with space.db.write(bulk=True) as session:
        session.run("ANALYZE")
    space.db.close()


def _fill(space: Space, rows: int, owners: list[tuple[int, int]]) -> None:
    each = _accounts(rows, owners)
    columns: list[str] = []
    while chunk := list(islice(each, CHUNK)):
        columns = columns or list(chunk[0])
        with space.db.write(bulk=True) as session:
            session.insert("account", columns, [tuple(row.values()) for row in chunk])


def _accounts(rows: int, owners: list[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    chance = random.Random("accounts")
    for n in range(rows):
        owner, team = owners[0] if n % 10 < 3 else owners[2] if n % 5_000 == 3 else chance.choice(owners[6:])
        at = END - chance.randrange(700 * DAY)
        name = f"客户{n}"
        yield {
            "id": BASE + n, "version": 1, "owner": owner, "team": team, "source": "import", "created_at": at,
            "created_by": owner, "updated_at": at + chance.randrange(30 * DAY), "updated_by": owner, "name": name,
            "name__k": sort_key(name), "industry": TRADES[n % 8], "employees": n % RULES,
        }  # fmt: skip


def _rules(space: Space, account: int, rows: int) -> None:
    """Each rule gives a thousandth of the records to a team; the caller "rules" gets fifty of them."""
    chance, spread = random.Random("rules"), [i for i, _, level in teams() if level >= 4]
    mine = people()[3][1]
    to = [mine if n < 50 else chance.choice(spread) for n in range(RULES)]
    stamps = ("version", "created_at", "updated_at")
    names = ("id", "name", "object", "condition", "to", "to__o", "level", "active", *stamps)
    with space.db.write(bulk=True) as session:
        session.insert("sharing_rule", names, [
            (FIRST_RULE + n, f"规则{n}", "account", f"employees = {n}", to[n], "team", "read", 1, 1, END, END)
            for n in range(RULES)
        ])  # fmt: skip
    columns = ("principal", "object", "record", "reason", "level")
    given = ((to[n % RULES], account, BASE + n, f"r{FIRST_RULE + n % RULES}", 1) for n in range(rows))
    while chunk := list(islice(given, CHUNK)):
        with space.db.write(bulk=True) as session:
            session.insert("grant_row", columns, chunk)


def beside(company: Company, crowd: Crowd) -> Company:
    """The crowd's data set as the raw side wants it."""
    url = company.url.rpartition("/")[0] + f"/bench_access_{company.rows}"
    if company.database == "sqlite":
        url = f"sqlite:///{CACHE / f'access-sqlite-{company.rows}' / 'data.db'}"
    return replace(company, space=crowd.space, url=url)
