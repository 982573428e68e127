"""A record's page asks a fixed number of questions, however much hangs on the record, and stays light."""

from __future__ import annotations

from typing import Any

from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.records import show
from guanxi.entrypoints.web.records.desk import open_desk, speaking
from guanxi.entrypoints.web.session import Visit
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

MOST = 23  # whom it was given to, what was merged into it and how fresh its roll-ups are: asked too
WEIGHT = 90_000


def statements(space: Space, user: int, account: int) -> int:
    with space.read(user) as work:
        me = Visit(space, work.catalog, user, work.actor, Locale("zh-CN", now=work.now), "", None)  # type: ignore[arg-type]  # no session here
        with speaking(me.locale):
            show.context_of(open_desk(me, work, "account", account))
        return int(work.session.statements)


def fill(space: Space, user: int, account: int, number: int) -> None:
    about = {"object": "account", "id": str(account)}
    with space.write(user) as work:
        people = [
            Change("create", "contact", {"name": f"甲{n}", "account": str(account), "mobile": f"138{n:08}"})
            for n in range(number)
        ]
        deals = [Change("create", "opportunity", {"name": f"单{n}", "account": str(account)}) for n in range(number)]
        notes = [Change("create", "comment", {"about": about, "body": f"评 {n}"}) for n in range(number)]
        saved = save(work, [*people, *deals, *notes])
        met, deal = (
            [str(ident) for ident in saved.ids[:number]],
            {"object": "opportunity", "id": str(saved.ids[number])},
        )
        parts = [Change("create", "contact_role", {"contact": one, "about": deal, "role": "user"}) for one in met]
        calls = [
            Change("create", "call", {"about": about, "contact": one, "body": f"第 {n} 次"})
            for n, one in enumerate(met)
        ]
        save(work, [*parts, *calls])
    for n in range(number):
        with space.write(user) as work:
            save(work, [Change("edit", "account", {"payment_terms": f"{n} 天"}, id=account)])


def test_statements_do_not_grow_with_what_hangs_on_the_record(space: Space, users: Any, seller: Any) -> None:
    with space.write(users["seller"]) as work:
        account = save(work, [Change("create", "account", {"name": "禾木"})]).id
    fill(space, users["seller"], account, 8)
    statements(space, users["seller"], account)
    few = statements(space, users["seller"], account)
    fill(space, users["seller"], account, 40)
    many = statements(space, users["seller"], account)
    assert many <= few
    assert few <= MOST, few
    page = seller.get(f"/o/account/{account}")
    assert len(page.content) < WEIGHT, len(page.content)
    assert page.text.count("<li") < 40
