"""Sealers and followers are killed while others write: no gap, no set twice, none left out (KD 1)."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from guanxi.bootstrap import open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import Follower, SealedSet, follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.session import Session
from tests.kill.child import Heard, start
from tests.make import person

WRITERS = 2


def note(session: Session, sets: Sequence[SealedSet]) -> None:
    """A follower's effect in the database, in the transaction that moves its place."""
    for found in sets:
        for entry in found.changes:
            session.run(f"INSERT INTO {session.table('seen')} VALUES (?, ?, ?, ?)",
                        (found.pos, found.set_id, entry.record, entry.version))  # fmt: skip


def write_on(url: str, folder: Path, actor: int, node: int, out: int) -> None:
    space, chance = open_space(url, folder, node=node), random.Random(node)
    made: list[int] = []
    while True:
        with space.write(actor) as work:
            wanted = [Change("create", "contact", {"name": f"n{node}"})]
            wanted += [Change("edit", "contact", {"title": str(chance.random())}, id=i) for i in made[-2:]]
            made.append(int(save(work, wanted).outcomes[0].id or 0))
        os.write(out, b"+\n")


def seal_on(url: str, folder: Path, out: int) -> None:
    space = open_space(url, folder, node=99)
    os.write(out, b"begun\n")
    while True:
        seal(space.db)
        follow(space.db, Follower("seen", note, batch=7))


def kill_sealers(url: str, folder: Path, kills: int, chance: random.Random) -> None:
    """Each is let at work for a moment; at times two of them meet."""
    for _ in range(kills):
        sealers = [start(seal_on, url, folder) for _ in range(chance.choice((1, 1, 2)))]
        for sealer in sealers:
            assert sealer.listen(60)
        time.sleep(chance.uniform(0.01, 0.25))
        for sealer in sealers:
            sealer.kill()


def judge(space: Space, said: int) -> None:
    while seal(space.db):
        pass
    follow(space.db, Follower("seen", note))
    with space.read(system("judge"), timeout=60) as work:
        session = work.session
        assert session.value(f"SELECT count(*) FROM {session.table('unsealed')}") == 0
        places = [p for (p,) in session.rows(f"SELECT pos FROM {session.table('seal')} ORDER BY pos")]
        assert places == list(range(1, len(places) + 1))
        sets = {s for (s,) in session.rows(f"SELECT id FROM {session.table('change_set')}")}
        assert sorted(s for (s,) in session.rows(f"SELECT set_id FROM {session.table('seal')}")) == sorted(sets)
        assert len(sets) >= said
        logged = session.rows(f"SELECT set_id, record, version FROM {session.table('change')}")
        seen = session.rows(f"SELECT set_id, record, version FROM {session.table('seen')} ORDER BY pos")
        assert sorted(seen) == sorted(logged)  # none left out, none twice
        last: dict[int, int] = {}
        for _, record, version in seen:
            assert version > last.get(record, 0), "a version went back"
            last[record] = version
        assert not verify(session).broken


@pytest.mark.parametrize("kills", [pytest.param(3, id="short"), pytest.param(40, id="long", marks=pytest.mark.slow)])
def test_sealers_are_killed_while_others_write(kills: int, space_url: str, tmp_path: Path) -> None:
    folder, seed = tmp_path / "space", random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    space = open_space(space_url, folder)
    actor = person(space)
    with space.db.write(catalog_change=True) as session:
        session.run(f"CREATE TABLE {session.table('seen')} (pos bigint, set_id bigint, record bigint, version bigint)")
    space.db.close()
    writers: list[Heard] = [start(write_on, space_url, folder, actor, 10 + n) for n in range(WRITERS)]
    try:
        for writer in writers:
            assert writer.listen(60)
        kill_sealers(space_url, folder, kills, chance)
    finally:
        for writer in writers:
            writer.kill()
    said = sum(len(writer.lines) for writer in writers)
    space = open_space(space_url, folder)
    judge(space, said)
    space.db.close()
    print("sets", said)
