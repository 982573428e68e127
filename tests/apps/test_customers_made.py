"""Winning a deal makes its account a customer; what people chose themselves stays."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests.apps.test_reactions import work_off

ACTOR = system("test")


def test_the_account_of_a_won_deal_is_a_customer(space: Space) -> None:
    with space.write(ACTOR) as work:
        won = next(i for i, row in work.catalog.config["stage"].items() if row["kind"] == "won")
        accounts = [Change("create", "account", {"name": n, "status": s}) for n, s in (("a", None), ("b", "archived"))]
        ids = save(work, accounts).ids
        deals = [
            {"name": "d", "account": str(i), "stage": str(won), "amount": "5", "close_reason": "price"} for i in ids
        ]
        save(work, [Change("create", "opportunity", d) for d in deals])
    work_off(space)
    with space.read(ACTOR) as work:
        assert [get(work, "account", i)["status"] for i in ids] == ["active", "archived"]
