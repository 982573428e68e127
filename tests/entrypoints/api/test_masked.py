"""Masked fields over REST: masks in answers, no questions about them, one address that reveals."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make

SECRETS = ("13812345678", "wangwei@", "987654", "secretname", "1971")
VERBS = ("create", "read", "edit", "delete", "export")


@pytest.fixture
def caller(space: Space, client: Any) -> Any:
    own = {"level": "masked", "better": [["owner = me", "edit"]]}
    fields = {"contact.email": "masked", "contact.birthday": "masked", "contact.mobile": own,
              "opportunity.amount": "masked", "account.name": "masked"}  # fmt: skip
    rights = {"objects": {"*": dict.fromkeys(VERBS, "all")}, "fields": fields, "abilities": ["api", "reveal"]}
    with space.write(system("test")) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == "sales")
        save(work, [Change("edit", "role", {"rights": msgspec.json.encode(rights).decode()}, id=role)])
    return client("sales")


@pytest.fixture
def ids(space: Space) -> dict[str, int]:
    with space.write(make.person(space)) as work:
        account = save(work, [Change("create", "account", {"name": "Secretname Ltd"})]).id
        values = {"name": "王伟", "mobile": "13812345678", "email": "wangwei@example.com", "birthday": "1971-02-03"}
        contact = save(work, [Change("create", "contact", {**values, "account": str(account)})]).id
        deal = {"name": "Line", "account": str(account), "amount": "987654"}
        opportunity = save(work, [Change("create", "opportunity", deal)]).id
    return {"account": account, "contact": contact, "opportunity": opportunity}


def test_answers_hold_masks(ids: dict[str, int], caller: Any) -> None:
    one = caller.get(f"/contact/{ids['contact']}").json()
    assert (one["mobile"], one["email"], one["birthday"]) == ("138****5678", "w***@example.com", "***")
    paths = [f"/{name}{rest}" for name, i in ids.items() for rest in ("?names=true", f"/{i}", f"/{i}/history")]
    paths += ["/changes?limit=500", "/search?q=1381", "/search?q=wangwei", "/search?q=secret", "/operations"]
    for path in paths:
        answer = caller.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert not [secret for secret in SECRETS if secret in answer.text.lower()], path


def test_answers_to_writing_and_to_clashes_hold_masks(ids: dict[str, int], caller: Any) -> None:
    path = f"/contact/{ids['contact']}"
    done = caller.patch(path, json={"title": "CEO", "version": 1}, headers={"Idempotency-Key": "m-1"})
    assert done.status_code == 200, done.text
    assert done.json()["mobile"] == "138****5678"
    clash = caller.patch(path, json={"title": "CTO", "version": 1}, headers={"Idempotency-Key": "m-2"})
    assert clash.status_code == 409
    closed = caller.patch(path, json={"mobile": "13900000000", "version": 2}, headers={"Idempotency-Key": "m-3"})
    assert closed.status_code == 422
    for answer in (done, clash, closed):
        assert not [secret for secret in SECRETS if secret in answer.text.lower()]
    made = caller.post("/contact", json={"name": "李四", "mobile": "13900000001"}, headers={"Idempotency-Key": "m-4"})
    assert made.status_code == 201, made.text
    assert made.json()["mobile"] == "+8613900000001"


@pytest.mark.parametrize(
    "question",
    ["contact?filter=is_empty(mobile)", "contact?sort=email", 'contact?filter=starts_with(email,"w")',
     'contact/count?filter=birthday%3E"1970-01-01"', "contact/group?by=birthday:year",
     "opportunity/group?by=state&sum=amount", "opportunity?filter=weighted%3E1", 'contact?filter=account.name="x"'],
)  # fmt: skip
def test_questions_are_refused(ids: dict[str, int], caller: Any, question: str) -> None:
    answer = caller.get(f"/{question}")
    assert answer.status_code == 400, answer.text


def test_reveal(ids: dict[str, int], caller: Any, client: Any) -> None:
    path = f"/contact/{ids['contact']}/reveal"
    assert caller.post(path, json={"field": "mobile"}).json() == {"field": "mobile", "value": "+8613812345678"}
    assert caller.post(path, json={"field": "nonsense"}).status_code == 400
    assert caller.post(path, json={}).status_code == 400
    assert caller.post("/contact/5/reveal", json={"field": "mobile"}).status_code == 404
    for _ in range(29):
        assert caller.post(path, json={"field": "email"}).status_code == 200
    over = caller.post(path, json={"field": "email"})
    assert over.status_code == 429
    assert over.headers["retry-after"]


def test_the_document_says_so(caller: Any) -> None:
    told = caller.get("/openapi.json").json()
    assert "/contact/{id}/reveal" in told["paths"]
    assert "/task/{id}/reveal" not in told["paths"]
    assert "anyOf" in told["components"]["schemas"]["contact"]["properties"]["birthday"]
    sort = next(p for p in told["paths"]["/contact"]["get"]["parameters"] if p["name"] == "sort")
    assert "birthday" not in sort["schema"]["pattern"]
    assert "name" in sort["schema"]["pattern"]
    fields = {f["name"]: f for f in caller.get("/objects/contact").json()["fields"]}
    assert (fields["birthday"]["masked"], fields["birthday"]["read_only"]) == (True, True)
    assert (fields["mobile"]["masked"], fields["mobile"]["read_only"]) == (True, False)
