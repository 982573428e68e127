"""Consent on a person's page and in the export dialog; what is withdrawn with one click holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.uses import may_use
from guanxi.kernel.records.write import save
from tests.entrypoints.web.records.conftest import BROWSER, PASSWORD, Browser, OneSpace


@pytest.fixture
def seller(space: Space, users: dict[str, int]) -> Iterator[Browser]:
    """With all pages, lists too."""
    client = TestClient(create_web(OneSpace(space), ROUTES), follow_redirects=False)
    client.post("/sign-in", data={"email": "seller@example.com", "password": PASSWORD}, headers=BROWSER)
    yield Browser(client, users["seller"])
    render.ENV.clear()


def people(space: Space, owner: int) -> list[int]:
    with space.write(owner) as work:
        ids = save(work, [Change("create", "contact", {"name": name}) for name in ("Ann", "Bob")]).ids
        marketing = next(i for i, r in work.catalog.config["consent_purpose"].items() if r["code"] == "marketing")
        person = {"object": "contact", "id": str(ids[0])}
        save(work, [Change("create", "consent", {"person": person, "purpose": str(marketing)})])
    return list(ids)


def test_the_page_shows_what_is_allowed_and_one_click_withdraws(
    space: Space, users: dict[str, int], seller: Any
) -> None:
    ann, _ = people(space, users["seller"])
    page = seller.get(f"/o/contact/{ann}").text
    assert 'id="consents"' in page
    answer = seller.post(f"/o/contact/{ann}/consent", {"purpose": "marketing", "channel": "sms"})
    assert answer.status_code in (204, 303)
    with space.read(users["seller"]) as work:
        assert not may_use(work, "contact", ann, "marketing", "sms").allowed
        assert may_use(work, "contact", ann, "marketing", "email").allowed
    seller.post(f"/o/contact/{ann}/consent", {"purpose": "marketing"})
    with space.read(users["seller"]) as work:
        assert not may_use(work, "contact", ann, "marketing", "email").allowed
    assert seller.post(f"/o/contact/{ann}/consent", {"purpose": "nothing"}).status_code == 404
    assert seller.post("/o/contact/1/consent", {"purpose": "marketing"}).status_code == 404


def test_an_export_names_its_purpose_and_the_access_log_keeps_it(
    space: Space, users: dict[str, int], seller: Any
) -> None:
    people(space, users["seller"])
    assert "marketing" in seller.get("/o/contact/export").text
    sent = {"format": "csv", "columns": "shown", "header": "names", "state": "", "purpose": "marketing"}
    lines = seller.post("/o/contact/export", sent).text.splitlines()
    assert len(lines) == 2
    assert "Ann" in lines[1]
    with space.read(system("test")) as work:
        sql = f"SELECT count, detail FROM {work.session.table('access_log')} WHERE kind = 'export'"
        ((count, detail),) = work.session.rows(sql)
    assert count == 1
    assert '"purpose":"marketing"' in detail
    assert '"refused":1' in detail
    bare = seller.post("/o/contact/export", {**sent, "purpose": "", "columns": "all", "anonymous": "1"}).text
    assert "Ann" not in bare
    assert len(bare.splitlines()) == 3
