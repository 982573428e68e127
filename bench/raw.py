"""Hand-written SQL through the bare driver: the limit everything is measured against."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg

from bench.data import Company


class Raw:
    """One connection of its own, set up as a careful programmer would."""

    def __init__(self, company: Company) -> None:
        self.lite: sqlite3.Connection | None = None
        self.post: psycopg.Connection[Any] | None = None
        if company.database == "sqlite":
            self.lite = sqlite3.connect(company.url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000", "mmap_size=67108864"):
                self.lite.execute(f"PRAGMA {pragma}").close()
        else:
            self.post = psycopg.connect(company.url, autocommit=True)
            self.post.execute(f'SET search_path TO "{company.space.db.schema}"')

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        if self.lite is not None:
            return self.lite.execute(sql, params).fetchall()
        assert self.post is not None
        return self.post.execute(sql.replace("?", "%s").encode(), params).fetchall()

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """One statement that commits by itself."""
        if self.lite is not None:
            self.lite.execute(sql, params).close()
        elif self.post is not None:
            self.post.execute(sql.replace("?", "%s").encode(), params).close()

    def close(self) -> None:
        for connection in (self.lite, self.post):
            if connection is not None:
                connection.close()
