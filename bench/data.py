"""The benchmark's company: teams, people and N contacts, N leads and N·0.3 deals, with one owner of a tenth of all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from bench.databases import place_of, say
from guanxi.base.ids import IdSource
from guanxi.base.text import sort_key
from guanxi.bootstrap import APPS, open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.tokens import create_token
from guanxi.kernel.admin.upgrade import outlook
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.records.search_index import index_records
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.database import open_database
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.level import mark_step
from guanxi.kernel.storage.schema import indexes, inspect, uniques

BASE = 10_000_000_000  # first made-up id
DAY = 86_400_000_000
END = 1_790_000_000_000_000
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超兰霞平刚桂英华玉秀梅晓雨欣怡子轩浩然梓涵思宇嘉豪志文建国海燕红波斌辉鹏飞"
PLACES = ("上海", "北京", "深圳", "苏州", "杭州", "广州", "成都", "武汉", "青岛", "宁波")
TRADES = ("自动化", "精密机械", "电子科技", "新材料", "医疗器械", "食品", "物流", "能源装备", "软件", "化工")
ORIGINS = ("referral", "website", "exhibition", "wechat", "search", "cold_call")
STATES = ("new", "contacted", "qualified", "unqualified", "converted")
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Company:
    """An open data set and who asks: `callers` by kind, `tokens` of the same people."""

    space: Space
    database: str
    rows: int
    url: str
    folder: Path
    callers: dict[str, int]


def open_company(database: str, rows: int, server: str = "") -> Company:
    """The data set of that size; made on first use."""
    url, folder, ready = place_of(database, rows, server)
    if not ready:
        say(f"making {rows:,} rows on {database} …")
        make(url, folder, rows)
        (folder / "ready").touch()
    _renew(url, folder)
    space = open_space(url, folder)
    _drop_old_indexes(space)
    return Company(space, database, rows, url, folder, callers_of(space))


def _renew(url: str, folder: Path) -> None:
    """Data kept from an earlier version take the upgrade's steps; they need no backup."""
    database = open_database(url, folder)
    space = Space("main", folder, database, IdSource(0, now_micros), APPS)
    try:
        pending = outlook(database).steps
        if pending:
            with database.write(catalog_change=True) as session:
                install(session, APPS)
        for step, _ in pending:
            with space.write(system("upgrade"), entry="cli", kind="upgrade", catalog_change=True) as work:
                step.run(work)
                mark_step(work.session, step.number, step.name)
    finally:
        database.close()


def callers_of(space: Space) -> dict[str, int]:
    """Somebody who sees all, a region's manager, a seller, and the one who owns a tenth of everything."""
    with space.read(system("bench")) as work:
        people = {row["email"].partition("@")[0]: i for i, row in work.catalog.config["user"].items()}
    return {"all": people["boss"], "team": people["manager0"], "own": people["rep7"], "heavy": people["rep0"]}


def _drop_old_indexes(space: Space) -> None:
    """Data kept from an earlier version may have indexes that are not made any more."""
    with space.db.write(catalog_change=True) as session:
        catalog = space.catalog(session)
        schema = f'"{session.schema}".' if session.schema else ""
        there = inspect(session).indexes
        for target in catalog.objects.values():
            wanted = {i.name for i in (*indexes(target), *uniques(target))}
            for name in sorted(there - wanted):
                mine = name.startswith((f"i_{target.table}_", f"t_{target.table}_"))
                if mine and not _elsewhere(name, target, catalog):
                    session.run(f'DROP INDEX {schema}"{name}"')


def _elsewhere(name: str, target: Object, catalog: Catalog) -> bool:
    """Whether it is the index of an object with a longer name (`opportunity_line`)."""
    longer = (o.table for o in catalog.objects.values() if o.table.startswith(target.table) and o is not target)
    return any(name.startswith((f"i_{table}_", f"t_{table}_")) for table in longer)


def token_for(company: Company, user: int) -> str:
    """A fresh bearer token for that person."""
    space = company.space
    with space.write(system("bench")) as work:
        return create_token(
            work.session, space.ids, user, name="bench", scopes=("read", "write"), expires_at=None, now=work.now
        )[0]


def make(url: str, folder: Path, rows: int) -> None:
    """Fills an empty database with the company."""
    space = open_space(url, folder)
    people = _people(space)
    with space.read(system("bench")) as work:
        catalog = work.catalog
    names = ("account", "contact", "lead", "opportunity")
    _without_indexes(space, catalog, names)
    sizes = {"account": rows // 10, "contact": rows, "lead": rows, "opportunity": rows * 3 // 10}
    makers = {"account": _account, "contact": _contact, "lead": _lead, "opportunity": _deal(catalog)}
    for place, name in enumerate(names):
        _fill(space, name, sizes[name], BASE + place * 100_000_000, people, makers[name], rows)
    space.db.close()
    space = open_space(url, folder)  # puts the indexes back
    _search(space, catalog, rows)
    _settle(space)
    space.db.close()


def _people(space: Space) -> list[tuple[int, int]]:
    """(user, team) of those who own records: 60 sellers in nine teams of three regions."""
    with space.write(system("bench")) as work:
        roles = {row["key"]: str(i) for i, row in work.catalog.config["role"].items()}
        hq = save(work, [Change("create", "team", {"name": "总部"})]).id
        parts = [Change("create", "team", {"name": f"大区{n}", "parent": str(hq)}) for n in range(3)]
        regions = _ids(save(work, parts))
    with space.write(system("bench")) as work:
        teams = _ids(
            save(
                work,
                [Change("create", "team", {"name": f"组{n}", "parent": str(regions[n % 3])}) for n in range(9)],
            )
        )
    with space.write(system("bench")) as work:
        people = [("boss", hq, "management"), *((f"manager{n}", regions[n], "sales_manager") for n in range(3))]
        people += [(f"rep{n}", teams[n % 9], "sales") for n in range(60)]
        made = _ids(save(work, [_user(name, team, roles[role]) for name, team, role in people]))
    return [(user, team) for user, (_, team, role) in zip(made, people, strict=True) if role == "sales"]


def _user(name: str, team: int, role: str) -> Change:
    values = {"name": name, "email": f"{name}@example.com", "team": str(team), "roles": [role]}
    return Change("create", "user", values)


def _ids(saved: Any) -> list[int]:
    return [int(o.id) for o in saved.outcomes]


def _without_indexes(space: Space, catalog: Catalog, names: Sequence[str]) -> None:
    """Filling first and indexing afterwards is several times faster."""
    with space.db.write(catalog_change=True) as session:
        schema = f'"{session.schema}".' if session.schema else ""
        for name in names:
            for index in indexes(catalog.object(name)):
                session.run(f'DROP INDEX IF EXISTS {schema}"{index.name}"')


Maker = Callable[[random.Random, int, int], dict[str, Any]]


def _fill(
    space: Space, name: str, count: int, first: int, people: Sequence[tuple[int, int]], make: Maker, rows: int
) -> None:
    chance = random.Random(name)
    each = _records(chance, count, first, people, make, rows)
    columns: list[str] = []
    while chunk := list(islice(each, CHUNK)):
        columns = columns or list(chunk[0])
        with space.db.write(bulk=True) as session:
            session.insert(name, columns, [tuple(row.values()) for row in chunk])


def _records(
    chance: random.Random, count: int, first: int, people: Sequence[tuple[int, int]], make: Maker, rows: int
) -> Iterator[dict[str, Any]]:
    for n in range(count):
        owner, team = people[0] if n % 10 == 0 else people[1 + chance.randrange(len(people) - 1)]
        at = END - chance.randrange(700 * DAY)
        row = {"id": first + n, "version": 1, "owner": owner, "team": team, "source": "import"}
        row |= {"created_at": at, "created_by": owner, "updated_at": at + chance.randrange(30 * DAY)}
        row |= {"updated_by": owner}
        yield row | make(chance, n, rows)


def _account(chance: random.Random, n: int, _rows: int) -> dict[str, Any]:
    name = f"{PLACES[n % 10]}{chance.choice(GIVEN)}{chance.choice(GIVEN)}{TRADES[n // 10 % 10]}有限公司"
    return {"name": name, "name__k": _key(name)}


def _contact(chance: random.Random, n: int, rows: int) -> dict[str, Any]:
    name = _person(chance)
    return {
        "name": name,
        "name__k": _key(name),
        "account": BASE + chance.randrange(max(rows // 10, 1)),
        "title": "采购经理",
        "title__k": _key("采购经理"),
        "mobile": f"+8613{n % 10}{chance.randrange(10**8):08d}",
        "email": f"p{n}@example.com",
        "origin": chance.choice(ORIGINS),
        "sex": "male" if n % 2 else "female",
        "last_activity_at": END - chance.randrange(90 * DAY),
        "do_not_call": 0,
        "archived": 0,
    }


def _lead(chance: random.Random, n: int, _rows: int) -> dict[str, Any]:
    name = _person(chance)
    company = f"{chance.choice(PLACES)}{chance.choice(GIVEN)}{chance.choice(TRADES)}"
    amount = chance.randrange(1, 500) * 10_000_000
    return {
        "name": name,
        "name__k": _key(name),
        "company": company,
        "company__k": _key(company),
        "mobile": f"+8615{n % 10}{chance.randrange(10**8):08d}",
        "email": f"l{n}@example.com",
        "state": chance.choice(STATES),
        "rating": chance.choice(("hot", "warm", "cold")),
        "origin": chance.choice(ORIGINS),
        "budget": amount,
        "budget__c": "CNY",
        "budget__b": amount,
        "follow_ups": 0,
    }


def _deal(catalog: Catalog) -> Maker:
    """A fifth of the deals are open, spread over the stages of the first pipeline."""
    pipeline = min(catalog.config["pipeline"])
    stages = [(i, row) for i, row in catalog.config["stage"].items() if row["pipeline"] == pipeline]
    by_state = {s: [i for i, row in stages if (row.get("outcome") or row.get("kind")) == s] for s in ("open", "won")}
    closed = by_state["won"] or [stages[-1][0]]
    opened = by_state["open"] or [i for i, _ in stages[:-2]]

    def make(chance: random.Random, n: int, rows: int) -> dict[str, Any]:
        live = n % 5 == 0
        amount = chance.randrange(1, 900) * 10_000_000
        name = f"{chance.choice(TRADES)}产线项目{n % 1000}"
        return {
            "name": name,
            "name__k": _key(name),
            "number": f"OPP-B-{n:07d}",
            "account": BASE + chance.randrange(max(rows // 10, 1)),
            "pipeline": pipeline,
            "stage": chance.choice(opened) if live else closed[0],
            "state": "open" if live else "won",
            "probability": 5000,
            "amount": amount,
            "amount__c": "CNY",
            "amount__b": amount,
            "close_on": 20_700 + chance.randrange(-300, 200),
        }

    return make


def _person(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)


@lru_cache(maxsize=500_000)
def _key(text: str) -> str:
    return sort_key(text)


def _search(space: Space, catalog: Catalog, rows: int) -> None:
    """Contacts by their grams, as the follower keeps them."""
    first = BASE + 100_000_000
    for start in range(first, first + rows, 10_000):
        with space.db.write(bulk=True) as session:
            ids = range(start, min(start + 10_000, first + rows))
            for some in range(0, len(ids), 2_000):
                index_records(session, catalog, catalog.object("contact"), ids[some : some + 2_000])


def _settle(space: Space) -> None:
    """What the nightly upkeep does: figures for the planner, nothing left in the journal."""
    if space.db.dialect == "sqlite":
        with space.db.write() as session:
            session.run("PRAGMA analysis_limit = 1000")
            session.run("ANALYZE")
        space.db.checkpoint()
        return
    import psycopg

    with psycopg.connect(space.db.url, autocommit=True) as connection:  # type: ignore[attr-defined]  # it has one
        connection.execute("VACUUM ANALYZE")
