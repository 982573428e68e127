"""On paper: only with the right to print, with masks as on the screen, and noted."""

from __future__ import annotations

import msgspec
from starlette.testclient import TestClient

from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.entrypoints.web.security import COOKIE
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.rights import read_spec
from guanxi.kernel.access.sessions import open_session
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.web.settings.conftest import OneSpace


def change(space: Space, key: str, **more: object) -> None:
    with space.write(system("test")) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == key)
        spec = {**read_spec(work.catalog.config["role"][role]["rights"]), **more}
        save(work, [Change("edit", "role", {"rights": msgspec.json.encode(spec).decode()}, id=role)])


def visitor(space: Space, user: int) -> TestClient:
    token = open_session(space.db, user, agent="test", address="", now=space.clock())
    client = TestClient(create_web(OneSpace(space), ROUTES), follow_redirects=False)
    client.headers["Cookie"] = f"{COOKIE}={token}"
    return client


def test_paper_shows_what_the_screen_does(space: Space) -> None:
    change(space, "sales", fields={"contact.mobile": "masked", "contact.email": "none"})
    user = make.person(space, "sales")
    values = {"name": "林小雨", "mobile": "13912345678", "email": "lin@example.com", "owner": str(user)}
    contact = make.record(space, "contact", None, **values)
    client = visitor(space, user)
    for path in (f"/o/contact/{contact}/print", "/o/contact/print?columns=name,mobile"):
        page = client.get(path)
        assert page.status_code == 200, page.text
        assert "林小雨" in page.text
        assert "13912345678" not in page.text.replace(" ", "")
        assert "lin@example.com" not in page.text
        assert "****" in page.text
    space.accesses.flush()
    with space.db.read() as session:
        table = session.table("access_log")
        sql = f'SELECT "actor", "object", "record" FROM {table} WHERE "kind" = ? ORDER BY "pos", "n"'
        assert session.rows(sql, ("print",)) == [(user, "contact", contact), (user, "contact", None)]


def test_without_the_right_there_is_no_paper(space: Space) -> None:
    change(space, "sales", abilities=["import"])
    user = make.person(space, "sales")
    contact = make.record(space, "contact", user)
    client = visitor(space, user)
    assert client.get(f"/o/contact/{contact}/print").status_code == 403
    assert client.get("/o/contact/print").status_code == 403
    assert "/print" not in client.get(f"/o/contact/{contact}").text
    assert "/print" not in client.get("/o/contact").text
    assert client.get("/o/contact/77/print").status_code == 404
