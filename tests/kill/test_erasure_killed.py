"""Erasures and upgrades are killed at any call of the program: the next start finishes them, nothing stays behind."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from guanxi.base.ids import IdSource
from guanxi.bootstrap import APPS, Site, open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.erasures import forget
from guanxi.kernel.admin.forget import Wish
from guanxi.kernel.admin.upgrade import outlook, upgrade
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.storage.database import open_database
from guanxi.kernel.storage.level import LEVEL, level
from guanxi.settings import read_settings
from tests import make, postgres
from tests.kernel.admin.test_forget import MAIL, MARK, NUMBER, bytes_with, planted
from tests.kernel.admin.test_upgrade import make_old
from tests.kill.child import Act, calls_of, kill_at
from tests.kill.deeds import finish

ROUNDS = [pytest.param(1, id="short"), pytest.param(12, id="long", marks=pytest.mark.slow)]


@pytest.fixture
def settings(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    if engine == "sqlite":
        yield {"home": tmp_path / "home"}
        return
    with postgres.fresh_database(request.getfixturevalue("pg_server")) as made:
        yield {"home": tmp_path / "home", "database_url": made}


def erasing(settings: dict[str, Any], actor: int, ident: int) -> Act:
    def act(_url: str, _folder: Path) -> Callable[[], None]:
        space = Site(read_settings({}, **settings)).open()

        def do() -> None:
            forget(space, actor, Wish("contact", ident))
            finish(space)

        return do

    return act


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_killed_erasure_is_finished_at_the_next_start(rounds: int, settings: dict[str, Any], tmp_path: Path) -> None:
    """Not begun, or done with every copy: never in between."""
    seed = random.randrange(10**6)
    print("seed", seed)
    chance, calls, killed, erased = random.Random(seed), 0, 0, 0
    for _ in range(rounds + 1):
        site = Site(read_settings({}, **settings))
        space = site.open(create=True)
        actor = make.person(space)
        ident = planted(space, actor)
        site.close()
        act = erasing(settings, actor, ident)
        if not calls:
            calls = calls_of(act, "", tmp_path)
        else:
            killed += kill_at(chance.randrange(1, calls), act, "", tmp_path)
        site = Site(read_settings({}, **settings))
        space = site.open()
        with space.read(system("judge")) as work:
            registered = f'"record":{ident},' in "".join(what for what, _ in site.house.erasures("main"))
            sql = f"SELECT count(*) FROM {work.session.table('erasure')} WHERE record = ?"
            assert work.session.value(sql, (ident,)) == registered
        if not registered:
            forget(space, actor, Wish("contact", ident))
        erased += registered
        finish(space)
        nothing_left(space)
        site.close()
    print("calls", calls, "killed", killed, "finished", erased)


def nothing_left(space: Space) -> None:
    if space.db.dialect == "sqlite":
        space.db.checkpoint()
    for needle in (MARK, MAIL, NUMBER, "letter to"):
        assert bytes_with(space, needle) == [], needle
    seal(space.db)
    with space.read(system("judge"), timeout=60) as work:
        assert not verify(work.session).broken


def upgrading(backups: Path, url: str, folder: Path) -> Callable[[], None]:
    database = open_database(url, folder)
    space = Space("main", folder, database, IdSource(random.randrange(2, 900), now_micros), APPS)
    return partial(_upgrade, space, backups)


def _upgrade(space: Space, backups: Path) -> None:
    upgrade(space, backups)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_killed_upgrade_goes_on(rounds: int, space_url: str, tmp_path: Path) -> None:
    """Each step is taken or not; whoever starts it again ends where one that nobody killed would."""
    folder, seed = tmp_path / "space", random.randrange(10**6)
    print("seed", seed)
    chance, calls, killed = random.Random(seed), 0, 0
    act: Act = partial(upgrading, tmp_path / "backups")
    for _ in range(rounds + 1):
        space = open_space(space_url, folder)
        make_old(space)
        space.db.close()
        if not calls:
            calls = calls_of(act, space_url, folder)
        else:
            killed += kill_at(chance.randrange(1, calls), act, space_url, folder)
        database = open_database(space_url, folder)
        with database.read() as session:
            assert level(session) in range(LEVEL + 1)
        space = Space("main", folder, database, IdSource(901, now_micros), APPS)
        if outlook(database).steps:
            upgrade(space, tmp_path / "backups")
        assert outlook(database).steps == ()
        database.close()
        space = open_space(space_url, folder)
        seal(space.db)
        with space.read(system("judge"), timeout=60) as work:
            assert not verify(work.session).broken
        space.db.close()
    print("calls", calls, "killed", killed)
