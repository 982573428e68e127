"""The figures of one object in one grouped statement: by owner, team and source, how many were looked at and good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.quality.checks import DUPLICATES, Check, checks_of
from guanxi.kernel.records.filters import sql_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

ALL = ""  # the name under which the number of records is kept


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of one owner, team and source a check was asked of, and how many pass it."""

    owner: int
    team: int
    source: str
    name: str
    looked: int
    good: int


def measure(work: Work, target: Object) -> list[Count]:
    """Counts of all live records, as the system; one scan of the table, whatever the number of checks."""
    checks = [c for c in checks_of(work.catalog, target) if _can_ask(work, target, c)]
    texts, params = ["count(*)"], list[Any]()
    for check in checks:
        asked, asked_params = sql_of(work, target, check.of) if check.of else ("1 = 1", [])
        bad, bad_params = _bad(work, target, check)
        texts.append(f"sum(CASE WHEN {asked} THEN 1 ELSE 0 END)" if check.of else "count(*)")
        params += asked_params
        texts.append(f"sum(CASE WHEN ({asked}) AND ({bad}) THEN 1 ELSE 0 END)")
        params += [*asked_params, *bad_params]
    sql = f'SELECT coalesce(r."owner", 0), coalesce(r."team", 0), coalesce(r."source", \'\'), {", ".join(texts)}'
    sql += f' FROM {work.session.table(target.table)} r WHERE r."trashed_at" IS NULL GROUP BY 1, 2, 3'
    found = []
    for owner, team, source, n, *counts in work.session.rows(sql, params):
        found.append(Count(owner, team, source, ALL, int(n), int(n)))
        for place, check in enumerate(checks):
            looked, faults = int(counts[2 * place]), int(counts[2 * place + 1])
            found.append(Count(owner, team, source, check.name, looked, looked - faults))
    return found


def _can_ask(work: Work, target: Object, check: Check) -> bool:
    """Whether the condition can be asked of the table: an encrypted field answers only whether it is filled."""
    try:
        if check.bad:
            sql_of(work, target, check.where)
    except BadInput:
        return False
    return True


def _bad(work: Work, target: Object, check: Check) -> tuple[str, list[Any]]:
    if check.name != DUPLICATES:
        return sql_of(work, target, check.bad)
    pairs = work.session.table("duplicate_pair")
    inner = f"SELECT p.a FROM {pairs} p WHERE p.object = ? AND p.state = 'open'"
    return f'r."id" IN ({inner} UNION {inner.replace("p.a FROM", "p.b FROM")})', [target.id, target.id]
