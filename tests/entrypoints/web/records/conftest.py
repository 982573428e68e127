"""A signed-in salesperson and a colleague, over HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.records.pages import ROUTES
from guanxi.kernel.access import passwords, sessions
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PASSWORD = "four quiet mountains"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


class OneSpace:
    def __init__(self, space: Space) -> None:
        self.only = space

    def space(self, request: Any) -> Space:
        return self.only


class Browser:
    """A signed-in visitor: `get`, and `post` with the session's token."""

    def __init__(self, client: TestClient, user: int) -> None:
        self.client, self.user = client, user
        self.csrf = sessions.csrf_of(client.cookies["guanxi"])

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={**BROWSER, **headers})

    def post(self, path: str, data: dict[str, Any] | None = None, *, hx: bool = False, files: Any = None) -> Any:
        more = {"HX-Request": "true", "HX-Request-Type": "partial"} if hx else {}
        return self.client.post(
            path, data=data or {}, files=files, headers={**BROWSER, "X-CSRF-Token": self.csrf, **more}
        )


@pytest.fixture
def users(space: Space) -> dict[str, int]:
    with space.write(system("test")) as work:
        role = {row["key"]: str(ident) for ident, row in work.catalog.config["role"].items()}
        people = [("admin", "陈晓雯", "administrator"), ("seller", "李薇", "sales"), ("other", "罗天宇", "sales")]
        changes = [
            Change("create", "user", {"name": n, "email": f"{k}@example.com", "roles": [role[r]], "language": "en"})
            for k, n, r in people
        ]
        ids = save(work, changes).ids
        for ident in ids:
            passwords.set_password(work.session, ident, PASSWORD, work.now)
    return dict(zip((k for k, _, _ in people), ids, strict=True))


@pytest.fixture
def sign_in(space: Space, users: dict[str, int]) -> Iterator[Any]:
    app = create_web(OneSpace(space), ROUTES)

    def enter(name: str) -> Browser:
        client = TestClient(app, follow_redirects=False)
        answer = client.post("/sign-in", data={"email": f"{name}@example.com", "password": PASSWORD}, headers=BROWSER)
        assert answer.status_code == 303, answer.text
        return Browser(client, users[name])

    yield enter
    render.ENV.clear()


@pytest.fixture
def admin(sign_in: Any) -> Browser:
    browser: Browser = sign_in("admin")
    return browser


@pytest.fixture
def seller(sign_in: Any) -> Browser:
    browser: Browser = sign_in("seller")
    return browser


@pytest.fixture
def other(sign_in: Any) -> Browser:
    browser: Browser = sign_in("other")
    return browser
