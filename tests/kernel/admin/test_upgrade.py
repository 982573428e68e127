"""A workspace of an older version is brought up to this one, killed on the way, taken back; newer ones are refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from guanxi.base.errors import Conflict
from guanxi.base.ids import IdSource
from guanxi.bootstrap import APPS, open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin import upgrade as upgrading
from guanxi.kernel.admin.upgrade import outlook, upgrade
from guanxi.kernel.admin.upgrades import STEPS
from guanxi.kernel.admin.upgrades.step_0001_verbs import is_old, renewed
from guanxi.kernel.catalog.snapshot import raise_version
from guanxi.kernel.changes.audit import verify as verify_log
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.storage.backup import verify
from guanxi.kernel.storage.database import open_database
from guanxi.kernel.storage.level import LEVEL, NeedsUpgrade, level
from tests.make import person, record

OLD: dict[str, Any] = {
    "sales": {"objects": {"*": {"create": "all", "read": "team", "edit": "own", "delete": "own", "export": "own"},
                          "product": {"create": "none", "read": "all", "edit": "none"}},
              "abilities": ["import", "api"], "fields": {"opportunity.amount": "read"}},
    "operations": {"objects": {"*": {"create": "all", "read": "all", "edit": "all"}, "lead": {"read": "own"}},
                   "abilities": ["bulk", "undo_others"]},
    "analyst": {"objects": {"*": {"read": "all", "edit": "none"}}, "abilities": ["bulk"]},
}  # fmt: skip


def make_old(space: Space) -> None:
    """Rows as the version before wrote them: no table of steps, roles in the old form."""
    with space.db.write(catalog_change=True) as session:
        session.run(f"DROP TABLE {session.table('schema_step')}")
        for key, rights in OLD.items():
            session.run(f"UPDATE {session.table('role')} SET rights = ? WHERE key = ?", (json.dumps(rights), key))
        others = f"UPDATE {session.table('role')} SET rights = ? WHERE key IN ('service', 'marketing', 'management')"
        session.run(others, (json.dumps(OLD["analyst"]),))
        session.run(f"DELETE FROM {session.table('role')} WHERE key = 'sales_manager'")
        raise_version(session)


@pytest.fixture
def old(space: Space) -> Space:
    record(space, "contact", person(space), name="王")
    make_old(space)
    return space


def reopen(space: Space, url: str) -> Space:
    space.db.close()
    return open_space(url, space.folder)


def rights_of(space: Space) -> dict[str, Any]:
    with space.db.read() as session:
        found = session.rows(f"SELECT key, rights FROM {session.table('role')} WHERE key IS NOT NULL")
    return {key: json.loads(text) for key, text in found}


def test_levels_and_steps_fit_together() -> None:
    assert [step.number for step in STEPS] == list(range(1, LEVEL + 1))


def test_an_old_workspace_is_refused_then_upgraded(old: Space, space_url: str, tmp_path: Path) -> None:
    database = old.db
    with pytest.raises(NeedsUpgrade, match="guanxi upgrade"):
        open_space(space_url, tmp_path / "other")
    found = outlook(database)
    assert [(step.number, rows) for step, rows in found.steps] == [(1, 6)]
    done = upgrade(old, tmp_path / "backups")
    assert verify(done.archive).level == 0
    roles = rights_of(old)
    assert roles["sales"]["objects"]["*"] == {**OLD["sales"]["objects"]["*"], "bulk": "none", "share": "own",
                                              "transfer": "own"}  # fmt: skip
    assert roles["sales"]["fields"] == OLD["sales"]["fields"]
    assert roles["operations"]["objects"]["*"]["bulk"] == "all"
    assert roles["operations"]["objects"]["lead"] == {"read": "own"}
    assert roles["operations"]["abilities"] == ["undo_others", "print", "reveal"]
    assert roles["analyst"]["objects"]["*"]["bulk"] == "none"
    assert roles["analyst"]["abilities"] == ["print"]
    assert roles["administrator"] == {"admin": True}
    assert outlook(database).steps == ()
    again = reopen(old, space_url)
    seal(again.db)
    with again.read(system("test")) as work:
        assert not verify_log(work.session).broken
        kinds = {kind for (kind,) in work.session.rows(f"SELECT kind FROM {work.session.table('operation')}")}
    assert "upgrade" in kinds
    again.db.close()


def test_a_new_workspace_needs_nothing(space: Space) -> None:
    assert outlook(space.db).steps == ()
    assert not any(is_old(spec) for spec in rights_of(space).values())
    assert renewed(renewed(OLD["sales"])) == renewed(OLD["sales"]) | {
        "objects": {n: {**v, **({"bulk": "none"} if "edit" in v else {})} for n, v in
                    renewed(OLD["sales"])["objects"].items()}}  # fmt: skip


def test_a_newer_database_is_refused(space: Space, space_url: str) -> None:
    with space.db.write() as session:
        session.insert("schema_step", ("number", "name", "at"), [(LEVEL + 1, "future", 1)])
    for open_it in (lambda: open_space(space_url, space.folder), lambda: outlook(space.db)):
        with pytest.raises(Conflict, match="newer version"):
            open_it()


def test_what_an_upgrade_loses_is_noticed(old: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(session: Any, apps: Any) -> None:
        session.run(f"DELETE FROM {session.table('contact')}")
        real(session, apps)

    real = upgrading.__dict__["install"]
    monkeypatch.setattr(upgrading, "install", lossy)
    with pytest.raises(Conflict, match="number of rows of contact"):
        upgrade(old, tmp_path / "backups")


def _upgrade_and_die(url: str, folder: Path, backups: Path, moment: str) -> None:
    def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(upgrading, {"backup": "install", "step": "mark_step", "compare": "_compare"}[moment], die)
    database = open_database(url, folder)
    upgrade(Space("main", folder, database, IdSource(9, now_micros), APPS), backups)


@pytest.mark.parametrize(("moment", "level_then"), [("backup", 0), ("step", 0), ("compare", LEVEL)])
def test_killed_in_the_middle_it_goes_on(
    old: Space, space_url: str, tmp_path: Path, moment: str, level_then: int
) -> None:
    before = rights_of(old)
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_upgrade_and_die, args=(space_url, old.folder, tmp_path / "b", moment))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    with old.db.read() as session:
        assert level(session) == level_then
    if level_then == 0:
        assert rights_of(old) == before
        upgrade(old, tmp_path / "b")
    assert outlook(old.db).steps == ()
    assert not any(is_old(spec) for spec in rights_of(old).values())
    reopen(old, space_url).db.close()
