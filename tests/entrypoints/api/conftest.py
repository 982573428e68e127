"""The API over an installed workspace, with a client for a token's owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from guanxi.entrypoints.api.app import create_api
from guanxi.kernel.context import Space
from tests import make

Client = Callable[..., TestClient]


class OneSpace:
    """A site with a single workspace."""

    def __init__(self, space: Space) -> None:
        self.one = space

    def space(self, request: Any) -> Space:
        return self.one


@pytest.fixture
def app(space: Space) -> Starlette:
    return Starlette(routes=[Mount("/api/v1", create_api(OneSpace(space)))])


@pytest.fixture
def client(space: Space, app: Starlette) -> Iterator[Client]:
    """`client("sales")` speaks with a token of a new salesperson; `client(user=…, scopes=("read",))` for others."""
    opened: list[TestClient] = []

    def open_one(role: str = "administrator", *, user: int | None = None, scopes: tuple[str, ...] = ()) -> TestClient:
        user = user or make.person(space, role)
        headers = {"Authorization": f"Bearer {make.token(space, user, *scopes)}", "Accept-Language": "en"}
        made = TestClient(app, "http://guanxi.test/api/v1", raise_server_exceptions=False, headers=headers)
        opened.append(made)
        return made

    yield open_one
    for one in opened:
        one.close()
