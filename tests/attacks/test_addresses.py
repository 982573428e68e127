"""Numbers and signs in addresses that are none: a page, a refusal, never a defect."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.kernel.access.sessions import open_session
from guanxi.kernel.context import Space
from tests import make
from tests.attacks.conftest import People
from tests.entrypoints.api.conftest import OneSpace

ODD = ("\0", "'", "x" * 3_000, "9" * 19, "9" * 20, "-1", "²", "٣", "[]", '"; drop', "😀")
LISTS = (
    "/o/account?q=",
    "/o/account?where=",
    "/o/account?sort=",
    "/o/account?cursor=",
    "/o/account?view=",
    "/trash?q=",
)
OTHERS = ("/operations?before=", "/operations/", "/palette?recent=account.", "/search?q=", "/options/account?q=")
FORMS = (
    "/o/account/new?owner=",
    "/o/contact/new?account=",
    "/o/task/new?about=account:",
    "/o/account/",
    "/invitation/",
)


@pytest.mark.parametrize("odd", ODD)
def test_odd_addresses(space: Space, people: People, odd: str) -> None:
    browser = TestClient(create_web(OneSpace(space), ROUTES), follow_redirects=False, raise_server_exceptions=False)
    browser.cookies["guanxi"] = open_session(space.db, people.anna, agent="", address="", now=space.clock())
    account = make.record(space, "account", people.anna, name="A")
    own = [f"/o/account/{account}/{part}" for part in ("history?before=", "timeline?at=1-", "timeline?kind=")]
    wrong = [path for path in (*LISTS, *OTHERS, *FORMS, *own) if browser.get(path + quote(odd)).status_code >= 500]
    render.ENV.clear()
    assert wrong == []
