"""`kill -9` while two processes save, edit in bulk, change fields, undo and index; then the log is the judge."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from guanxi.bootstrap import open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.storage.schema import inspect
from tests.kill import busy
from tests.kill.child import start
from tests.kill.replay import Rows, faults, logged_columns
from tests.make import person

OBJECTS = ("contact", "account", "user", "team")


def one_round(url: str, folder: Path, actor: int, seed: int) -> list[str]:
    """Two at work; one is killed, the other must go on, then dies too."""
    chance = random.Random(seed)
    first, second = (start(busy.run, url, folder, actor, 2 * seed + n) for n in (0, 1))
    try:
        for heard in (first, second):
            while not heard.lines:
                assert heard.listen(60), "the process did not begin to work"
        time.sleep(chance.uniform(0.02, 0.5))
    finally:
        first.kill()
    while second.listen(0):
        pass
    before = len(second.lines)
    deadline = time.monotonic() + 30
    while len(second.lines) < before + 2 and time.monotonic() < deadline:
        second.listen(1)
    second.kill()
    assert len(second.lines) >= before + 2, "the other process was stopped by the death of the first"
    return first.lines + second.lines


def snapshot(work: Work) -> dict[str, Rows]:
    """Rows that were there before anything was logged."""
    found: dict[str, Rows] = {}
    for name in OBJECTS:
        target = work.catalog.object(name)
        columns = logged_columns(shape_of(work.catalog, target)).values()
        names = ["version", *(name for several in columns for name in several)]
        texts = ", ".join(f'"{c}"' for c in names)
        rows = work.session.rows(f'SELECT "id", {texts} FROM {work.session.table(target.table)}')
        logged = {r[0] for r in work.session.rows(
            f"SELECT record FROM {work.session.table('change')} WHERE object = ?", (target.id,))}  # fmt: skip
        found[name] = {r[0]: dict(zip(names, r[1:], strict=True)) for r in rows if r[0] not in logged}
    return found


def judge(space: Space, lines: list[str], before: dict[str, Rows]) -> None:
    """What was said is there; log, tables, chain, catalogue and search index agree."""
    seal(space.db)
    follow(space.db, search_follower(space))
    with space.read(system("judge"), timeout=60) as work:
        session, catalog = work.session, work.catalog
        said = [item for line in lines for item in json.loads(line)]
        versions: dict[int, int] = dict(session.rows(f'SELECT "id", "version" FROM {session.table("contact")}'))
        lost = [s for s in said if "id" in s and versions.get(s["id"], 0) < s["version"]]
        assert not lost
        names = {f.name for f in catalog.object("contact").fields}
        assert {s["field"] for s in said if "field" in s} <= names
        live = inspect(session)
        for target in catalog.objects.values():
            assert set(catalog.columns(target)) <= live.columns[target.table], target.name
        custom = {c for c in live.columns["contact"] if c.startswith("f_")}
        assert custom <= set(catalog.columns(catalog.object("contact"))), "a column nobody knows"
        for name in OBJECTS:
            assert faults(session, catalog, catalog.object(name), before[name]) == []
        assert not verify(session).broken
        half = session.value(f'SELECT count(*) FROM {session.table("contact")} a LEFT JOIN {session.table("contact")} b'
                             ' ON b."id" = a."merged_into" WHERE a."merged_into" IS NOT NULL'
                             ' AND (a."trashed_at" IS NULL OR b."id" IS NULL)')  # fmt: skip
        assert half == 0, "merged, and yet there"
        found = session.value(f"SELECT count(*) FROM {session.table('search_doc')} WHERE object = ?",
                              (catalog.object("contact").id,))  # fmt: skip
        assert found == session.value(f'SELECT count(*) FROM {session.table("contact")} WHERE "trashed_at" IS NULL')


@pytest.mark.parametrize("rounds", [pytest.param(2, id="short"), pytest.param(20, id="long", marks=pytest.mark.slow)])
def test_killed_processes_lose_nothing(rounds: int, space_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "space"
    space = open_space(space_url, folder)
    actor = person(space)
    with space.read(system("judge")) as work:
        before = snapshot(work)
    space.db.close()
    lines: list[str] = []
    base = random.randrange(1, 200)
    print("seed", base)
    for number in range(rounds):
        lines += one_round(space_url, folder, actor, base + number)
        space = open_space(space_url, folder)
        judge(space, lines, before)
        space.db.close()
