"""Checks of what other rows are made of: grants of sharing rules, keys that find duplicates."""

from __future__ import annotations

from guanxi.base.errors import msg
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Space, Work
from guanxi.kernel.doctor.finding import Finding, finding
from guanxi.kernel.records.filters import binding
from guanxi.kernel.records.match_keys import drift
from guanxi.kernel.records.shape import OWNED, shape_of
from guanxi.kernel.records.sharing import rules_of

MOST = 512  # records of an object that one look takes


def grant_check(space: Space, sample: int) -> Finding:
    """The newest live records are given to exactly those whom the sharing rules name."""
    looked, wrong = 0, list[str]()
    with space.read(system("doctor"), timeout=60.0) as work:
        for target in _owned(work):
            rules = rules_of(work, target)
            if rules is None:
                continue
            ids = _newest(work, target, sample)
            looked += len(ids)
            wrong += [f"{target.name} {i}: not given as the rules say" for i in _misgiven(work, target, ids)]
    return finding("grants", looked, wrong, msg("Save the sharing rules of the object once more."))


def _misgiven(work: Work, target: Object, ids: list[int]) -> list[int]:
    rules, columns = rules_of(work, target), shape_of(work.catalog, target).columns
    if rules is None or not ids:
        return []
    some, moment = pad(ids), binding(work)
    marks, names = ", ".join("?" * len(some)), ", ".join(f'"{c}"' for c in columns)
    rows = work.session.rows(f'SELECT {names} FROM {work.session.table(target.table)} WHERE "id" IN ({marks})', some)
    want = {}
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        want[row["id"]] = {(rule.principal, rule.reason) for rule in rules.met(row, moment, None)}
    have: dict[int, set[tuple[int, str]]] = {i: set() for i in ids}
    sql = (
        f'SELECT "record", "principal", "reason" FROM {work.session.table("grant_row")}'
        f' WHERE "record" IN ({marks}) AND "object" = ?'
    )
    for record, principal, reason in work.session.rows(sql, (*some, target.id)):
        if reason.startswith("r"):
            have[record].add((principal, reason))
    return [i for i in ids if have[i] != want.get(i, set())]


def match_check(space: Space, sample: int) -> Finding:
    """The keys that find duplicates are what the rules make of the newest records."""
    looked, wrong = 0, list[str]()
    with space.read(system("doctor"), timeout=60.0) as work:
        for target in _owned(work):
            ids = _newest(work, target, sample)
            looked += len(ids)
            stale = drift(work.session, work.catalog, target, ids)
            wrong += [f"{target.name} {i}: keys of duplicates" for i in stale]
    return finding("matches", looked, wrong, msg("Save the rules of duplicates of the object once more."))


def _owned(work: Work) -> list[Object]:
    return [o for o in work.catalog.objects.values() if o.kind in OWNED and not o.retired]


def _newest(work: Work, target: Object, sample: int) -> list[int]:
    table = work.session.table(target.table)
    sql = f'SELECT "id" FROM {table} WHERE "trashed_at" IS NULL ORDER BY "id" DESC LIMIT ?'
    return [row[0] for row in work.session.rows(sql, (min(sample, MOST),))]
