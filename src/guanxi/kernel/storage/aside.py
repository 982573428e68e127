"""Putting a database aside, so that a backup can take its place; nothing is deleted."""

from __future__ import annotations

from datetime import UTC, datetime

from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.session import quote
from guanxi.kernel.storage.sqlite import SqliteDatabase


def set_aside(database: Database) -> str:
    """Renames file or schema, closes the database, and gives the new name."""
    stamp = datetime.fromtimestamp(database.clock() / 1_000_000, UTC).strftime("%Y%m%d%H%M%S%f")
    if isinstance(database, SqliteDatabase):
        path = database.path
        database.close()
        for end in ("", "-wal", "-shm"):
            part = path.with_name(path.name + end)
            if part.exists():
                part.rename(path.with_name(f"{path.name}.aside-{stamp}{end}"))
        return f"{path.name}.aside-{stamp}"
    name = f"{database.schema}_aside_{stamp}"
    with database.write(catalog_change=True) as session:
        session.run(f"ALTER SCHEMA {quote(str(database.schema))} RENAME TO {quote(name)}")
    database.close()
    return name
