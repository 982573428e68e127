"""How much a database does for a question: steps of SQLite's machine, rows touched on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from guanxi.kernel.context import Work
from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.sqlite import SqliteSession

Asked = list[tuple[str, Sequence[Any]]]
STEPS = 100  # SQLite tells every so many steps


@contextmanager
def listening(session: Session) -> Iterator[Asked]:
    """Notes every question that is sent to the database."""
    asked: Asked = []
    rows = session.rows

    def note(sql: str, params: Sequence[Any] = ()) -> list[Any]:
        asked.append((sql, list(params)))
        return rows(sql, params)

    session.rows = note  # type: ignore[method-assign]  # only this one session, while we listen
    try:
        yield asked
    finally:
        session.rows = rows  # type: ignore[method-assign]  # as it was


def effort(work: Work, ask: Callable[[Work], Any]) -> int:
    """Rows (PostgreSQL) or tenths of machine steps (SQLite: a row takes about ten) that all its questions touch."""
    with listening(work.session) as asked:
        ask(work)
    return sum(_touched(work.session, sql, params) for sql, params in asked)


def _touched(session: Session, sql: str, params: Sequence[Any]) -> int:
    if not sql.lstrip().upper().startswith("SELECT"):
        return 0
    if isinstance(session, SqliteSession):
        return _steps(session, sql, params)
    found = session.value(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING off) {sql}", params)
    plan = json.loads(found) if isinstance(found, str) else found
    return _rows_of(plan[0]["Plan"])


def _steps(session: SqliteSession, sql: str, params: Sequence[Any]) -> int:
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    raw = session._connection
    raw.set_progress_handler(tick, STEPS)
    raw.execute(sql, params).fetchall()
    raw.set_progress_handler(session.overdue, 20_000)
    return count * STEPS // 10


def _rows_of(plan: dict[str, Any]) -> int:
    """Rows that scans gave or threw away, in all loops."""
    own = 0
    if "Scan" in plan["Node Type"]:
        thrown = sum(plan.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
        own = int((plan["Actual Rows"] + thrown) * plan["Actual Loops"])
    return own + sum(_rows_of(inner) for inner in plan.get("Plans", ()))
