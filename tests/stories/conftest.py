"""An office over HTTP, on both databases: people come in by invitation, work in pages and through the API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from guanxi.bootstrap import FOLLOWERS, JOBS
from guanxi.entrypoints.api.app import create_api
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.sessions import csrf_of
from guanxi.kernel.admin.people import add_user
from guanxi.kernel.context import Space

PASSWORD = "four quiet mountains"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


class OneSpace:
    """A site with one workspace."""

    def __init__(self, space: Space) -> None:
        self.only = space

    def space(self, _request: Any) -> Space:
        return self.only


class Person:
    """Somebody at work: pages with `get` and `post`, programs with `api`."""

    def __init__(self, client: TestClient, email: str) -> None:
        self.client, self.email = client, email
        if "guanxi" not in client.cookies:
            answer = client.post("/sign-in", data={"email": email, "password": PASSWORD}, headers=BROWSER)
            assert answer.status_code == 303, answer.text
        self.csrf = csrf_of(self.client.cookies["guanxi"])
        page = self.post("/profile/tokens", {"name": "phone", "scopes": ["read", "write", "import"]}).text
        secret = re.search(r"<code>(gx_[^<]+)</code>", page)
        self.token = secret[1] if secret else ""
        self.user = int(self.api("GET", "/me")["id"]) if self.token else 0

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers=BROWSER)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:600])
        return unescape(answer.text)

    def words(self, path: str) -> str:
        """What stands on a page, without tags and marks."""
        return re.sub(r"<[^>]+>", "", self.get(path))

    def post(self, path: str, data: Mapping[str, Any] | None = None, *, files: Any = None, hx: bool = False) -> Any:
        headers = {**BROWSER, "X-CSRF-Token": self.csrf, **({"HX-Request": "true"} if hx else {})}
        form = {**(data or {}), **({} if hx else {"_csrf": self.csrf})}
        return self.client.post(path, data=form, files=files, headers=headers)

    def sent(self, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Posts a form that must be taken; the address it leads to."""
        answer = self.post(path, data, **more)
        assert answer.status_code in (200, 204, 303), (path, answer.status_code, answer.text[:900])
        return str(answer.headers.get("location") or answer.headers.get("hx-redirect") or "")

    def sure(self, path: str, form: Mapping[str, Any]) -> str:
        """Saves a role although something is taken away: looks at the difference, then sends it again."""
        shown = self.post(path, form).text
        checked = re.search(r'name="checked" value="(\w+)"', shown)
        assert checked, shown[:600]
        return self.sent(path, {**form, "checked": checked[1]})

    def fill(self, name: str, /, **values: Any) -> int:
        """The form of a new record, filled in; the record's id."""
        where = self.sent(f"/o/{name}/new", {"_fields": ",".join(values), **values})
        return int(re.sub(r"\D.*", "", where.rpartition("/")[2]))

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **more.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", json=json, headers=headers, **more)

    def api(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """A call that must succeed; what it answers."""
        answer = self.call(method, path, json, **more)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def add(self, name: str, /, **values: Any) -> int:
        """A new record through the API."""
        return int(self.api("POST", f"/{name}", values)["id"])

    def read(self, name: str, ident: int) -> dict[str, Any]:
        return dict(self.api("GET", f"/{name}/{ident}"))

    def change(self, name: str, ident: int, /, **values: Any) -> Any:
        return self.api("PATCH", f"/{name}/{ident}", values, headers={"If-Match": "*"})

    def count(self, name: str, where: str = "true") -> int:
        return int(self.api("GET", f"/{name}/count", params={"filter": where, "exact": "true"})["count"])

    def behind(self, url: str) -> int:
        """How many records the list at that address shows, counted through the API."""
        parts = urlsplit(url)
        where = parse_qs(parts.query).get("where", ["true"])[0]
        return self.count(parts.path.rpartition("/")[2], where)


class Office:
    """A new workspace with its first administrator."""

    def __init__(self, space: Space) -> None:
        self.space = space
        site = OneSpace(space)
        self.app = Starlette(routes=[Mount("/api/v1", create_api(site)), Mount("/", create_web(site, ROUTES))])
        with space.write(system("set-up")) as work:
            add_user(work, "ada@example.com", "administrator", PASSWORD, name="Ada")
        self.worker = Worker(lambda: [space], JOBS, FOLLOWERS)
        self.ada = Person(self.visitor(), "ada@example.com")

    def visitor(self) -> TestClient:
        return TestClient(self.app, follow_redirects=False)

    @contextmanager
    def later(self, days: int) -> Iterator[None]:
        """That many days from now; who was signed in must sign in again after two weeks."""
        real = self.space.clock
        self.space.clock = lambda: real() + days * 86_400_000_000
        yield
        self.space.clock = real

    def role(self, key: str) -> str:
        return str(self.ids("role", "key")[key])

    def ids(self, name: str, by: str = "name") -> dict[Any, int]:
        """Settings by a column: stages by `name_en` …"""
        with self.space.read(system("test")) as work:
            return {row[by]: ident for ident, row in work.catalog.config[name].items()}

    def invite(self, name: str, role: str = "sales", team: int | None = None) -> Person:
        """Ada sends a link, the person chooses a password and signs in."""
        email = f"{name.lower()}@example.com"
        form = {"name": name, "email": email, "roles": [self.role(role)], "team": str(team or ""), "language": "en"}
        shown = self.ada.post("/settings/users", form).text
        link = re.search(r"http://testserver(/invitation/[^<\s]+)", shown)
        assert link, shown[:900]
        guest = self.visitor()
        taken = guest.post(link[1], data={"password": PASSWORD}, headers=BROWSER)
        assert taken.status_code == 303, taken.text[:500]
        return Person(guest, email)

    def team(self, name: str, parent: int | None = None) -> int:
        where = self.ada.sent("/settings/teams", {"name": name, "parent": str(parent or "")})
        return int(where.rpartition("/")[2])

    def work(self) -> None:
        """Background work until nothing is left."""
        while self.worker.round():
            pass


@pytest.fixture
def office(space: Space) -> Iterator[Office]:
    yield Office(space)
    render.ENV.clear()
