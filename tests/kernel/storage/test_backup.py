"""What is backed up comes back, row by row and byte by byte, also into the other database."""

import tarfile
from pathlib import Path

import pytest

from guanxi.base.errors import Conflict, Invalid, NotFound
from guanxi.base.ids import IdSource
from guanxi.kernel.catalog.snapshot import load
from guanxi.kernel.changes.audit import verify as verify_log
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.changes.log import Entry, append
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.jobs.queue import enqueue
from guanxi.kernel.storage import files
from guanxi.kernel.storage.backup import backup, restore, verify
from guanxi.kernel.storage.database import Database, open_database
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.session import quote
from guanxi.kernel.storage.tables import create_kernel_tables
from tests import postgres
from tests.kernel.records import shop


@pytest.fixture
def filled(database: Database) -> Database:
    blob = files.store(database.folder, [b"hello ", "张".encode()])
    with database.write(catalog_change=True) as session:
        create_kernel_tables(session)
        text = 'TEXT COLLATE "C"' if session.schema else "TEXT"
        session.run(f"CREATE TABLE {session.table('account')} (id BIGINT PRIMARY KEY, name {text}, amount BIGINT)")
        rows = [(i, f"张\n{i}\t\"'\\,", 2**63 - 1 - i if i % 3 else None) for i in range(6000)]
        session.insert("account", ("id", "name", "amount"), rows)
        append(
            session, set_id=5, operation=1, at=7, entries=[Entry(1, i, 1, "create", None, {"1": i}) for i in range(9)]
        )
        enqueue(session, "k")
        files.add(session, blob, id=77, name="你好.txt", type="text/plain", by=1, at=1)
    return database


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_everything_comes_back(filled: Database, tmp_path: Path, into: str, pg_server: str) -> None:
    archive = tmp_path / "b" / "guanxi.tar"
    made = backup(filled, archive)
    assert {"account", "change", "seal", "job", "file"} <= made.tables.keys()
    assert (made.tables["account"].rows, made.files, made.missing_files) == (6000, 1, [])
    assert verify(archive) == made
    assert [p.name for p in archive.parent.iterdir()] == ["guanxi.tar"]
    with postgres.fresh_database(pg_server) as url:
        target = f"sqlite:///{tmp_path / 'new' / 'data.db'}" if into == "sqlite" else url
        other = open_database(target, tmp_path / "new")
        restore(other, archive)
        with filled.read() as before, other.read() as after:
            for table in made.tables:
                columns = ", ".join(quote(c) for c in made.tables[table].columns)
                sql = "SELECT {0} FROM {1} ORDER BY {0}"
                assert before.rows(sql.format(columns, before.table(table))) == after.rows(
                    sql.format(columns, after.table(table))
                ), table
            found = files.get(after, 77)
        assert files.path_of(other.folder, found.sha256).read_bytes() == "hello 张".encode()
        seal(other)
        with other.read() as session:
            verdict = verify_log(session)
            assert (verdict.sets, verdict.changes, verdict.broken) == (1, 9, 0)
        with other.write() as session:
            assert enqueue(session, "k") == 2
            append(session, set_id=6, operation=1, at=8, entries=[Entry(1, 1, 2, "edit", {}, {})])
        with pytest.raises(Conflict, match="empty"):
            restore(other, archive)
        other.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_damaged_archive_is_refused_and_leaves_nothing(filled: Database, tmp_path: Path) -> None:
    archive = tmp_path / "guanxi.tar"
    backup(filled, archive)
    with tarfile.open(archive) as tar:
        at = tar.getmember("tables/account.jsonl.gz").offset_data
    data = bytearray(archive.read_bytes())
    data[at + 5000] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(Invalid, match="account"):
        verify(archive)
    other = open_database(f"sqlite:///{tmp_path / 'new' / 'data.db'}", tmp_path / "new")
    with pytest.raises(Invalid, match="account"):
        restore(other, archive)
    with other.read() as session:
        assert session.value("SELECT count(*) FROM sqlite_master") == 0
    other.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_files_are_stored_once_limited_and_swept(filled: Database, tmp_path: Path) -> None:
    again = files.store(filled.folder, ["hello 张".encode()])
    assert len(list((filled.folder / "files").glob("*/*"))) == 1
    with pytest.raises(Invalid, match="larger than"):
        files.store(filled.folder, [b"x" * 10], limit=5)
    orphan = files.store(filled.folder, [b"nobody's"])
    import os

    for place in (filled.folder / "files").glob("*/*"):
        os.utime(place, (1, 1))
    with filled.read() as session:
        assert files.sweep(session, filled.folder) == 1
        with pytest.raises(NotFound):
            files.get(session, 1)
    assert not files.path_of(filled.folder, orphan.sha256).exists()
    assert files.path_of(filled.folder, again.sha256).exists()
    assert not list((filled.folder / "files").glob(".tmp*"))


def test_a_whole_workspace_moves_to_the_other_database(database: Database, tmp_path: Path, pg_server: str) -> None:
    with database.write(catalog_change=True) as session:
        install(session, shop.APPS)
    space = Space("test", tmp_path, database, IdSource(1, now_micros), shop.APPS)
    shop.people(space)
    archive = tmp_path / "space.tar"
    made = backup(space.db, archive)
    with postgres.fresh_database(pg_server) as url:
        target = url if space.db.dialect == "sqlite" else f"sqlite:///{tmp_path / 'new' / 'data.db'}"
        other = open_database(target, tmp_path / "new")
        restore(other, archive, lambda session: install(session, space.apps))
        with space.db.read() as before, other.read() as after:
            for name, info in made.tables.items():
                if name == "meta_version":
                    continue  # `install` has made tables: the version goes on from the old one
                columns = ", ".join(quote(c) for c in info.columns)
                sql = f"SELECT {columns} FROM {{}} ORDER BY {columns}"
                assert before.rows(sql.format(before.table(name))) == after.rows(sql.format(after.table(name))), name
            assert set(load(after, space.apps).objects) == set(load(before, space.apps).objects)
        other.close()
