"""View as: an administrator sees what somebody else sees, changes nothing, and the person is told."""

from __future__ import annotations

from typing import Any

from guanxi.entrypoints.web.security import COOKIE
from guanxi.kernel.access.sessions import csrf_of
from guanxi.kernel.access.tokens import list_tokens
from guanxi.kernel.context import Space
from tests import make


def cookies(admin: Any) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={admin.token}; guanxi_view_as=1"}


def see(admin: Any, path: str) -> Any:
    return admin.client.get(path, headers=cookies(admin))


def send(admin: Any, path: str, data: dict[str, str] | None = None) -> Any:
    headers = {**cookies(admin), "Sec-Fetch-Site": "same-origin"}
    return admin.client.post(path, data={**(data or {}), "_csrf": csrf_of(admin.token)}, headers=headers)


def test_one_sees_what_they_see_and_writes_nothing(space: Space, admin: Any, sales: Any) -> None:
    hidden = make.record(space, "account", make.person(space, "sales"), name="Out of sight Ltd")
    theirs = make.record(space, "account", sales.user, name="Own customer Ltd")
    started = admin.post(f"/settings/users/{sales.user}/view-as")
    assert started.status_code == 303
    assert "guanxi_view_as=1" in started.headers["set-cookie"]
    page = see(admin, "/o/account")
    assert "You are looking as" in page.text
    assert "Own customer Ltd" in page.text
    assert "Out of sight Ltd" not in page.text
    assert see(admin, f"/o/account/{hidden}").status_code == 404
    assert see(admin, "/settings/roles").status_code == 404
    for path, data in ((f"/o/account/{theirs}/trash", {}), ("/o/account/new", {"name": "x"}), ("/profile", {}),
                       (f"/o/account/{theirs}/comment", {"body": "x"}), ("/language", {"language": "en"}),
                       (f"/settings/users/{sales.user}", {"name": "x"})):  # fmt: skip
        assert send(admin, path, data).status_code in (403, 422), path
    for path in ("/o/account/export.csv", "/profile", "/profile/tokens", "/notifications/5", "/tasks/5/file"):
        assert see(admin, path).status_code == 403, path
    assert admin.get(f"/o/account/{hidden}").status_code == 200, "without the cookie one is oneself"
    assert send(admin, "/view-as/stop").status_code == 303
    assert see(admin, f"/o/account/{hidden}").status_code == 200


def test_it_is_logged_and_the_person_is_told(space: Space, admin: Any, sales: Any) -> None:
    admin.post(f"/settings/users/{sales.user}/view-as")
    with space.db.read() as session:
        rows = session.rows(
            f'SELECT "actor", "record", "object" FROM {session.table("access_log")} WHERE "kind" = ?', ("view_as",)
        )
    assert rows == [(admin.user, sales.user, "user")]
    assert "looked at the product as you" in sales.get("/notifications").text
    assert "Who looked at the product as you" in sales.get("/profile").text
    contact = make.record(space, "contact", sales.user, name="Lin", mobile="13912345678")
    assert see(admin, f"/o/contact/{contact}").status_code == 200
    space.accesses.flush()
    with space.db.read() as session:
        sql = f'SELECT "actor", "entry" FROM {session.table("access_log")} WHERE "kind" = ? AND "record" = ?'
        assert {tuple(row) for row in session.rows(sql, ("read", contact))} <= {(admin.user, "view_as")}


def test_only_administrators_and_never_as_oneself(space: Space, admin: Any, sales: Any) -> None:
    other = make.person(space, "sales")
    assert sales.post(f"/settings/users/{other}/view-as").status_code == 404
    assert admin.post(f"/settings/users/{admin.user}/view-as").status_code == 404
    assert admin.post("/settings/users/77/view-as").status_code == 404
    with space.db.read() as session:
        assert list_tokens(session, other) == []


def test_it_ends_after_an_hour_and_with_the_role(space: Space, admin: Any, sales: Any) -> None:
    admin.post(f"/settings/users/{sales.user}/view-as")
    real = space.clock
    space.clock = lambda: real() + 3_700_000_000
    try:
        assert "You are looking as" not in see(admin, "/o/account").text
    finally:
        space.clock = real
