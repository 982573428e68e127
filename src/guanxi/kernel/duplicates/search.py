"""The search by the clock: keys after a change of rules, what changed since the last time, and now and then all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.actors import system
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.duplicates import linkage
from guanxi.kernel.duplicates.pairs import Pair, forget_older, forget_pairs, keep_pairs
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.matching.score import MatchPlan, judge, keys_of
from guanxi.kernel.records.duplicates import holders
from guanxi.kernel.records.match_keys import fill_keys, fingerprint, live_rows, secret_of
from guanxi.kernel.records.types import Row
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

KIND = "duplicates"
STATE = "duplicate_run"
OFTEN, NIGHTLY = "*/10 * * * *", "40 2 * * *"
OVERLAP = 300_000_000  # µs looked at again: a transaction may have committed after a younger one
CHUNK = 500
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class State:
    """How far the search of one object is."""

    rules: str = ""
    since: int = 0
    full_at: int = 0
    records: int = 0
    pairs: int = 0
    took: int = 0  # µs of the last search of everything


def schedules(space: Space) -> list[Schedule]:
    """Often for what changed, at night for everything."""
    with space.read(system("schedules")) as work:
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
    return [
        Schedule("duplicates.often", OFTEN, KIND, zone, queue="bulk"),
        Schedule("duplicates.nightly", NIGHTLY, KIND, zone, args={"full": True}, queue="bulk"),
    ]


def ask_for(session: Session, *, full: bool = False) -> None:
    """Puts a search into the queue, after a change of rules for example."""
    enqueue(session, KIND, {"full": full}, queue="bulk", dedupe=f"{KIND}:{full}")


def run_search(space: Space, job: JobRun) -> None:
    """The job: every object with rules, one after the other."""
    for name in matched(space):
        search_object(space, name, full=bool(job.args.get("full")), fence=job.fence)


def matched(space: Space) -> list[str]:
    """Objects whose duplicates are looked for."""
    with space.read(system("duplicates")) as work:
        return [o.name for o in work.catalog.objects.values() if plan_of(work.catalog, o) is not None]


def search_object(
    space: Space, name: str, *, full: bool = False, fence: Callable[[Session], None] | None = None
) -> State:
    """Brings the keys and pairs of one object up to date; gives how far it is now."""
    hold = fence or (lambda _session: None)
    with space.read(system("duplicates")) as work:
        target = work.catalog.object(name)
        state, rules = state_of(work.session, target), fingerprint(work.catalog, target)
    if state.rules != rules:
        renew(space, name, hold)
        full = True
    return _everything(space, name, rules, hold) if full or not state.full_at else _changed(space, name, state, hold)


def state_of(session: Session, target: Object) -> State:
    """As stored; nothing was searched yet if there is no row."""
    sql = f"SELECT rules, since, full_at, records, pairs, took FROM {session.table(STATE)} WHERE object = ?"
    row = session.one(sql, (target.id,))
    return State() if row is None else State(row[0] or "", *(int(v or 0) for v in row[1:]))


def _store(session: Session, target: Object, state: State) -> None:
    session.run(f"DELETE FROM {session.table(STATE)} WHERE object = ?", (target.id,))
    columns = ("object", "rules", "since", "full_at", "records", "pairs", "took")
    values = (state.rules, state.since, state.full_at, state.records, state.pairs, state.took)
    session.insert(STATE, columns, [(target.id, *values)])


def renew(space: Space, name: str, hold: Callable[[Session], None]) -> int:
    """Makes the keys of all records anew, some at a time; gives how many steps it took."""
    after: int | None = 0
    steps = 0
    while after is not None:
        with space.write(system("keys of duplicates"), entry="automation", bulk=True) as work:
            hold(work.session)
            after = fill_keys(work.session, work.catalog, work.catalog.object(name), after, CHUNK)
        steps += 1
    return steps


def _everything(space: Space, name: str, rules: str, hold: Callable[[Session], None]) -> State:
    with space.read(system("duplicates"), timeout=600.0) as work:
        target, began = work.catalog.object(name), work.now
        plan = plan_of(work.catalog, target)
        rows = [] if plan is None else list(_all_rows(work, target, plan))
    if plan is None:
        return State()
    with tempfile.TemporaryDirectory(dir=space.folder, prefix="duplicates-") as folder:
        found = linkage.pairs_of(plan, rows, Path(folder))
    _keep(space, target, found, began, hold)
    state = State(rules, began, began, len(rows), len(found), space.clock() - began)
    with space.write(system("duplicates"), entry="automation", bulk=True) as work:
        hold(work.session)
        forget_older(work.session, target, began)
        _store(work.session, target, state)
    return state


def _all_rows(work: Work, target: Object, plan: MatchPlan) -> Iterator[Row]:
    after = 0
    while rows := live_rows(work.session, target, plan.columns, after, PAGE):
        yield from rows
        after = rows[-1]["id"]


def _keep(space: Space, target: Object, pairs: Sequence[Pair], now: int, hold: Callable[[Session], None]) -> None:
    for start in range(0, len(pairs), CHUNK):
        with space.write(system("duplicates"), entry="automation", bulk=True) as work:
            hold(work.session)
            keep_pairs(work.session, target, pairs[start : start + CHUNK], now)


def _changed(space: Space, name: str, state: State, hold: Callable[[Session], None]) -> State:
    """Records that changed since, against all others by their keys; a search of everything is not needed for them."""
    with space.read(system("duplicates"), timeout=60.0) as work:
        target, began = work.catalog.object(name), work.now
        table = work.session.table(target.table)
        sql = f'SELECT "id" FROM {table} WHERE "updated_at" > ? ORDER BY "updated_at", "id"'
        ids = [row[0] for row in work.session.rows(sql, (state.since - OVERLAP,))]
    found = 0
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        with space.read(system("duplicates"), timeout=60.0) as work:
            pairs = near(work, target, some)
        with space.write(system("duplicates"), entry="automation", bulk=True) as work:
            hold(work.session)
            forget_pairs(work.session, target, some)
            found += keep_pairs(work.session, target, pairs, began)
    now = State(state.rules, began, state.full_at, state.records, found, state.took)
    with space.write(system("duplicates"), entry="automation", bulk=True) as work:
        hold(work.session)
        _store(work.session, target, now)
    return now


def near(work: Work, target: Object, ids: Sequence[int]) -> list[Pair]:
    """Pairs of these records with any others, by stored keys."""
    plan = plan_of(work.catalog, target)
    if plan is None or not ids:
        return []
    some = pad(sorted(ids))
    names = ("id", *plan.columns)
    listed, marks = ", ".join(f'"{n}"' for n in names), ", ".join("?" * len(some))
    sql = f'SELECT {listed} FROM {work.session.table(target.table)} WHERE "id" IN ({marks}) AND "trashed_at" IS NULL'
    rows: list[dict[str, Any]] = [dict(zip(names, v, strict=True)) for v in work.session.rows(sql, some)]
    secret = secret_of(work.catalog)
    sealed = {row["id"]: keys_of(plan, row, secret, target.id) for row in rows}
    there = holders(work, target, plan, list(dict.fromkeys(k for ks in sealed.values() for k in ks)), len(rows))
    found: dict[tuple[int, int], int] = {}
    for row in rows:
        for key in sealed[row["id"]]:
            others = there.get(key, ())
            for other in others if len(others) <= linkage.HOT else ():
                pair = (min(row["id"], other["id"]), max(row["id"], other["id"]))
                if pair[0] != pair[1] and pair not in found:
                    found[pair] = judge(plan, row, other).score
    return [(a, b, score) for (a, b), score in found.items() if score >= plan.suggest]
