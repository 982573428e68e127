"""A deed is killed at a call of the program drawn by chance; the next process finishes it, the log is the judge."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from guanxi.bootstrap import open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.context import Space
from guanxi.kernel.rollups.compute import renew
from guanxi.kernel.rollups.plan import groups_of
from guanxi.kernel.storage.schema import inspect
from tests.kill.child import Act, calls_of, kill_at
from tests.kill.deeds import DEEDS, Deed, Given, clear, finish, small_chunks
from tests.kill.replay import Rows, faults
from tests.kill.test_killed import OBJECTS, snapshot
from tests.make import person

ROUNDS = [pytest.param(1, id="short"), pytest.param(12, id="long", marks=pytest.mark.slow)]


def under_fire(deed: Deed, given: Given) -> Act:
    def act(url: str, folder: Path) -> Callable[[], None]:
        space = open_space(url, folder, node=random.randrange(2, 900))
        return lambda: deed.do(space, given)

    return act


def consistent(space: Space, before: dict[str, Rows]) -> None:
    """The log rebuilds the tables, the chain holds, catalogue and columns agree, stored figures are right."""
    seal(space.db)
    with space.read(system("judge"), timeout=60) as work:
        for name in OBJECTS:
            assert faults(work.session, work.catalog, work.catalog.object(name), before[name]) == []
        assert not verify(work.session).broken
        live = inspect(work.session)
        for target in work.catalog.objects.values():
            assert set(work.catalog.columns(target)) <= live.columns[target.table]
        known = {field.column for _, field in work.catalog.fields_by_id.values()}
        assert {c for c in live.columns["contact"] if c.startswith("f_") and "__" not in c} <= known
        tables = {target.table for target in work.catalog.objects_by_id.values()}
        assert {t for t in live.columns if t.startswith("x_")} <= tables

    with space.db.write() as session:
        catalog = space.catalog(session)
        for group in groups_of(catalog):
            ids = [i for (i,) in session.rows(f'SELECT "id" FROM {session.table(group.parent.table)}')]
            assert renew(session, catalog, group, ids) == 0, f"roll-ups of {group.parent.name} were not right"


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", DEEDS)
def test_a_killed_deed_is_finished_or_never_was(
    name: str, rounds: int, space_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deed, folder = DEEDS[name], tmp_path / "space"
    seed = random.randrange(10**6)
    print("seed", seed)
    random.seed(seed)
    small_chunks(monkeypatch)
    space = open_space(space_url, folder)
    actor = person(space)
    with space.read(system("judge")) as work:
        before = snapshot(work)
    calls = killed = 0
    for _ in range(rounds + 1):  # the first one lives to its end and tells how long it is
        given = deed.prepare(space, actor)
        space.db.close()
        if not calls:
            calls = calls_of(under_fire(deed, given), space_url, folder)
        else:
            killed += kill_at(random.randrange(1, calls), under_fire(deed, given), space_url, folder)
        space = open_space(space_url, folder)
        finish(space)
        deed.judge(space, given)
        consistent(space, before)
        clear(space, given)
    space.db.close()
    print("calls", calls, "killed", killed)
