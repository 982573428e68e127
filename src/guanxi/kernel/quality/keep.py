"""The nightly job: measures every object and keeps the day's figures, small enough to keep for years."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from guanxi.kernel.access.actors import system
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.quality.checks import measured
from guanxi.kernel.quality.measure import Count, measure
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space

KIND = "quality"
NIGHTLY = "20 3 * * *"  # after the search for duplicates, whose pairs it counts
SECONDS = 600.0
COLUMNS = ("object", "cut", "day", "owner", "team", "source", "name", "looked", "good")
DETAIL, OWNERS, TOTAL = "d", "o", "t"
RECENT_DAYS = 8  # by owner every day for so long, then one day a week
KEPT_DAYS = 1_100


def quality_schedules(space: Space) -> list[Schedule]:
    """Every night."""
    with space.read(system("schedules")) as work:
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
    return [Schedule("kernel.quality", NIGHTLY, KIND, zone, queue="bulk")]


def ask_for(session: Session) -> None:
    """Puts a measuring into the queue; one waits at a time."""
    enqueue(session, KIND, {}, queue="bulk", dedupe=KIND)


def run_quality(space: Space, run: JobRun) -> None:
    """Object by object; each is read in one transaction and kept in another."""
    with space.read(system("data quality")) as work:
        names = [target.name for target in measured(work.catalog)]
    for name in names:
        run.heartbeat()
        keep_object(space, name)


def keep_object(space: Space, name: str) -> int:
    """Measures one object now; gives the number of its records."""
    with space.read(system("data quality"), timeout=SECONDS) as work:
        target = work.catalog.object(name)
        counts, day = measure(work, target), work.today
    with space.db.write(bulk=True) as session:
        table = session.table("quality_day")
        session.run(f"DELETE FROM {table} WHERE object = ? AND (day = ? OR cut = ?)", (target.id, day, DETAIL))
        thin = " AND cut = ? AND day < ? AND (day + 3) % 7 <> 0"  # day 0 was a Thursday: Mondays stay
        session.run(f"DELETE FROM {table} WHERE object = ?{thin}", (target.id, OWNERS, day - RECENT_DAYS))
        session.run(f"DELETE FROM {table} WHERE object = ? AND day < ?", (target.id, day - KEPT_DAYS))
        rows = [(target.id, cut, day, *key, looked, good) for cut, key, looked, good in _cuts(counts)]
        session.insert("quality_day", COLUMNS, rows)
    return sum(c.looked for c in counts if not c.name)


Key = tuple[int, int, str, str]


def _cuts(counts: Sequence[Count]) -> Iterable[tuple[str, Key, int, int]]:
    """The same counts three ways."""
    found: dict[tuple[str, Key], list[int]] = {}
    for c in counts:
        keys = ((DETAIL, (c.owner, c.team, c.source, c.name)), (OWNERS, (c.owner, c.team, "", c.name)),
                (TOTAL, (0, 0, "", c.name)))  # fmt: skip
        for key in keys:
            sums = found.setdefault(key, [0, 0])
            sums[0] += c.looked
            sums[1] += c.good
    return [(cut, key, looked, good) for (cut, key), (looked, good) in found.items()]
