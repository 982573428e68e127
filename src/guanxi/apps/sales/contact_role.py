"""The part a person plays in an account or a deal: decision maker, influencer …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c, choice, long_text, lookup, text
from guanxi.kernel.catalog.model import Object, Read, Rule, Section, Unique
from guanxi.kernel.records.draft import Draft

ROLES = (
    c("decision_maker", L("Decision maker", "决策人"), "accent"),
    c("influencer", L("Influencer", "影响人")),
    c("user", L("User", "使用人")),
    c("gatekeeper", L("Gatekeeper", "把关人")),
    c("champion", L("Champion", "支持者"), "green"),
    c("opponent", L("Opponent", "反对者"), "red"),
    c("finance", L("Finance", "财务")),
    c("purchasing", L("Purchasing", "采购")),
)


def name_role(draft: Draft, facts: Mapping[str, Any]) -> None:
    """A role is called after its person."""
    person = facts["contact"]
    draft["name"] = person["name"] if person else None


CONTACT_ROLE = Object(
    "contact_role",
    L("Role", "对接角色"),
    L("Roles", "对接角色"),
    kind="plain",
    fields=(
        text("name", L("Name", "姓名"), read_only=True, history=False, copies=("contact.name",)),
        lookup("contact", L("Contact", "联系人"), to="contact", required=True, on_delete="cascade"),
        lookup("about", L("In", "所在"), to=("account", "opportunity"), required=True, on_delete="cascade"),
        choice("role", L("Role", "角色"), *ROLES, required=True),
        text("department", L("Department", "部门")),
        choice(
            "influence",
            L("Influence", "影响力"),
            c("high", L("High", "高"), "accent"),
            c("medium", L("Medium", "中")),
            c("low", L("Low", "低"), "grey"),
        ),
        choice(
            "attitude",
            L("Attitude", "态度"),
            c("for", L("For us", "支持"), "green"),
            c("neutral", L("Neutral", "中立"), "grey"),
            c("against", L("Against us", "反对"), "red"),
        ),
        long_text("note", L("Note", "备注")),
    ),
    columns=("contact", "role", "department", "influence", "attitude", "about"),
    form=(Section(L("Role", "角色"), ("contact", "about", "role", "department", "influence", "attitude", "note")),),
    quick=("contact", "about", "role", "department"),
    filters=("role", "influence"),
    sort="-created_at",
    rules=(Rule(name_role, reads=(Read("contact", "contact", ("name",)),)),),
    unique=(
        Unique(
            ("contact", "about", "role"),
            message=L("This person already has that role there.", "这个人在这里已有这个角色。"),
        ),
    ),
    access="parent",
    access_via="about",
    access_also=("contact",),
    search=("-",),
    icon="users-group",
)
