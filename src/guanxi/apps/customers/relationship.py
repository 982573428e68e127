"""How two parties relate: supplier of, spouse of, former colleague …"""

from __future__ import annotations

from guanxi.base.errors import msg
from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import c, choice, date, long_text, lookup
from guanxi.kernel.catalog.model import Object, Rule, Section
from guanxi.kernel.records.draft import Draft

KINDS = (
    c("supplier", L("Supplier of", "供应商")),
    c("customer", L("Customer of", "客户")),
    c("partner", L("Partner of", "合作伙伴")),
    c("competitor", L("Competitor of", "竞争对手")),
    c("subsidiary", L("Subsidiary of", "子公司")),
    c("investor", L("Investor in", "投资方")),
    c("works_with", L("Works with", "同事")),
    c("former_colleague", L("Former colleague of", "前同事")),
    c("friend", L("Friend of", "朋友")),
    c("family", L("Family of", "家人")),
    c("introduced_by", L("Introduced by", "介绍人")),
)


def check_parties(draft: Draft) -> None:
    """A party does not relate to itself."""
    one = (draft.get("party__o"), draft.get("party"))
    other = (draft.get("other__o"), draft.get("other"))
    if one == other and one[1] is not None:
        draft.error("other", msg("Both sides are the same. Choose another party."))


RELATIONSHIP = Object(
    "relationship",
    L("Relationship", "关系"),
    L("Relationships", "关系"),
    kind="plain",
    title="kind",
    fields=(
        lookup(
            "party",
            L("Party", "一方"),
            to=("account", "contact"),
            required=True,
            on_delete="cascade",
            inverse=L("Relationships", "关系"),
        ),
        choice("kind", L("Is", "关系"), *KINDS, required=True),
        lookup(
            "other",
            L("Of", "另一方"),
            to=("account", "contact"),
            required=True,
            on_delete="cascade",
            inverse=L("Named in relationships", "被谁关联"),
        ),
        choice(
            "strength",
            L("Strength", "强度"),
            c("strong", L("Strong", "强"), "green"),
            c("normal", L("Normal", "一般")),
            c("weak", L("Weak", "弱"), "grey"),
        ),
        date("since", L("Since", "始于")),
        long_text("note", L("Note", "备注")),
    ),
    columns=("party", "kind", "other", "strength", "since"),
    form=(Section(L("Relationship", "关系"), ("party", "kind", "other", "strength", "since", "note")),),
    quick=("party", "kind", "other"),
    filters=("kind", "strength"),
    sort="-created_at",
    rules=(Rule(check_parties, phase="check"),),
    access="parent",
    access_via="party",
    search=("-",),
    icon="affiliate",
)
