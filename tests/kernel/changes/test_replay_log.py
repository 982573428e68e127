"""An old backup and the log since give the database, table by table, also into the other database (KD 2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guanxi.base.errors import Conflict, Invalid
from guanxi.bootstrap import APPS, open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.fields import add_field, retire_field
from guanxi.kernel.admin.objects import add_object
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.changes.audit import verify as verify_log
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.changes.log_file import export_log
from guanxi.kernel.changes.replay import replay
from guanxi.kernel.context import Space
from guanxi.kernel.records.bulk import BulkEdit, bulk_edit
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from guanxi.kernel.storage import files
from guanxi.kernel.storage.backup import backup, restore, saved_tables
from guanxi.kernel.storage.database import Database, open_database
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.session import quote
from guanxi.kernel.storage.tables import existing_columns
from tests import postgres
from tests.make import person, record

MOVING = {"meta_version", "job", "follower", "schedule", "schedule_fire", "unsealed"}
"""Follow from what happens in the new place; `unsealed` holds the order of waiting sets only."""


def busy_week(space: Space, actor: int) -> None:
    """A bit of everything that changes tables."""
    ids = [record(space, "contact", actor, name=f"王{n}", tags=[f"t{n % 3}", "all"]) for n in range(12)]
    with space.write(actor) as work:
        save(work, [Change("edit", "contact", {"title": "经理", "tags": ["all", "x"]}, id=ids[0])])
        save(work, [Change("trash", "contact", id=ids[1])])
    bulk_edit(space, actor, BulkEdit("edit", "contact", 'starts_with(name, "王1")', values={"department": "部门"}))
    with space.write(actor, kind="catalog", catalog_change=True) as work:
        add_field(work, "contact", {"name": "floor", "type": "text", "label": {"en": "Floor", "zh": "楼层"}})
        add_field(work, "contact", {"name": "gone", "type": "integer", "label": {"en": "Gone", "zh": "没了"}})
        colours = {"name": "colours", "type": "tags", "label": {"en": "Colours", "zh": "颜色"}}
        add_object(work, {"name": "car", "label": {"en": "Car", "zh": "车"}, "fields": (colours,)})
    with space.write(actor) as work:
        saved = save(work, [Change("edit", "contact", {"floor": "三楼", "gone": 5}, id=ids[2])])
        save(work, [Change("create", "car", {"name": "红旗", "colours": ["红", "黑"]})])
    with space.write(actor, kind="catalog", catalog_change=True) as work:
        retire_field(work, "contact", "gone")
    undo(space, actor, saved.operation, edited="take")
    record(space, "opportunity", actor)
    with space.write(actor, kind="settings") as work:
        change_settings(work, {"name": "新名字", "undo_days": 30})
    person(space, "sales")
    with space.write(system("seed"), kind="demo") as work:
        save(work, [Change("create", "contact", {"name": "早", "created_at": 5, "updated_at": 6})])
    blob = files.store(space.folder, [b"since then"])
    with space.db.write() as session:
        files.add(session, blob, id=77, name="a.txt", type="text/plain", by=actor, at=space.clock())


@pytest.fixture(params=["same", "other"])
def target(request: pytest.FixtureRequest, engine: str, tmp_path: Path, pg_server: str) -> Iterator[Database]:
    """An empty place on the same or the other engine."""
    folder = tmp_path / "new"
    into = engine if request.param == "same" else {"sqlite": "postgresql", "postgresql": "sqlite"}[engine]
    if into == "sqlite":
        found = open_database(f"sqlite:///{folder / 'data.db'}", folder)
        yield found
        found.close()
        return
    with postgres.fresh_database(pg_server) as url:
        found = open_database(url, folder)
        yield found
        found.close()


def rows_of(database: Database, names: set[str]) -> dict[str, Any]:
    with database.read(timeout=None) as session:
        have = existing_columns(session)
        found = {}
        for name in sorted(names):
            columns = ", ".join(quote(c) for c in sorted(have[name]))
            found[name] = sorted(session.rows(f"SELECT {columns} FROM {session.table(name)}"), key=repr)
        return found


def test_an_old_backup_and_the_log_give_the_database_table_by_table(
    space: Space, target: Database, tmp_path: Path
) -> None:
    actor = person(space)
    record(space, "contact", actor, name="李", tags=["before"])
    old = backup(space.db, tmp_path / "old.tar")
    busy_week(space, actor)
    log = tmp_path / "log.tar"
    made = export_log(space.db, log, old)
    assert made.tables["change"].rows < 200
    restore(target, tmp_path / "old.tar", lambda session: install(session, APPS))
    done = replay(target, log, APPS)
    assert done.records > 15
    with space.db.read() as session:
        names = set(saved_tables(session)) - MOVING
    expected, found = rows_of(space.db, names), rows_of(target, names)
    if space.db.dialect != target.dialect or space.db.dialect == "postgresql":
        for sealed in (expected, found):
            sealed.pop("seal")  # on PostgreSQL the last sets may still wait for their place
    for name, rows in expected.items():
        assert found[name] == rows, name
    seal(target)
    with target.read() as session:
        assert not verify_log(session).broken
    again = open_space(*place(target), schema=target.schema)
    with again.write(actor) as work:
        save(work, [Change("create", "car", {"name": "又一辆", "colours": ["白"]})])
    again.db.close()
    assert files.path_of(target.folder, files_digest(space)).read_bytes() == b"since then"
    seal(target)
    with pytest.raises(Invalid, match="nothing was changed"):
        replay(target, log, APPS)


def place(database: Database) -> tuple[str, Path]:
    url = database.url if database.dialect == "postgresql" else f"sqlite:///{database.folder / 'data.db'}"  # type: ignore[attr-defined]  # only that engine has one
    return url, database.folder


def files_digest(space: Space) -> str:
    with space.db.read() as session:
        return files.get(session, 77).sha256


def test_a_log_that_does_not_continue_the_backup_is_refused(space: Space, tmp_path: Path, engine: str) -> None:
    actor = person(space)
    seal(space.db)
    old = backup(space.db, tmp_path / "old.tar")
    record(space, "contact", actor)
    seal(space.db)
    with pytest.raises(Conflict, match="does not continue"):
        export_log(space.db, tmp_path / "x.tar", changed_chain(old))
    newer = backup(space.db, tmp_path / "newer.tar")
    record(space, "contact", actor)
    export_log(space.db, tmp_path / "log.tar", newer)
    folder = tmp_path / "new"
    other = open_database(f"sqlite:///{folder / 'data.db'}", folder)
    restore(other, tmp_path / "old.tar", lambda session: install(session, APPS))
    with pytest.raises(Invalid, match="what lies between is missing"):
        replay(other, tmp_path / "log.tar", APPS)
    with pytest.raises(Invalid, match="backup, not a log"):
        replay(other, tmp_path / "newer.tar", APPS)
    with pytest.raises(Invalid, match="holds a log"):
        restore(other, tmp_path / "log.tar")
    other.close()


def changed_chain(old: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(old, chain="0" * 64)


def test_the_log_can_be_taken_out_of_a_database_whose_tables_are_gone(space: Space, tmp_path: Path) -> None:
    actor = person(space)
    old = backup(space.db, tmp_path / "old.tar")
    ident = record(space, "contact", actor, name="王")
    with space.db.write(catalog_change=True) as session:
        session.run(f"DROP TABLE {session.table('contact')}")
    export_log(space.db, tmp_path / "log.tar", old)
    folder = tmp_path / "new"
    other = open_database(f"sqlite:///{folder / 'data.db'}", folder)
    restore(other, tmp_path / "old.tar", lambda session: install(session, APPS))
    replay(other, tmp_path / "log.tar", APPS)
    with other.read() as session:
        assert session.value(f"SELECT name FROM {session.table('contact')} WHERE id = ?", (ident,)) == "王"
    other.close()
