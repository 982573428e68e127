"""A small made-up business that exercises every corner of the record engine."""

from __future__ import annotations

from typing import Any

import msgspec

from guanxi.base.errors import msg
from guanxi.base.i18n import L
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog.declare import (
    auto_number,
    c,
    choice,
    date,
    formula,
    integer,
    links,
    lookup,
    money,
    multi_choice,
    percent,
    tags,
    text,
)
from guanxi.kernel.catalog.model import App, Cap, Object, Read, Rule
from guanxi.kernel.context import Space
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


def add_up(draft: Draft) -> None:
    """The deal's amount is the sum of its lines."""
    if "deal_line" in draft.lines:
        live = [line for line in draft.lines["deal_line"] if line["trashed_at"] is None]
        draft["amount"] = sum(line["quantity"] * line["price"] for line in live)


def only_active_clients(draft: Draft, facts: dict[str, Any]) -> None:
    client = facts["client"]
    if client is not None and client["grade"] == "X":
        draft.error("client", msg("{field} is blocked.", field="client"), "blocked")


CLIENT = Object(
    "client",
    L("Client", "客户"),
    L("Clients", "客户"),
    fields=(
        text("name", L("Name", "名称"), required=True),
        text("code", L("Code", "编码"), unique=True),
        choice("grade", L("Grade", "等级"), c("A", L("A", "A")), c("B", L("B", "B")), c("X", L("Blocked", "停用"))),
        integer("staff", L("Staff", "人数"), min=0),
        lookup("parent", L("Parent", "上级"), to="client", on_delete="refuse"),
        links("friends", L("Friends", "伙伴"), to="client"),
        multi_choice("likes", L("Likes", "喜欢"), c("tea", L("Tea", "茶")), c("wine", L("Wine", "酒"))),
        tags("tags", L("Tags", "标签")),
    ),
    sorts=("name", "staff"),
    filters=("grade",),
)

DEAL = Object(
    "deal",
    L("Deal", "交易"),
    L("Deals", "交易"),
    kind="document",
    fields=(
        auto_number("number", L("Number", "编号"), format="D-{yyyy}-{0000}"),
        text("name", L("Name", "名称"), required=True),
        lookup("client", L("Client", "客户"), to="client", on_delete="refuse"),
        money("amount", L("Amount", "金额")),
        percent("chance", L("Chance", "概率")),
        date("close_on", L("Closes", "成交日")),
        choice("stage", L("Stage", "阶段"), c("new", L("New", "新建")), c("won", L("Won", "赢单")), default="new"),
        formula("expected", L("Expected", "加权"), formula="amount * chance / 100", result="money"),
    ),
    lines=("deal_line",),
    rules=(Rule(add_up), Rule(only_active_clients, reads=(Read("client", "client", ("grade",)),), phase="check")),
    caps=(Cap(("owner",), 3, where='stage == "won"'),),
    filters=("stage",),
    sorts=("amount", "close_on"),
)

DEAL_LINE = Object(
    "deal_line",
    L("Line", "明细"),
    L("Lines", "明细"),
    kind="plain",
    title="item",
    parent="deal",
    access="parent",
    access_via="deal",
    fields=(
        lookup("deal", L("Deal", "交易"), to="deal", on_delete="cascade"),
        text("item", L("Item", "品名"), required=True),
        integer("quantity", L("Quantity", "数量"), required=True, min=1),
        money("price", L("Price", "单价"), required=True),
    ),
)

SHOP = App("shop", L("Shop", "店"), "Tests.", needs=("core",), objects=(CLIENT, DEAL, DEAL_LINE))
APPS = (CORE, SHOP)
OWN_VERBS = ("read", "edit", "delete", "export", "bulk", "share", "transfer")
ROLE_SPECS = {
    "admin": {"admin": True},
    "rep": {"objects": {"*": {"create": "all", **dict.fromkeys(OWN_VERBS, "own")}}},
    "lead": {"objects": {"*": dict.fromkeys(("create", *OWN_VERBS), "subtree")}},
    "blind": {
        "objects": {"*": dict.fromkeys(("create", "read", "edit"), "all")},
        "fields": {"deal.amount": "none", "deal.chance": "read"},
    },
    "nobody": {"objects": {}},
}


def people(space: Space) -> dict[str, int]:
    """A team tree HQ > (East > Shanghai, West) and one person per role and team: name -> id."""
    with space.write(system("test people")) as work:
        found: dict[str, int] = {}
        for name, parent in (("hq", None), ("east", "hq"), ("west", "hq"), ("shanghai", "east")):
            found[name] = save(work, [Change("create", "team", {"name": name, "parent": found.get(parent or "")})]).id
    with space.write(system("test people")) as work:
        for name, spec in ROLE_SPECS.items():
            rights = msgspec.json.encode(spec).decode()
            found[name] = save(work, [Change("create", "role", {"name": name, "rights": rights})]).id
    with space.write(system("test people")) as work:
        for person, team, role in (
            ("root", "hq", "admin"),
            ("li", "east", "lead"),
            ("wang", "shanghai", "rep"),
            ("zhao", "west", "rep"),
            ("bo", "west", "blind"),
            ("nil", "west", "nobody"),
        ):
            values = {"name": person, "email": f"{person}@example.com", "team": found[team], "roles": [found[role]]}
            found[person] = save(work, [Change("create", "user", values)]).id
    return found
