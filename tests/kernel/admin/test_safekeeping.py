"""Backups by plan: made by the worker at their time, kept by the rule, told when they fail."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from guanxi.base.errors import Forbidden, Invalid
from guanxi.bootstrap import JOBS, SCHEDULES, Site
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.safekeeping import (
    PROGRAM,
    SETTING,
    Plan,
    ask_for_backup,
    backup_schedules,
    check_plan,
    make_backup,
    prune,
    state_of,
    try_folder,
)
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.jobs.schedule import tick
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query
from guanxi.kernel.storage.backup import verify
from guanxi.kernel.storage.backups import Kept, Run, kept, name_of, put_run, superfluous
from guanxi.kernel.storage.crypt import make_key, read_key
from guanxi.settings import Settings
from tests.make import person

DAY = 86_400_000_000


def plan(space: Space, **given: Any) -> Plan:
    wanted = Plan(**given)
    with space.write(person(space), kind="settings") as work:
        change_settings(work, {SETTING: msgspec.structs.asdict(wanted)})
    return wanted


def settings_of(space: Space) -> dict[str, Any]:
    with space.read(system("test")) as work:
        return dict(work.catalog.settings)


def do_jobs(space: Space) -> None:
    handlers = {kind: (lambda run, job=job: job(space, run)) for kind, job in JOBS.items()}
    run_due(space.db, handlers, worker="w", queues=("bulk",))


@pytest.mark.parametrize(
    "wrong",
    [{"at": "25:00"}, {"at": "2:30"}, {"at": "ab:cd"}, {"daily": -1}, {"daily": 0, "weekly": 0, "monthly": 0},
     {"folder": "here"}, {"key_file": "../k"}, {"daily": "x"}, {"more": 1}],
)  # fmt: skip
def test_a_plan_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    assert check_plan(msgspec.structs.asdict(Plan()) | wrong) is not None
    assert check_plan(msgspec.structs.asdict(Plan())) is None


def test_only_administrators_plan(space: Space) -> None:
    with pytest.raises(Forbidden), space.write(person(space, "sales")) as work:
        change_settings(work, {SETTING: msgspec.structs.asdict(Plan())})
    with pytest.raises(Invalid, match="cannot write"):
        try_folder(Plan(folder="/proc/nowhere"), space)
    with pytest.raises(Invalid, match="no key file"):
        try_folder(Plan(key_file="/nowhere.key"), space)


def test_the_worker_makes_it_at_its_time(space: Space, tmp_path: Path) -> None:
    assert backup_schedules in SCHEDULES
    assert backup_schedules(space) == []
    make_key(tmp_path / "own.key")
    plan(space, on=True, at="03:15", key_file=str(tmp_path / "own.key"), folder=str(tmp_path / "safe"))
    now = space.clock()
    assert tick(space.db, backup_schedules(space), now) == 0
    following = state_of(space, settings_of(space)).next_at
    assert following is not None
    assert tick(space.db, backup_schedules(space), following + 1) == 1
    do_jobs(space)
    state = state_of(space, settings_of(space))
    assert state.last is not None
    assert (state.last.state, state.last.sealed, state.archives, state.waiting) == ("good", 1, 1, False)
    (archive,) = kept(tmp_path / "safe", space.name)
    found = verify(archive.path, read_key(tmp_path / "own.key"))
    assert (found.rows, archive.size) == (state.last.total, state.last.size)
    assert (tmp_path / "safe").stat().st_mode & 0o777 == 0o700


def test_administrators_hear_of_one_that_failed(space: Space, tmp_path: Path) -> None:
    boss, seller = person(space), person(space, "sales")
    (tmp_path / "file").write_text("in the way")
    plan(space, folder=str(tmp_path / "file"))
    with space.write(boss) as work:
        ask_for_backup(work)
    do_jobs(space)
    state = state_of(space, settings_of(space))
    assert state.last is None
    assert (state.recent[0].state, "exists" in (state.recent[0].error or "").lower()) == ("failed", True)
    for who, number in ((boss, 1), (seller, 0)):
        with space.read(who) as work:
            told = [r["text"] for r in find(work, Query("notification", fields=("text",))).rows]
        assert len(told) == number
    assert state.waiting  # it is tried again


def archives(days: list[int]) -> list[Kept]:
    today = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    return [
        Kept(Path(f"guanxi-main-{(made := today - timedelta(days=d)):%Y%m%dT%H%M%S}.tar"), made, 1, "") for d in days
    ]


def test_days_weeks_and_months_are_kept_and_the_last_good_one_always() -> None:
    found = archives(list(range(200)))
    good = {a.path.name for a in found}
    gone = superfluous(found, 7, 4, 6, good)
    stay = [a for a in found if a not in gone]
    assert stay[:7] == found[:7]
    assert len({a.made.strftime("%Y-%m") for a in stay}) == 6
    assert 14 <= len(stay) <= 7 + 4 + 6
    assert superfluous(found[:1], 0, 0, 0, good) == []
    assert superfluous(found, 1, 0, 0, {found[5].path.name}) == []
    upgrades = [dataclasses.replace(a, why="upgrade") for a in found]
    assert superfluous(upgrades, 1, 0, 0, good) == []


def test_only_archives_of_this_workspace_are_removed(space: Space, tmp_path: Path) -> None:
    wanted = plan(space, folder=str(tmp_path / "safe"), daily=1, weekly=0, monthly=0)
    make_backup(space)
    folder = tmp_path / "safe"
    strangers = ["notes.txt", "guanxi-other-20200101T000000.tar", "guanxi-main-20200102T000000-upgrade.tar",
                 "guanxi-main-20200103T000000.tar"]  # fmt: skip
    for name in strangers:
        (folder / name).write_text("x")
    old = name_of(space.name, space.clock() - 9 * DAY, sealed=False)
    (folder / old).write_text("x")
    with space.db.write() as session:
        put_run(session, Run(1, "good", 1, 2, str(folder / old), 1, 1, 1, 0, 0, None))
    assert [p.name for p in prune(space, wanted)] == [old]
    assert all((folder / name).exists() for name in strangers)


def test_what_a_killed_run_left_is_cleared(space: Space, tmp_path: Path) -> None:
    plan(space, folder=str(tmp_path / "safe"))
    (tmp_path / "safe").mkdir()
    old, busy = (tmp_path / "safe" / f".guanxi-{space.name}-2020010{n}T000000.tar.part" for n in (1, 2))
    for part in (old, busy):
        part.write_bytes(b"half")
    os.utime(old, (1, 1))
    with space.db.write() as session:
        for number, part in enumerate((old, busy), 1):
            file = str(part.with_name(part.name[1:-5]))
            put_run(session, Run(number, "running", number, None, file, None, None, None, None, 0, None))
    make_backup(space)
    assert not old.exists()
    assert busy.exists()
    states = {run.id: run.state for run in state_of(space, settings_of(space)).recent}
    assert (states[1], states[2]) == ("failed", "running")


def test_a_folder_that_is_there_keeps_its_mode_and_the_programs_own_is_none(space: Space, tmp_path: Path) -> None:
    """Whoever plans backups in the browser is no administrator of the host."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    plan(space, folder=str(shared))
    made, _ = make_backup(space)
    assert shared.stat().st_mode & 0o777 == 0o755
    assert made.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Invalid):
        try_folder(Plan(folder=str(PROGRAM / "entrypoints" / "web" / "static")), space)
    with pytest.raises(Invalid):
        try_folder(Plan(folder=f"{PROGRAM}/kernel/../static"), space)


def test_a_new_home_is_nobody_elses_to_read(tmp_path: Path) -> None:
    site = Site(Settings(home=tmp_path / "new"))
    site.close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
