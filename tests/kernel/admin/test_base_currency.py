"""A company that counts in euros says so once, before its first amount; limits and rates follow."""

from __future__ import annotations

import pytest

from guanxi.base.errors import Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.changes import audit
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make


def test_the_base_currency_moves_with_its_limits_until_there_are_amounts(space: Space) -> None:
    ada = make.person(space)
    with space.write(ada) as work:
        change_settings(work, {"currency": "EUR"})
    with space.read(ada) as work:
        currencies = {row["code"]: row["rate"] for row in work.catalog.config["currency"].values()}
        grades = {row["name"]: row for row in work.catalog.config["customer_grade"].values()}
    assert currencies == {"EUR": 10**8}
    assert (grades["A"]["revenue_from__c"], grades["A"]["revenue_from__b"]) == ("EUR", grades["A"]["revenue_from"])
    with space.write(ada) as work:
        account = save(work, [Change("create", "account", {"name": "Mill", "revenue": "600000000"})]).id
        row = get(work, "account", account)
    assert (row["revenue__c"], row["grade"]) == ("EUR", grades["A"]["id"])
    with pytest.raises(Invalid), space.write(ada) as work:
        change_settings(work, {"currency": "USD"})
    seal(space.db)
    with space.read(system("test")) as work:
        assert audit.verify(work.session).broken == 0
