"""One table with awkward values, in both databases, and the schema that describes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg

from guanxi.kernel.expr import Bind, Link, Schema, SqlText, Var, fields, zone

INT_COLUMNS = (
    "amount",
    "qty",
    "cost",
    "close_on",
    "opened_on",
    "created_at",
    "next_at",
    "flag",
    "vip",
    "owner",
    "team",
)
TEXT_COLUMNS = ("name", "note", "stage", "tags", "contacts")
COLUMNS = ("id", *INT_COLUMNS, *TEXT_COLUMNS)
STAGES = ("proposal", "negotiation", "won")


def schema() -> Schema:
    def var(name: str, kind: Any, scale: int = 0, **more: Any) -> Var:
        return Var(name, kind, f'"r"."{name}"', name, scale, **more)

    tags = Link('"m_tags"', '"a"', '"b"', '"r"."id"')
    contacts = Link('"m_contacts"', '"a"', '"b"', '"r"."id"', numbers=True)
    return fields(
        var("amount", "number", 4),
        var("qty", "number"),
        var("cost", "number", 2),
        var("close_on", "date"),
        var("opened_on", "date"),
        var("created_at", "datetime"),
        var("next_at", "datetime"),
        var("flag", "boolean"),
        var("vip", "boolean"),
        var("owner", "ref"),
        var("team", "ref"),
        var("name", "text"),
        var("note", "text"),
        var("stage", "text", choices=STAGES),
        var("tags", "set", link=tags),
        var("contacts", "set", link=contacts),
        Var("金额", "number", '"r"."amount"', "amount", 4),
        Var("account.industry", "text", '"r"."note"', "note"),
    )


SCHEMA = schema()


def bind(name: str = "Asia/Shanghai", now: int = 1_793_318_400_000_000) -> Bind:
    here = zone(name)
    return Bind(today=here.day(now), now=now, me=7, my_team=2, my_teams=(2, 3, 5), zone=here)


class Both:
    """The same rows in SQLite and PostgreSQL."""

    def __init__(self, pg_url: str) -> None:
        self.lite = sqlite3.connect(":memory:", isolation_level=None)
        self.pg = psycopg.connect(pg_url, autocommit=True)
        self.rows: list[dict[str, Any]] = []
        numbers = ", ".join(f'"{c}" BIGINT' for c in ("id", *INT_COLUMNS))
        for run, collate in ((self.lite.execute, ""), (self.pg.execute, ' COLLATE "C"')):
            texts = ", ".join(f'"{c}" TEXT{collate}' for c in TEXT_COLUMNS)
            run(f'CREATE TABLE "t" ({numbers}, {texts})')
            run(f'CREATE TABLE "m_tags" ("a" BIGINT, "b" TEXT{collate})')
            run('CREATE TABLE "m_contacts" ("a" BIGINT, "b" BIGINT)')

    def close(self) -> None:
        self.lite.close()
        self.pg.close()

    def fill(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows = [{**dict.fromkeys(COLUMNS), **row, "id": i} for i, row in enumerate(rows)]
        for name in ("t", "m_tags", "m_contacts"):
            self.run(f'DELETE FROM "{name}"', [])
        marks = ", ".join("?" * len(COLUMNS))
        for row in self.rows:
            self.run(f'INSERT INTO "t" VALUES ({marks})', [row[c] for c in COLUMNS])
            for tag in json.loads(row["tags"] or "[]"):
                self.run('INSERT INTO "m_tags" VALUES (?, ?)', [row["id"], tag])
            for contact in json.loads(row["contacts"] or "[]"):
                self.run('INSERT INTO "m_contacts" VALUES (?, ?)', [row["id"], int(contact)])

    def run(self, sql: str, params: Sequence[Any]) -> None:
        self.lite.execute(sql, params)
        self.pg.execute(for_pg(sql), params)

    def select(self, dialect: str, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        if dialect == "sqlite":
            return self.lite.execute(sql, params).fetchall()
        return self.pg.execute(for_pg(sql), params).fetchall()

    def matching(self, dialect: str, found: SqlText, bound: Bind) -> list[int]:
        sql = f'SELECT "id" FROM "t" AS "r" WHERE {found.text} ORDER BY "id"'
        return [r[0] for r in self.select(dialect, sql, found.bind(bound))]

    def values(self, dialect: str, found: SqlText, bound: Bind) -> list[Any]:
        sql = f'SELECT {found.text} FROM "t" AS "r" ORDER BY "id"'
        return [r[0] for r in self.select(dialect, sql, found.bind(bound))]


def for_pg(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")
