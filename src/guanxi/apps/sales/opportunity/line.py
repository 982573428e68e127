"""A line of an opportunity: product, quantity, price, discount, total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.i18n import L
from guanxi.base.money import half_up
from guanxi.kernel.catalog.declare import decimal, lookup, money, percent, text
from guanxi.kernel.catalog.model import Object, Read, Rule, Section
from guanxi.kernel.records.draft import Draft


def total_line(draft: Draft, facts: Mapping[str, Any]) -> None:
    """Name and price come from the product; the total is quantity × price less discount."""
    product = facts["product"]
    if product is not None and draft.changed("product"):
        if not draft.changed("name") or draft["name"] is None:
            draft["name"] = product["name"]
        if draft["price"] is None:
            for column in ("price", "price__c", "price__b"):
                draft[column] = product[column]
    quantity, price = draft["quantity"], draft["price"]
    if quantity is None or price is None:
        for column in ("total", "total__c", "total__b"):
            draft[column] = None
        return
    share = 10_000 - (draft["discount"] or 0)
    draft["total"] = half_up(quantity * price * share, 10_000 * 10_000)
    draft["total__c"] = draft["price__c"]
    draft["total__b"] = half_up(quantity * (draft["price__b"] or 0) * share, 10_000 * 10_000)


OPPORTUNITY_LINE = Object(
    "opportunity_line",
    L("Product line", "产品明细"),
    L("Product lines", "产品明细"),
    kind="plain",
    fields=(
        lookup("opportunity", L("Opportunity", "商机"), to="opportunity", required=True, on_delete="cascade"),
        lookup("product", L("Product", "产品"), to="product", on_delete="refuse"),
        text("name", L("Description", "名称")),
        decimal("quantity", L("Quantity", "数量"), default="1", min=0),
        money("price", L("Price", "单价"), min=0),
        percent("discount", L("Discount", "折扣"), min=0, max=10_000),
        money("total", L("Total", "金额"), read_only=True),
    ),
    columns=("product", "name", "quantity", "price", "discount", "total"),
    form=(Section(L("Line", "明细"), ("product", "name", "quantity", "price", "discount", "total")),),
    quick=("product", "quantity", "price", "discount"),
    rules=(Rule(total_line, reads=(Read("product", "product", ("name", "price", "price__c", "price__b")),)),),
    sort="created_at",
    parent="opportunity",
    access="parent",
    access_via="opportunity",
    search=("-",),
    icon="list-details",
)
