"""The roles a new workspace starts with, each with default rights (C22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.i18n import L, Label

OWN_WORK = {"edit": "own", "delete": "own", "export": "own", "bulk": "own", "share": "own", "transfer": "own"}
NO_WORK = {"edit": "none", "delete": "none", "export": "none", "bulk": "none", "share": "none", "transfer": "none"}
TEAM = {"create": "all", "read": "team", **OWN_WORK}
SUBTREE = {"create": "all", "read": "subtree", **dict.fromkeys(OWN_WORK, "subtree")}
ALL = {"create": "all", "read": "all", **dict.fromkeys(OWN_WORK, "all"), "delete": "own"}
SEE = {"create": "none", "read": "all", **NO_WORK}
LOOK = {**SEE, "export": "all"}
REACHED_AT = ("contact.mobile", "contact.phone", "contact.email", "lead.mobile", "lead.phone", "lead.email")

ROLES: tuple[tuple[str, Label, Label, Mapping[str, Any]], ...] = (
    (
        "administrator",
        L("Administrator", "管理员"),
        L("Sees and changes everything, settings included.", "能看、能改所有内容，包括设置。"),
        {"admin": True},
    ),
    (
        "sales",
        L("Salesperson", "销售"),
        L("Works own records, sees the team's.", "做自己的，看团队的。"),
        {
            "objects": {"*": TEAM, "product": SEE, "product_category": SEE},
            "abilities": ["import", "api", "print", "reveal"],
        },
    ),
    (
        "sales_manager",
        L("Sales manager", "销售经理"),
        L("Works the records of the whole team below.", "管理下属团队的全部记录。"),
        {
            "objects": {"*": SUBTREE, "product": ALL, "product_category": ALL},
            "abilities": ["import", "api", "print", "reveal", "share_views", "undo_others"],
        },
    ),
    (
        "service",
        L("Service agent", "客服"),
        L("Sees all customers, works own records.", "看所有客户，做自己的记录。"),
        {
            "objects": {"*": {**ALL, "edit": "own", "export": "none", "bulk": "none"}, "lead": SEE, "opportunity": SEE},
            "abilities": ["print", "reveal"],
        },
    ),
    (
        "marketing",
        L("Marketer", "市场"),
        L("Sees and works all leads and contacts.", "看、改所有线索和联系人。"),
        {
            "objects": {"*": LOOK, "lead": ALL, "contact": ALL, "consent": ALL},
            "abilities": ["import", "api", "print", "share_views"],
        },
    ),
    (
        "analyst",
        L("Analyst", "分析师"),
        L(
            "Sees and exports everything, changes nothing; how to reach people is masked.",
            "看和导出所有内容，不做改动；联系方式打码。",
        ),
        {
            "objects": {"*": LOOK},
            "fields": dict.fromkeys(REACHED_AT, "masked"),
            "abilities": ["api", "print", "share_views"],
        },
    ),
    (
        "management",
        L("Management", "管理层"),
        L("Sees everything, changes own records.", "看所有内容，改自己的记录。"),
        {"objects": {"*": {**ALL, "edit": "own", "bulk": "own"}}, "abilities": ["api", "print", "share_views"]},
    ),
    (
        "operations",
        L("Sales operations", "销售运营"),
        L("Sees and works all records, imports and bulk edits.", "看、改所有记录，可导入和批量修改。"),
        {
            "objects": {"*": {**ALL, "delete": "all"}},
            "abilities": ["import", "api", "print", "reveal", "share_views", "undo_others"],
        },
    ),
)
