"""Pairs of records that may be the same: found, kept, forgotten when they change, set apart for ever by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.matching.score import judge
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.parse import may
from guanxi.kernel.records.read import target_of
from guanxi.kernel.records.visibility import seen_ids
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

TABLE = "duplicate_pair"
MOST_OPEN = 600  # best pairs looked at for a page of the queue
MOST_IN_CLUSTER = 12
MANY = 256
Pair = tuple[int, int, int]
"""a < b, score."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Records that hang together, with the best score among them."""

    ids: tuple[int, ...]
    score: int


def keep_pairs(session: Session, target: Object, pairs: Iterable[Pair], now: int) -> int:
    """Adds pairs or their new score; those set apart stay apart."""
    rows = [(target.id, a, b, score, "open", now) for a, b, score in pairs]
    table = session.table(TABLE)
    sql = (
        f'INSERT INTO {table} AS p ("object", "a", "b", "score", "state", "found_at") VALUES (?, ?, ?, ?, ?, ?)'
        ' ON CONFLICT ("object", "a", "b") DO UPDATE SET "score" = excluded."score", "found_at" = excluded."found_at"'
        " WHERE p.\"state\" = 'open'"
    )
    if rows:
        session.many(sql, rows)
    return len(rows)


def forget_pairs(session: Session, target: Object, ids: Sequence[int]) -> None:
    """Open pairs of records that changed: they are looked for anew."""
    table = session.table(TABLE)
    open_ = f"DELETE FROM {table} WHERE object = ? AND state = 'open'"
    session.many(f"{open_} AND a = ?", [(target.id, i) for i in ids])
    session.many(f"{open_} AND b = ?", [(target.id, i) for i in ids])


def forget_older(session: Session, target: Object, before: int) -> None:
    """Open pairs that a search of everything did not find again."""
    sql = f"DELETE FROM {session.table(TABLE)} WHERE object = ? AND state = 'open' AND found_at < ?"
    session.run(sql, (target.id, before))


def clusters(work: Work, name: str, limit: int = 20) -> tuple[list[Cluster], bool]:
    """
    The best clusters of which the caller sees every record, and whether there are more of them. Pairs with a record
    out of sight are as if they were not there: even their number would tell something. Neither are pairs that agree
    only in fields the caller sees masked: whoever may write a record of their own could find out such a value.
    """
    target = target_of(work, name)
    sql = (
        f"SELECT a, b, score FROM {work.session.table(TABLE)} WHERE object = ? AND state = 'open'"
        " ORDER BY score DESC, a, b LIMIT ?"
    )
    pairs = work.session.rows(sql, (target.id, MOST_OPEN))
    seen = seen_ids(work, target, {i for a, b, _ in pairs for i in (a, b)})
    found = grouped(_told(work, target, [(a, b, score) for a, b, score in pairs if a in seen and b in seen]))
    return found[:limit], len(found) > limit


def _told(work: Work, target: Object, pairs: list[Pair]) -> list[Pair]:
    """The pairs as they look without the fields that are closed to the caller."""
    plan, allowed = plan_of(work.catalog, target), frozenset(readable(work, target))
    if plan is None or not pairs:
        return pairs
    known = {f.column: f.name for f in target.fields}
    columns = [c for c in plan.columns if known.get(c, c) in allowed]
    if len(columns) == len(plan.columns):
        return pairs
    some = pad(sorted({i for a, b, _ in pairs for i in (a, b)}))
    listed = ", ".join(f'"{n}"' for n in ("id", *columns))
    sql = f'SELECT {listed} FROM {work.session.table(target.table)} WHERE "id" IN ({", ".join("?" * len(some))})'
    rows = {values[0]: dict(zip(columns, values[1:], strict=True)) for values in work.session.rows(sql, some)}
    judged = [(a, b, judge(plan, rows[a], rows[b], allowed).score) for a, b, _ in pairs if a in rows and b in rows]
    return [pair for pair in judged if pair[2] >= plan.suggest]


def grouped(pairs: Sequence[Pair]) -> list[Cluster]:
    """Pairs that share a record belong together; best first."""
    root: dict[int, int] = {}

    def find(x: int) -> int:
        while root.setdefault(x, x) != x:
            x = root[x] = root[root[x]]
        return x

    size: dict[int, int] = {}
    best: dict[int, int] = {}
    for a, b, score in pairs:
        one, two = find(a), find(b)
        if one != two:
            if size.get(one, 1) + size.get(two, 1) > MOST_IN_CLUSTER:
                continue  # a chain of likenesses leads from anybody to anybody
            root[two] = one
            size[one] = size.get(one, 1) + size.get(two, 1)
            best[one] = max(best.get(one, 0), best.get(two, 0), score)
        else:
            best[one] = max(best.get(one, 0), score)
    members: dict[int, list[int]] = {}
    for ident in root:
        members.setdefault(find(ident), []).append(ident)
    found = [Cluster(tuple(sorted(ids)), best[key]) for key, ids in members.items() if key in best]
    return sorted(found, key=lambda c: (-c.score, c.ids))


def set_apart(work: Work, name: str, ids: Sequence[int]) -> int:
    """These are not the same: remembered for every pair of them, for ever."""
    target = target_of(work, name)
    may(work, target, "edit")
    wanted = sorted(set(ids))
    if not 2 <= len(wanted) <= MOST_IN_CLUSTER:
        raise BadInput(msg("Choose 2 to {n} records.", n=MOST_IN_CLUSTER))
    if seen_ids(work, target, set(wanted)) != set(wanted):
        raise NotFound
    rows = [(target.id, a, b, 0, "apart", work.now, work.actor.user, work.now) for a, b in combinations(wanted, 2)]
    columns = '"object", "a", "b", "score", "state", "found_at", "decided_by", "decided_at"'
    work.session.many(
        f"INSERT INTO {work.session.table(TABLE)} ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        ' ON CONFLICT ("object", "a", "b") DO UPDATE SET "state" = excluded."state",'
        ' "decided_by" = excluded."decided_by", "decided_at" = excluded."decided_at"',
        rows,
    )
    note(work.space, "right_used", work.actor.user, object=name, count=len(wanted), entry=work.entry,
         detail={"what": "not_the_same", "records": [str(i) for i in wanted]})  # fmt: skip
    return len(rows)
