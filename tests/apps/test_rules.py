"""Rules of the standard objects: pure functions on a draft, no database."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from guanxi.apps.collaboration.comment import mentioned
from guanxi.apps.customers.account.object import ACCOUNT
from guanxi.apps.customers.account.rules import check_credit_code, credit_code_ok, grade_account, size_account
from guanxi.apps.customers.contact.rules import check_birthday, sign_contact, zodiac_sign
from guanxi.apps.sales.lead.object import LEAD
from guanxi.apps.sales.lead.rules import check_lead_reach, date_lead
from guanxi.apps.sales.opportunity.line import OPPORTUNITY_LINE, total_line
from guanxi.apps.sales.opportunity.object import OPPORTUNITY
from guanxi.apps.sales.opportunity.rules import check_close, check_entry, follow_stage, place_deal, sum_deal
from guanxi.apps.sales.reports.funnel import Passed, compute_funnel
from guanxi.apps.samples.customers import credit_code
from guanxi.base.dates import to_day
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.types import Change

STAGES = {
    1: {"id": 1, "pipeline": 9, "position": 1, "kind": "open", "probability": 1000, "requires": None, "name": "a"},
    2: {
        "id": 2, "pipeline": 9, "position": 2, "kind": "open", "probability": 5000, "name": "b",
        "requires": '["amount","close_on"]',
    },
    3: {"id": 3, "pipeline": 9, "position": 3, "kind": "won", "probability": 10000, "requires": None, "name": "w"},
    4: {"id": 4, "pipeline": 9, "position": 4, "kind": "lost", "probability": 0, "requires": None, "name": "l"},
}  # fmt: skip
CONFIG: Mapping[str, Mapping[int, Mapping[str, Any]]] = {
    "stage": {k: {**v, "active": 1} for k, v in STAGES.items()},
    "pipeline": {9: {"id": 9, "position": 1, "active": 1}},
    "customer_grade": {
        1: {"id": 1, "position": 1, "active": 1, "revenue_from__b": 1000, "employees_from": 500},
        2: {"id": 2, "position": 2, "active": 1, "revenue_from__b": 100, "employees_from": None},
        3: {"id": 3, "position": 3, "active": 1, "revenue_from__b": None, "employees_from": None},
    },
    "user": {},
}


def draft(target: Object, new: dict[str, Any], old: dict[str, Any] | None = None, entry: str = "form") -> Draft:
    work: Any = SimpleNamespace(
        entry=entry, now=1_000, today=to_day_of("2026-11-21"), catalog=SimpleNamespace(config=CONFIG)
    )
    before = None if old is None else {"version": 1, **old}
    return Draft(work, target, Change("edit", target.name), 0, before, {"id": 77, **(old or {}), **new})


def to_day_of(text: str) -> int:
    from datetime import date

    return to_day(date.fromisoformat(text))


def codes(d: Draft) -> list[tuple[str, str]]:
    return [(e.field, e.code) for e in d.errors]


@pytest.mark.parametrize(
    ("people", "size"), [(None, None), (0, "micro"), (19, "micro"), (20, "small"), (2000, "giant")]
)
def test_size_follows_employees(people: int | None, size: str | None) -> None:
    d = draft(ACCOUNT, {"employees": people})
    size_account(d)
    assert d["size"] == size


@pytest.mark.parametrize(
    ("revenue", "people", "grade"),
    [(2000, None, 1), (150, None, 2), (10, 600, 1), (10, 5, 3), (None, None, None)],
)
def test_grade_is_the_best_one_reached(revenue: int | None, people: int | None, grade: int | None) -> None:
    d = draft(ACCOUNT, {"revenue__b": revenue, "employees": people})
    grade_account(d)
    assert d["grade"] == grade


def test_a_grade_chosen_by_hand_stays() -> None:
    d = draft(ACCOUNT, {"grade": 3}, {"grade": 1, "revenue__b": 2000, "grade_by_hand": 0})
    grade_account(d)
    assert (d["grade"], d["grade_by_hand"]) == (3, 1)
    again = draft(ACCOUNT, {"grade_by_hand": 0}, {"grade": 3, "revenue__b": 2000, "grade_by_hand": 1})
    grade_account(again)
    assert again["grade"] == 1


def test_credit_code_needs_its_check_character() -> None:
    good = credit_code(1234)
    assert credit_code_ok(good)
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    assert not credit_code_ok(wrong)
    assert not credit_code_ok(good[:17])
    d = draft(ACCOUNT, {"credit_code": wrong})
    check_credit_code(d)
    assert codes(d) == [("credit_code", "invalid")]
    spaced = draft(ACCOUNT, {"credit_code": f" {good[:8]} {good[8:].lower()}"})
    check_credit_code(spaced)
    assert not spaced.errors
    assert spaced["credit_code"] == good


@pytest.mark.parametrize(
    ("born", "sign"),
    [("1990-01-19", "capricorn"), ("1990-01-20", "aquarius"), ("1990-12-22", "capricorn"), ("2000-02-29", "pisces")],
)
def test_zodiac_sign(born: str, sign: str) -> None:
    assert zodiac_sign(to_day_of(born)) == sign


def test_sign_goes_with_the_birthday_and_nobody_is_born_tomorrow() -> None:
    from guanxi.apps.customers.contact.object import CONTACT

    d = draft(CONTACT, {"birthday": None}, {"birthday": 10, "zodiac": "capricorn"})
    sign_contact(d)
    assert d["zodiac"] is None
    future = draft(CONTACT, {"birthday": to_day_of("2026-11-22")})
    check_birthday(future)
    assert codes(future) == [("birthday", "invalid")]


def test_lead_is_contacted_by_its_first_follow_up() -> None:
    d = draft(LEAD, {"last_activity_at": 5}, {"state": "new", "last_activity_at": None})
    date_lead(d)
    assert d["state"] == "contacted"


def test_lead_typed_in_must_be_reachable_and_a_dropped_one_says_why() -> None:
    d = draft(LEAD, {"state": "new", "source": "form"})
    check_lead_reach(d)
    assert codes(d) == [("mobile", "invalid")]
    d = draft(LEAD, {"state": "unqualified"}, {"state": "new", "source": "import"})
    check_lead_reach(d)
    assert codes(d) == [("unqualified_because", "invalid")]


def test_line_total_is_exact_and_price_comes_from_the_product() -> None:
    d = draft(OPPORTUNITY_LINE, {"product": 5, "quantity": 30_000, "discount": 750})
    product = {"name": "Servo", "price": 1_000_000, "price__c": "CNY", "price__b": 1_000_000}
    total_line(d, {"product": product})
    assert (d["name"], d["price"], d["total"], d["total__c"]) == ("Servo", 1_000_000, 2_775_000, "CNY")


def test_new_deal_starts_at_the_first_stage() -> None:
    d = draft(OPPORTUNITY, {})
    place_deal(d)
    follow_stage(d)
    assert (d["stage"], d["pipeline"], d["state"], d["probability"], d["path"]) == (1, 9, "open", 1000, "1")
    assert d["stage_since"] == 1_000


def test_probability_follows_the_stage_unless_set_by_hand() -> None:
    old = {"stage": 1, "pipeline": 9, "probability": 1000, "path": "1", "stage_since": 5}
    d = draft(OPPORTUNITY, {"stage": 2}, old)
    follow_stage(d)
    assert (d["probability"], d["path"], d["stage_since"]) == (5000, "1 2", 1_000)
    by_hand = draft(OPPORTUNITY, {"stage": 2, "probability": 3300}, old)
    follow_stage(by_hand)
    assert by_hand["probability"] == 3300


def test_closing_sets_the_day_and_reopening_forgets_it() -> None:
    d = draft(OPPORTUNITY, {"stage": 3}, {"stage": 2, "path": "1 2", "closed_on": None})
    follow_stage(d)
    assert (d["state"], d["closed_on"]) == ("won", to_day_of("2026-11-21"))
    again = draft(OPPORTUNITY, {"stage": 2}, {"stage": 4, "path": "1 2 4", "closed_on": 1, "close_reason": "price"})
    follow_stage(again)
    assert (again["state"], again["closed_on"], again["close_reason"]) == ("open", None, None)


def test_stage_asks_for_what_it_requires_and_names_each_field() -> None:
    d = draft(OPPORTUNITY, {"stage": 2, "amount": 5}, {"stage": 1, "amount": None})
    check_entry(d)
    assert codes(d) == [("close_on", "stage_requires")]
    imported = draft(OPPORTUNITY, {"stage": 2}, entry="import")
    check_entry(imported)
    assert not imported.errors


def test_lost_needs_a_reason() -> None:
    d = draft(OPPORTUNITY, {"state": "lost"}, {"state": "open", "source": "import"})
    check_close(d)
    assert codes(d) == [("close_reason", "stage_requires")]
    imported = draft(OPPORTUNITY, {"state": "lost"}, {"state": "open"}, entry="import")
    check_close(imported)
    assert not imported.errors


def test_amount_is_the_sum_of_living_lines_and_weighted_follows() -> None:
    d = draft(OPPORTUNITY, {"probability": 2500, "amount": 1})
    line = {"total__c": "CNY", "product": 8, "trashed_at": None}
    d.lines["opportunity_line"] = [
        draft(OPPORTUNITY_LINE, {**line, "total": 300, "total__b": 300}),
        draft(OPPORTUNITY_LINE, {**line, "total": 101, "total__b": 101}),
        draft(OPPORTUNITY_LINE, {**line, "total": 999, "total__b": 999, "trashed_at": 5}),
    ]
    sum_deal(d)
    assert (d["amount"], d["weighted"], d["product"]) == (401, 100, 8)


def test_lines_of_two_currencies_are_refused() -> None:
    d = draft(OPPORTUNITY, {"probability": 2500})
    d.lines["opportunity_line"] = [
        draft(OPPORTUNITY_LINE, {"total": 1, "total__c": currency, "trashed_at": None}) for currency in ("CNY", "USD")
    ]
    sum_deal(d)
    assert codes(d) == [("amount", "invalid")]


def test_funnel_counts_stages_really_passed_and_marks_the_weakest() -> None:
    stages = list(CONFIG["stage"].values())
    passed = [
        Passed((1, 2, 3), 3, 6, 600),  # won through both
        Passed((1, 3), 3, 1, 50),  # won, skipped the second
        Passed((1, 2, 4), 4, 7, 70),  # lost at the second
        Passed((1, 4), 4, 2, 20),  # lost at the first
        Passed((1,), 1, 4, 40),  # still there
    ]
    found = compute_funnel(stages, passed)
    first, second = found["steps"]
    assert (first.reached, first.here, first.moved, first.lost) == (20, 4, 14, 2)
    assert (second.reached, second.moved, second.lost, second.skipped) == (14, 7, 7, 1)
    assert (first.skipped, first.conversion, second.conversion) == (0, 8750, 5000)
    assert second.weakest
    assert not first.weakest
    assert (found["won"], found["won_amount"], found["lost"], found["win_rate"]) == (7, 650, 9, 4375)


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("@李薇 看一下", (2,)),
        ("请＠李薇和@Wang Xiaoming。", (2, 4)),
        ("@wang there", (3,)),
        ("mail me at li@wang.example", ()),
        ("@Wangs", ()),
        ("nobody", ()),
    ],
)
def test_mentions(body: str, ids: tuple[int, ...]) -> None:
    assert mentioned(body, [(2, "李薇"), (3, "Wang"), (4, "Wang Xiaoming")]) == ids
