"""Alerts from the access log: somebody reads, takes out or uncovers a great deal, works at night, guesses passwords."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from guanxi.base.dates import day_start, local_day
from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work
    from guanxi.kernel.jobs.queue import JobRun

KIND = "audit_watch"
HOUR, DAY = 3_600_000_000, 86_400_000_000
LIMITS: Mapping[str, int] = {
    "read": 500,  # records with sensitive values, opened one by one in a day
    "list": 20_000,  # … shown in lists
    "export": 5_000,  # records taken out in a day
    "reveal": 50,  # masked values uncovered in a day
    "sign_in_failed": 10,  # wrong passwords for one account in an hour; ten times as many for accounts that are not
    "night": 20,  # acts of reading or taking out between the two hours
}
NIGHT = (22, 6)  # unusual hours: from, to
NIGHTLY = ("read", "list", "export", "reveal")
UNKNOWN = 10  # an address where nobody is known may be a whole company


@dataclass(frozen=True, slots=True)
class Alert:
    """One person went beyond one limit on one day; `seen_by` is the administrator who looked into it."""

    rule: str
    actor: int
    day: int
    at: int
    count: int
    allowed: int
    seen_by: int | None = None
    seen_at: int | None = None


Tell = Callable[["Work", Sequence[Alert]], None]


def limits_of(settings: Mapping[str, Any]) -> dict[str, int]:
    """The limits of the workspace; 0 switches a rule off."""
    return {**LIMITS, **settings.get("alerts", {})}


def watch(space: Space, tell: Tell) -> list[Alert]:
    """Looks at today's acts; new alerts are stored, told to administrators and noted."""
    with space.read(system("alerts")) as work:
        zone, now = str(work.catalog.settings.get("zone", "Asia/Shanghai")), work.now
        alerted = work.session.table("access_alert")
        known = set(work.session.rows(f"SELECT rule, actor, day FROM {alerted} WHERE at >= ?", (now - 2 * DAY,)))
        found = [a for a in find_alerts(work.session, limits_of(work.catalog.settings), zone, now)
                 if (a.rule, a.actor, a.day) not in known]  # fmt: skip
    if not found:
        return []
    with space.write(system("alerts"), entry="automation", kind="alert") as work:
        made = [alert for alert in found if _store(work.session, alert)]
        tell(work, made)
    for alert in made:
        note(space, "alert", alert.actor, count=alert.count, detail={"rule": alert.rule, "allowed": alert.allowed})
    return made


def find_alerts(session: Session, limits: Mapping[str, int], zone: str, now: int) -> list[Alert]:
    """Who is beyond a limit now."""
    today = local_day(now, zone)
    start = day_start(today, zone)
    log = session.table("access_log")
    found = [
        Alert(kind, actor, today, now, int(count), limits[kind])
        for kind in ("read", "list", "export", "reveal")
        if limits.get(kind)
        for actor, count in session.rows(
            f"SELECT actor, sum(count) FROM {log} WHERE kind = ? AND at >= ? GROUP BY actor HAVING sum(count) > ?",
            (kind, start, limits[kind]),
        )
    ]
    if limits.get("sign_in_failed"):
        allowed = limits["sign_in_failed"]
        rows = session.rows(
            f"SELECT actor, count(*) FROM {log} WHERE kind = 'sign_in_failed' AND at >= ? GROUP BY actor"
            " HAVING count(*) > ?",
            (now - HOUR, allowed),
        )
        found += [Alert("sign_in_failed", actor, today, now, count, allowed) for actor, count in rows
                  if actor or count > allowed * UNKNOWN]  # fmt: skip
    return found + (_at_night(session, limits["night"], today, start, now) if limits.get("night") else [])


def _at_night(session: Session, allowed: int, today: int, start: int, now: int) -> list[Alert]:
    marks = ", ".join("?" * len(NIGHTLY))
    rows = session.rows(
        f"SELECT actor, count(*) FROM {session.table('access_log')} WHERE at >= ? AND (at < ? OR at >= ?)"
        f" AND kind IN ({marks}) GROUP BY actor HAVING count(*) > ?",
        (start, start + NIGHT[1] * HOUR, start + NIGHT[0] * HOUR, *NIGHTLY, allowed),
    )
    return [Alert("night", actor, today, now, count, allowed) for actor, count in rows]


def _store(session: Session, alert: Alert) -> bool:
    columns = ("rule", "actor", "day", "at", "count", "allowed")
    sql = f"{session.insert_sql('access_alert', columns)} ON CONFLICT (rule, actor, day) DO NOTHING"
    return session.run(sql, (alert.rule, alert.actor, alert.day, alert.at, alert.count, alert.allowed)) > 0


def alerts(session: Session, *, limit: int = 100, open_only: bool = False) -> list[Alert]:
    """Newest first."""
    where = " WHERE seen_at IS NULL" if open_only else ""
    rows = session.rows(
        f"SELECT rule, actor, day, at, count, allowed, seen_by, seen_at FROM {session.table('access_alert')}{where}"
        " ORDER BY at DESC, rule, actor LIMIT ?",
        (limit,),
    )
    return [Alert(*row) for row in rows]


def acknowledge(session: Session, rule: str, actor: int, day: int, by: int, now: int) -> None:
    """An administrator has looked into it."""
    done = session.run(
        f"UPDATE {session.table('access_alert')} SET seen_by = ?, seen_at = ?"
        " WHERE rule = ? AND actor = ? AND day = ? AND seen_at IS NULL",
        (by, now, rule, actor, day),
    )
    if not done:
        raise NotFound


def watch_schedules(_space: Space) -> Sequence[Schedule]:
    """Every minute."""
    return (Schedule(KIND, "* * * * *", KIND),)


def watching(tell: Tell) -> Callable[[Space, JobRun], None]:
    """The job, with whoever tells administrators."""
    return partial(_run, tell)


def _run(tell: Tell, space: Space, run: JobRun) -> None:
    watch(space, tell)
    with space.db.write(bulk=True) as session:  # a row a minute would bury the other jobs
        run.finish(session)
        session.run(f"DELETE FROM {session.table('job')} WHERE kind = ? AND status = 'done'", (KIND,))
