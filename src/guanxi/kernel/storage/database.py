"""Opening a workspace's database by its address."""

from __future__ import annotations

from pathlib import Path

from guanxi.base.errors import BadInput, msg
from guanxi.kernel.storage import sign_in_tables  # noqa: F401 - a database is opened with these tables
from guanxi.kernel.storage.engine import Database, wall_clock
from guanxi.kernel.storage.sqlite import SqliteDatabase

__all__ = ["Database", "open_database", "wall_clock"]


def open_database(url: str, folder: Path, schema: str | None = None) -> Database:
    """`sqlite:///path/data.db` or `postgresql://user@host/name`; the folder holds files, locks and the second file."""
    folder.mkdir(parents=True, exist_ok=True)
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return SqliteDatabase(Path(rest[1:]) if rest.startswith("/") else Path(rest), folder)
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        from guanxi.kernel.storage.postgres import PostgresDatabase  # a file needs no driver of a server: 0.17 s

        return PostgresDatabase(f"postgresql://{rest}", folder, schema or "guanxi")
    raise BadInput(msg("{kind} is no database that Guanxi knows: use sqlite:///… or postgresql://….", kind=scheme))
