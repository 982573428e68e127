"""Consent on both databases: answers are only added, what may be used follows at once, exports leave people out."""

from __future__ import annotations

import io
from typing import Any

import pytest

from guanxi.base.errors import BadInput, Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.export import export
from guanxi.kernel.records.export_uses import use_for
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.uses import allowed_of, may_use, purposes_of
from guanxi.kernel.records.write import save
from tests import make


def purpose(work: Work, code: str) -> str:
    return str(next(i for i, r in work.catalog.config["consent_purpose"].items() if r["code"] == code))


def answer(work: Work, person: int, answer: str = "given", code: str = "marketing", /, **given: Any) -> int:
    values = {"person": {"object": "contact", "id": str(person)}, "purpose": purpose(work, code), "answer": answer}
    return save(work, [Change("create", "consent", {**values, **given})]).id


@pytest.fixture
def clerk(space: Space) -> int:
    return make.person(space)


def test_an_answer_takes_effect_in_its_own_commit_and_is_never_edited(space: Space, clerk: int) -> None:
    person = make.record(space, "contact", clerk)
    with space.write(clerk) as work:
        assert not may_use(work, "contact", person, "marketing", "sms").allowed
        assert may_use(work, "contact", person, "service", "sms").allowed
        first = answer(work, person, channels=["sms"], data=["basic"], valid_until="2099-12-31")
        assert may_use(work, "contact", person, "marketing", "sms").consent == first
        assert not may_use(work, "contact", person, "marketing", "email").allowed
        assert not may_use(work, "contact", person, "marketing", "sms", ("location",)).allowed
    with space.write(clerk) as work:
        with pytest.raises(Invalid, match="never changed"):
            save(work, [Change("edit", "consent", {"answer": "refused"}, first)])
        save(work, [Change("edit", "consent", {"note": "on the phone"}, first)])
        answer(work, person, "withdrawn")
        verdict = may_use(work, "contact", person, "marketing", "sms")
        assert not verdict.allowed
        assert "Withdrawn" in str(verdict.reason)
    with space.read(clerk) as work, pytest.raises(BadInput):
        may_use(work, "contact", person, "no_such_purpose")


def test_a_thousand_people_cost_as_many_statements_as_ten(space: Space, clerk: int) -> None:
    with space.write(clerk) as work:
        ids = save(work, [Change("create", "contact", {"name": f"P{n}"}) for n in range(200)]).ids
        link = [{"object": "contact", "id": str(i)} for i in ids[::2]]
        rows = [{"person": to, "purpose": purpose(work, "marketing")} for to in link]
        save(work, [Change("create", "consent", row) for row in rows])
    with space.read(clerk) as work:
        before = work.session.statements
        assert len(allowed_of(work, "contact", ids[:10], "marketing", "email")) == 5
        few = work.session.statements - before
        assert allowed_of(work, "contact", ids, "marketing", "email") == set(ids[::2])
        assert work.session.statements - before == 2 * few


def test_what_somebody_said_as_a_lead_holds_for_the_contact_they_became(space: Space, clerk: int) -> None:
    lead, person = make.record(space, "lead", clerk), make.record(space, "contact", clerk)
    with space.write(clerk) as work:
        said = {"person": {"object": "lead", "id": str(lead)}, "purpose": purpose(work, "marketing")}
        save(work, [Change("create", "consent", said)])
        save(work, [Change("edit", "lead", {"converted_contact": str(person)}, lead)])
    with space.read(clerk) as work:
        assert may_use(work, "contact", person, "marketing", "email").allowed


def test_a_text_somebody_agreed_to_stays_as_it_was(space: Space) -> None:
    with space.write(system("test")) as work:
        ident = next(iter(work.catalog.config["consent_text"]))
        with pytest.raises(Invalid, match="new one"):
            save(work, [Change("edit", "consent_text", {"body": "Something else"}, ident)])
    with space.write(system("test")) as work:
        values = {"name": "2", "text_version": "2", "body": "Something else"}
        save(work, [Change("create", "consent_text", values)])


def taken(space: Space, user: int, fields: tuple[str, ...] = ("id", "name"), **use: Any) -> tuple[list[str], int]:
    out, left = io.BytesIO(), list[int]()
    with space.read(user) as work:
        export(work, Query("contact", None, fields), out, use=use_for(**use), left=left)
    return out.getvalue().decode().splitlines()[1:], sum(left)


def test_exports_leave_out_and_count_who_does_not_allow_the_purpose(space: Space, clerk: int) -> None:
    with space.write(clerk) as work:
        ids = save(work, [Change("create", "contact", {"name": f"P{n}"}) for n in range(3)]).ids
        answer(work, ids[0])
        answer(work, ids[1])
        answer(work, ids[1], "withdrawn")
    rows, left = taken(space, clerk, purpose="marketing", channel="email")
    assert [row.partition(",")[0] for row in rows] == [str(ids[0])]
    assert left == 2
    assert len(taken(space, clerk)[0]) == 3
    assert len(taken(space, clerk, purpose="service")[0]) == 3


def test_an_export_without_identifiers_tells_nobody_apart(space: Space, clerk: int) -> None:
    person = make.record(space, "contact", clerk, name="Zhang San", mobile="13800001234", sex="male",
                         birthday="1990-02-03", description="lives in Suzhou", email="z@example.com")  # fmt: skip
    first, _ = taken(space, clerk, (), anonymous=True)
    second, _ = taken(space, clerk, (), anonymous=True)
    for secret in ("Zhang", "138", "1990", "Suzhou", "example.com", str(person)):
        assert secret not in first[0].replace(first[0].partition(",")[0], "")
        assert str(person) not in first[0]
    assert "male" in first[0]
    assert first[0].partition(",")[0] != second[0].partition(",")[0]
    with pytest.raises(Invalid):
        taken(space, clerk, ("id", "name"), anonymous=True)


def test_a_workspace_may_ask_for_the_purpose(space: Space, clerk: int) -> None:
    from guanxi.kernel.admin.settings import change_settings

    make.record(space, "contact", clerk)
    with space.write(clerk) as work:
        change_settings(work, {"export_purpose_required": True})
    with pytest.raises(Invalid, match="purpose"):
        taken(space, clerk)
    with space.read(clerk) as work:
        assert [p.code for p in purposes_of(work, "contact")] == ["service", "marketing", "analysis", "sharing"]
        assert purposes_of(work, "account") == ()
