"""Jobs at a time of day: cron lines in a time zone, each due time fires once, missed ones are made up by one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from guanxi.base.errors import BadInput, msg
from guanxi.kernel.jobs.queue import enqueue
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.session import Session

KEEP_FIRES = 32 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """`kind` is the job put in the queue; its args get `due` (µs) added."""

    name: str
    cron: str
    kind: str
    zone: str = "Asia/Shanghai"
    args: Mapping[str, Any] = field(default_factory=dict)
    queue: str = "default"


def tick(database: Database, schedules: Iterable[Schedule], now: int) -> int:
    """Enqueue what is due; safe to call from many workers at once. Gives the number of jobs put in the queue."""
    wanted = list(schedules)
    with database.read() as session:
        found = session.rows(f"SELECT name, cron, zone, next_at FROM {session.table('schedule')}")
    known = {name: (cron, zone, next_at) for name, cron, zone, next_at in found}
    due = [s for s in wanted if (row := known.get(s.name)) is None or row[:2] != (s.cron, s.zone) or row[2] <= now]
    if not due:
        return 0
    with database.write() as session:
        return sum(_fire(session, s, now) for s in due)


def _fire(session: Session, schedule: Schedule, now: int) -> int:
    table = session.table("schedule")
    lock = " FOR UPDATE" if session.dialect == "postgresql" else ""
    row = session.one(f"SELECT cron, zone, next_at FROM {table} WHERE name = ?{lock}", (schedule.name,))
    following = next_time(schedule.cron, schedule.zone, now)
    if row is None:
        columns = ("name", "cron", "zone", "next_at")
        sql = f"{session.insert_sql('schedule', columns)} ON CONFLICT (name) DO NOTHING"
        session.run(sql, (schedule.name, schedule.cron, schedule.zone, following))
        return 0
    changed = row[:2] != (schedule.cron, schedule.zone)
    if not changed and row[2] > now:
        return 0  # another worker was quicker
    session.run(
        f"UPDATE {table} SET cron = ?, zone = ?, next_at = ? WHERE name = ?",
        (schedule.cron, schedule.zone, following, schedule.name),
    )
    if changed:
        return 0
    fires = session.table("schedule_fire")
    sql = f"{session.insert_sql('schedule_fire', ('name', 'due', 'at'))} ON CONFLICT (name, due) DO NOTHING"
    if not session.run(sql, (schedule.name, row[2], now)):
        return 0
    session.run(f"DELETE FROM {fires} WHERE name = ? AND due < ?", (schedule.name, now - KEEP_FIRES))
    enqueue(session, schedule.kind, {**schedule.args, "due": row[2]}, queue=schedule.queue)
    return 1


def next_time(cron: str, zone: str, after: int) -> int:
    """
    The next moment (µs UTC) the line names after `after`. Local times that a change of the clocks skips run when
    the clocks have gone forward; local times that come twice run the first time only.
    """
    if not croniter.is_valid(cron):
        raise BadInput(msg("{cron} is not a valid schedule; five fields are needed, such as “0 8 * * 1-5”.", cron=cron))
    tz = ZoneInfo(zone)
    wall = datetime.fromtimestamp(after / 1_000_000, tz).replace(tzinfo=None)
    lines = croniter(cron, wall, ret_type=datetime)
    while True:
        local: datetime = lines.get_next(datetime)
        moment = int(local.replace(tzinfo=tz).timestamp()) * 1_000_000
        if moment > after:  # not so in the second pass of a repeated hour
            return moment
