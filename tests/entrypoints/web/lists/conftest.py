"""People of a workspace who are signed in, and a browser-like client for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.testclient import TestClient

from guanxi.entrypoints.web import tasks
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.lists.routes import ROUTES
from guanxi.entrypoints.web.security import COOKIE
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.sessions import csrf_of, open_session
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

ROLES = {"boss": "administrator", "rep": "sales", "other": "sales", "looker": "analyst"}


@dataclass
class Person:
    """Somebody signed in."""

    user: int
    client: TestClient
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
        """As our scripts post: with the token and htmx's headers."""
        return self.client.post(path, data=data or {}, headers={**self.headers, **headers})


@pytest.fixture
def sign_in(space: Space) -> Callable[[str], Person]:
    """Signs in a person of that name (see ROLES); made once."""
    with space.write(system("test people")) as work:
        roles = {row["key"]: ident for ident, row in work.catalog.config["role"].items()}
        team = save(work, [Change("create", "team", {"name": "华东"})]).id
        people = [
            {"name": name, "email": f"{name}@example.com", "roles": [str(roles[role])], "team": str(team),
             "language": "en"}
            for name, role in ROLES.items()
        ]  # fmt: skip
        ids = dict(zip(ROLES, save(work, [Change("create", "user", p) for p in people]).ids, strict=True))

    class OneSite:
        def space(self, _request: Any) -> Space:
            return space

    app = create_web(OneSite(), [*tasks.ROUTES, *ROUTES])

    def enter(name: str) -> Person:
        token = open_session(space.db, ids[name], agent="test", address="127.0.0.1", now=space.clock())
        client = TestClient(app, follow_redirects=False, cookies={COOKIE: token})
        return Person(ids[name], client, {"X-CSRF-Token": csrf_of(token), "HX-Request": "true",
                                          "HX-Request-Type": "partial"})  # fmt: skip

    return enter


def make(space: Space, user: int, name: str, rows: list[dict[str, Any]]) -> tuple[int, ...]:
    """Records of somebody (0: of the system)."""
    with space.write(user or system("test rows")) as work:
        return save(work, [Change("create", name, row) for row in rows]).ids


def ids_in(html: str) -> list[int]:
    """Records shown in a table."""
    return [int(found) for found in re.findall(r'<tr data-id="(\d+)"', html)]
