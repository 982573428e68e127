"""Who was erased since the backup stays erased, when the backup and the log since are put together again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guanxi.bootstrap import Site
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.erasures import certificates, forget
from guanxi.kernel.admin.forget import Wish
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.backup import backup, saved_tables
from guanxi.settings import read_settings
from tests import postgres

MARKER = "张三丰独一无二"


@pytest.fixture
def urls(engine: str, pg_server: str) -> Iterator[tuple[str | None, str | None]]:
    if engine == "sqlite":
        yield None, None
        return
    with postgres.fresh_database(pg_server) as old, postgres.fresh_database(pg_server) as new:
        yield old, new


def places_of(space: Space) -> list[str]:
    """Tables in which the marker still stands."""
    with space.db.read(timeout=60) as session:
        rows = {name: session.rows(f"SELECT * FROM {session.table(name)}") for name in saved_tables(session)}
    return [name for name, found in rows.items() if MARKER in repr(found)]


def test_erased_since_the_backup_stays_erased(urls: tuple[str | None, str | None], tmp_path: Path) -> None:
    old = Site(read_settings({}, home=tmp_path / "old", database_url=urls[0]))
    new = Site(read_settings({}, home=tmp_path / "new", database_url=urls[1]))
    try:
        space = old.open(create=True)
        with space.write(system("test")) as work:
            ident = save(work, [Change("create", "contact", {"name": name}) for name in (MARKER, "留")])
        since = backup(space.db, tmp_path / "old.tar")
        with space.write(system("test")) as work:
            save(work, [Change("edit", "contact", {"title": f"{MARKER}的经理"}, id=ident.ids[0])])
        forget(space, system("test"), Wish("contact", ident.ids[0]))
        assert places_of(space) == []
        old.export_log("main", tmp_path / "log.tar", since)
        new.restore("main", tmp_path / "old.tar", log=tmp_path / "log.tar")
        again = new.open()
        assert places_of(again) == []
        with again.read(system("test")) as work:
            assert len(certificates(work)) == 1
            assert work.session.value(f"SELECT count(*) FROM {work.session.table('contact')} WHERE name = '留'") == 1
    finally:
        old.close()
        new.close()
