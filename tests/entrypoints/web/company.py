"""A small sample company over HTTP: its people sign in; rows are read past all rights to compare figures with."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from guanxi.apps.samples.load import load_samples
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.kernel.access import passwords, sessions
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.changes.feed import follow
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.types import Query, Row

PASSWORD = "four quiet mountains"
SELLER, MANAGER, BOSS = "chen.xiaowen@yuanshan.example", "wang.xiaoming@yuanshan.example", "chen.yuan@yuanshan.example"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


class OneSpace:
    """A site with one workspace."""

    def __init__(self, space: Space) -> None:
        self.only = space

    def space(self, _request: Any) -> Space:
        return self.only


class Company:
    """The loaded workspace, and whoever is signed in."""

    def __init__(self, space: Space, *, samples: bool = True) -> None:
        if samples:
            load_samples(space, size=0.1)
        follow(space.db, search_follower(space))
        self.space = space
        self.clients: dict[str, TestClient] = {}

    def user(self, mail: str) -> int:
        with self.space.read(system("test")) as work:
            return next(i for i, row in work.catalog.config["user"].items() if row["email"] == mail)

    def signed_in(self, mail: str) -> TestClient:
        if mail not in self.clients:
            user = self.user(mail)
            with self.space.write(system("test")) as work:
                passwords.set_password(work.session, user, PASSWORD, work.now)
            client = TestClient(create_web(OneSpace(self.space), ROUTES), follow_redirects=False)
            answer = client.post("/sign-in", data={"email": mail, "password": PASSWORD}, headers=BROWSER)
            assert answer.status_code == 303, answer.text
            self.clients[mail] = client
        return self.clients[mail]

    def get(self, mail: str, path: str) -> str:
        answer = self.signed_in(mail).get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    def post(self, mail: str, path: str, **form: str) -> Any:
        client = self.signed_in(mail)
        headers = {**BROWSER, "HX-Request": "true", "X-CSRF-Token": sessions.csrf_of(client.cookies["guanxi"])}
        return client.post(path, data=form, headers=headers)

    def rows(self, name: str) -> list[Row]:
        """All live rows, past all rights."""
        found: list[Row] = []
        cursor = None
        with self.space.read(system("test"), timeout=60) as work:
            while True:
                page = find(work, Query(name, sort=("created_at",), limit=1000, cursor=cursor))
                found += page.rows
                cursor = page.next
                if cursor is None:
                    return found

    def reaches(self, mail: str, row: Row) -> bool:
        """Independent of the engine: who sees a deal by the role's scope."""
        with self.space.read(system("test")) as work:
            actor = load_actor(work.catalog, self.user(mail))
        scope = actor.rights.scope("opportunity", "read")
        teams = {"all": None, "subtree": actor.subtree, "team": actor.teams, "own": ()}[scope]
        return teams is None or row["owner"] == actor.user or row["team"] in teams


def counts(html: str) -> list[int]:
    """Numbers in the chips above the queue."""
    return [int(n) for n in re.findall(r'class="gx-chip[^>]*>[^<]*<b>(\d+)</b>', html)]
