"""Actions and reports of the standard apps on both databases."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from guanxi.apps.collaboration.follow_up import LogFollowUp, log_follow_up
from guanxi.apps.collaboration.today import today
from guanxi.apps.sales.lead.conversion import ConvertLead, convert_lead
from guanxi.apps.sales.opportunity.actions import (
    LoseOpportunity,
    MoveStage,
    ReopenOpportunity,
    WinOpportunity,
    lose_opportunity,
    move_stage,
    reopen_opportunity,
    win_opportunity,
)
from guanxi.apps.sales.reports.funnel import funnel
from guanxi.apps.sales.reports.results import results
from guanxi.apps.sales.reports.rotting import rotting
from guanxi.apps.samples.load import load_samples
from guanxi.base.errors import Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

ACTOR = system("test")


def make(work: Work, name: str, /, **values: Any) -> int:
    return save(work, [Change("create", name, values)]).id


def stage_of(work: Work, name: str) -> int:
    return next(i for i, row in work.catalog.config["stage"].items() if row["name_en"] == name)


def fields_of(error: Invalid) -> set[tuple[str, str]]:
    return {(e.field, e.code) for e in error.errors}


def test_seed_gives_one_pipeline_with_seven_stages(space: Space) -> None:
    with space.read(ACTOR) as work:
        kinds = [row["kind"] for row in work.catalog.config["stage"].values()]
        assert sorted(kinds) == ["lost", *["open"] * 5, "won"]
        assert len(work.catalog.config["customer_grade"]) == 4


def test_move_asks_what_lacks_then_wins_and_reopens(space: Space) -> None:
    with space.write(ACTOR) as work:
        account = make(work, "account", name="禾木智能装备")
        deal = make(work, "opportunity", name="三号线", account=str(account))
        assert get(work, "opportunity", deal)["state"] == "open"
    with space.write(ACTOR) as work:
        proposal = stage_of(work, "Proposal")
        with pytest.raises(Invalid) as caught:
            move_stage(work, MoveStage(deal, proposal))
        assert fields_of(caught.value) == {("amount", "stage_requires"), ("close_on", "stage_requires")}
    with space.write(ACTOR) as work:
        move_stage(work, MoveStage(deal, proposal, values={"amount": "1000", "close_on": "2030-01-31"}))
        row = get(work, "opportunity", deal)
        assert (row["stage"], row["probability"], row["weighted"]) == (proposal, 5000, 5_000_000)
    with space.write(ACTOR) as work:
        win_opportunity(work, WinOpportunity(deal, close_reason="service"))
        row = get(work, "opportunity", deal)
        assert (row["state"], row["closed_on"], row["weighted"]) == ("won", work.today, 10_000_000)
        with pytest.raises(Invalid):
            win_opportunity(work, WinOpportunity(deal))
    with space.write(ACTOR) as work:
        reopen_opportunity(work, ReopenOpportunity(deal))
        row = get(work, "opportunity", deal)
        assert (row["state"], row["stage"], row["closed_on"]) == ("open", proposal, None)


def test_losing_needs_a_reason(space: Space) -> None:
    with space.write(ACTOR) as work:
        deal = make(work, "opportunity", name="改造")
        with pytest.raises(Invalid) as caught:
            lose_opportunity(work, LoseOpportunity(deal))
        assert fields_of(caught.value) == {("close_reason", "invalid")}
        lose_opportunity(work, LoseOpportunity(deal, close_reason="price", lost_to="北辰自控"))
        assert get(work, "opportunity", deal)["lost_to"] == "北辰自控"


def test_product_lines_make_the_amount(space: Space) -> None:
    with space.write(ACTOR) as work:
        product = make(work, "product", name="伺服电机", price="3200")
        lines = {"opportunity_line": [Change("create", "opportunity_line", {"product": str(product), "quantity": "3"})]}
        deal = save(work, [Change("create", "opportunity", {"name": "电机"}, lines=lines)]).id
        row = get(work, "opportunity", deal)
        assert (row["amount"], row["product"]) == (96_000_000, product)


def test_who_follows_the_lead_and_the_known_contact_follows_once(space: Space) -> None:
    with space.write(ACTOR) as work:
        contact = make(work, "contact", name="何敏", wechat="hemin")
        lead = make(work, "lead", name="何敏", mobile="13800001234")
        role = next(iter(work.catalog.config["role"]))
        both = make(work, "user", name="Sam", email="sam@example.com", roles=[str(role)])
        one = make(work, "user", name="Sue", email="sue@example.com", roles=[str(role)])
    with space.write(ACTOR) as work:
        for person, name, about in ((both, "lead", lead), (one, "lead", lead), (both, "contact", contact)):
            make(work, "follow", person=str(person), about={"object": name, "id": str(about)})
    with space.write(ACTOR) as work:
        convert_lead(work, ConvertLead(lead, contact=contact, opportunity=False))
    with space.read(ACTOR) as work:
        found = find(work, Query("follow", limit=10)).rows
        assert {(r["person"], r["about__o"], r["about"]) for r in found} == {
            (both, "contact", contact),
            (one, "contact", contact),
        }


def test_conversion_keeps_tags_and_history(space: Space) -> None:
    with space.write(ACTOR) as work:
        lead = make(
            work,
            "lead",
            name="何敏",
            company="博川新材",
            mobile="13800001234",
            tags=["展会"],
            budget="50000",
            interest="立体仓",
        )
        call = make(work, "call", about={"object": "lead", "id": str(lead)}, body="要报价")
    with space.write(ACTOR) as work:
        done = convert_lead(work, ConvertLead(lead))
        assert done.moved == 1
        assert done.account
        assert done.opportunity
        deal, person = get(work, "opportunity", done.opportunity), get(work, "contact", done.contact)
        assert (deal["name"], deal["amount"], deal["tags"]) == ("博川新材 · 立体仓", 500_000_000, '["展会"]')
        assert (person["account"], person["mobile"]) == (done.account, "+8613800001234")
        moved = get(work, "call", call)
        assert (moved["about__o"], moved["about"]) == ("opportunity", done.opportunity)
        assert moved["account"] == done.account
        row = get(work, "lead", lead)
        assert (row["state"], row["converted_contact"]) == ("converted", done.contact)
        with pytest.raises(Invalid):
            convert_lead(work, ConvertLead(lead))


def test_conversion_finds_existing_records_and_lets_choose(space: Space) -> None:
    with space.write(ACTOR) as work:
        account = make(work, "account", name='博川"新材')
        person = make(work, "contact", name="何敏", mobile="13800001234")
        lead = make(work, "lead", name="何小姐", company='博川"新材', mobile="13800001234")
    with space.write(ACTOR) as work, pytest.raises(Invalid) as caught:
        convert_lead(work, ConvertLead(lead))
    assert fields_of(caught.value) == {("account", "choose"), ("contact", "choose")}
    assert caught.value.extra["matches"]["account"] == [{"id": str(account), "name": '博川"新材'}]
    with space.write(ACTOR) as work:
        done = convert_lead(work, ConvertLead(lead, account=account, contact=person, opportunity=False))
        assert (done.account, done.contact, done.opportunity) == (account, person, None)
        assert get(work, "contact", person)["account"] == account
        assert count(work, Query("account"))[0] == 1


def test_follow_up_leaves_activity_task_and_next_step(space: Space) -> None:
    with space.write(ACTOR) as work:
        account = make(work, "account", name="禾木")
        deal = make(work, "opportunity", name="三号线", account=str(account))
        task = make(work, "task", subject="回电", about={"object": "opportunity", "id": str(deal)})
        done = log_follow_up(
            work,
            "opportunity",
            LogFollowUp(
                deal, result="progress", text="型号定了", next_on="2030-05-03", next_text="给新报价", task=task
            ),
        )
        call = get(work, "call", done.activity)
        assert (call["result"], call["account"], call["subject"]) == ("progress", account, "型号定了")
        assert done.task is not None
        assert get(work, "task", done.task)["subject"] == "给新报价"
        assert get(work, "task", task)["done_at"] == work.now
        row = get(work, "opportunity", deal)
        assert (row["next_step"], row["last_activity_at"]) == ("给新报价", work.now)
        assert get(work, "account", account)["last_activity_at"] == work.now
        with pytest.raises(Invalid):
            log_follow_up(work, "opportunity", LogFollowUp(deal))


def test_follow_up_moves_a_new_lead_on(space: Space) -> None:
    with space.write(ACTOR) as work:
        lead = make(work, "lead", name="何敏", mobile="13800001234")
        log_follow_up(work, "lead", LogFollowUp(lead, result="no_answer"))
        row = get(work, "lead", lead)
        assert (row["state"], row["follow_ups"]) == ("contacted", 1)


def test_comment_knows_whom_it_mentions(space: Space) -> None:
    with space.write(ACTOR) as work:
        person = make(work, "user", name="李薇", email="li@example.com")
    with space.write(ACTOR) as work:
        account = make(work, "account", name="禾木")
        comment = make(work, "comment", about={"object": "account", "id": str(account)}, body="@李薇 看一下")
        assert get(work, "comment", comment)["mentions"] == f'["{person}"]'


def test_sample_company_is_alive_and_adds_up(space: Space) -> None:
    load_samples(space, size=0.12)
    with space.read(ACTOR, timeout=30) as work:
        found = funnel(work)
        assert found["steps"][2].weakest or found["steps"][1].weakest or found["steps"][3].weakest
        by_owner = results(work, by="owner")
        by_product = results(work, by="product")
        won = count(work, Query("opportunity", where='state = "won"'), 0)[0]
        assert by_owner["total"].won == by_product["total"].won == won > 50
        for row in by_owner["rows"]:
            closed = count(work, Query("opportunity", where=row.filter), 0)[0]
            assert closed == row.won + row.lost + row.open
        for row in results(work, by="quarter")["rows"]:
            assert count(work, Query("opportunity", where=row.filter), 0)[0] == row.won + row.lost
        assert rotting(work)["deals"]
        seller = next(i for i, row in work.catalog.config["user"].items() if row["email"].startswith("chen.xiaowen"))
        sources = {row["source"] for row in find(work, Query("account", fields=("source",), limit=100)).rows}
        assert sources == {"demo"}
    with space.read(seller, timeout=30) as work:
        day = today(work)
        assert day["count"] >= 1
        assert {s["key"] for s in day["sections"] if s["items"]} >= {"today"}
        assert all(asdict(item)["title"] for section in day["sections"] for item in section["items"])
