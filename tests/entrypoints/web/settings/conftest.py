"""A workspace over HTTP with an administrator and a salesperson, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.testclient import TestClient

from guanxi.entrypoints.api.app import create_api
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.entrypoints.web.security import COOKIE
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.sessions import csrf_of, open_session
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


class OneSpace:
    """A site with one workspace."""

    def __init__(self, space: Space) -> None:
        self.only = space

    def space(self, request: Request) -> Space:
        return self.only


class Browser:
    """Somebody signed in: `get`, and `post` with the token of the session."""

    def __init__(self, client: TestClient, token: str, user: int) -> None:
        self.client, self.token, self.user = client, token, user

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, headers={"Cookie": f"{COOKIE}={self.token}", **more.pop("headers", {})}, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, *, safe: bool = True, **more: Any) -> Any:
        fields = {**(data or {}), **({"_csrf": csrf_of(self.token)} if safe else {})}
        headers = {"Cookie": f"{COOKIE}={self.token}", "Sec-Fetch-Site": "same-origin"}
        if safe and "files" in more:
            headers["X-CSRF-Token"] = csrf_of(self.token)
        return self.client.post(path, data=fields, headers=headers, **more)


@pytest.fixture
def people(space: Space) -> dict[str, int]:
    """An administrator and two salespeople of one team; English is read more easily in tests."""
    with space.write(system("test")) as work:
        roles = {row["key"]: str(ident) for ident, row in work.catalog.config["role"].items()}
        team = save(work, [Change("create", "team", {"name": "East"})]).id
    with space.write(system("test")) as work:
        made = save(
            work,
            [
                Change("create", "user", {"name": name.title(), "email": f"{name}@example.com", "language": "en",
                                          "team": str(team), "roles": [roles[role]]})
                for name, role in (("ada", "administrator"), ("sam", "sales"), ("sue", "sales"))
            ],
        )  # fmt: skip
    return {**dict(zip(("ada", "sam", "sue"), made.ids, strict=True)), "team": team}


@pytest.fixture
def client(space: Space) -> Iterator[TestClient]:
    site = OneSpace(space)
    parts = [Mount("/api/v1", create_api(site)), Mount("/", create_web(site, ROUTES))]
    yield TestClient(Starlette(routes=parts), follow_redirects=False)
    render.ENV.clear()


@pytest.fixture
def signed_in(space: Space, client: TestClient, people: dict[str, int]) -> Callable[[str], Browser]:
    """`signed_in("ada")` is a browser of that person."""

    def enter(name: str) -> Browser:
        token = open_session(space.db, people[name], agent="test", address="127.0.0.1", now=space.clock())
        return Browser(client, token, people[name])

    return enter


@pytest.fixture
def admin(signed_in: Callable[[str], Browser]) -> Browser:
    return signed_in("ada")


@pytest.fixture
def sales(signed_in: Callable[[str], Browser]) -> Browser:
    return signed_in("sam")
