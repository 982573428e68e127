"""Overwriting what deleted and changed rows left behind in the files of a database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

from guanxi.kernel.storage.session import Busy


def vacuum_sqlite(connection: sqlite3.Connection, *before: str) -> None:
    """Writes the file anew and empties the write-ahead log; readers may hold it for a moment."""
    for sql in (*before, "VACUUM"):
        connection.execute(sql).close()
    for _ in range(50):
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
        time.sleep(0.1)
    raise Busy("Readers hold the old pages. It is tried again.")


def vacuum_postgres(connection: Any, schema: str | None, named: Callable[[str], str]) -> None:
    """Old versions of rows go; the server reuses their room and overwrites it in time. Any: no driver is known here."""
    try:
        found: Sequence[tuple[str]] = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = $1", (schema,)
        ).fetchall()
        for (name,) in found:
            connection.execute(f"VACUUM {named(name)}")
    finally:
        connection.close()
