"""What the roll-ups of accounts should be: SQL over the deals, written by hand."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.context import Space

COLUMNS = ("open_deals", "open_amount", "open_amount__b", "won_amount", "won_amount__c", "last_won_on")
ORACLE = """
    SELECT a.id, (SELECT count(*) FROM {o} o WHERE o.account = a.id AND o.trashed_at IS NULL AND o.state = 'open'),
      (SELECT sum(o.amount__b) FROM {o} o WHERE o.account = a.id AND o.trashed_at IS NULL AND o.state = 'open'),
      (SELECT sum(o.amount__b) FROM {o} o WHERE o.account = a.id AND o.trashed_at IS NULL AND o.state = 'open'),
      (SELECT sum(o.amount__b) FROM {o} o WHERE o.account = a.id AND o.trashed_at IS NULL AND o.state = 'won'),
      (SELECT max(CASE WHEN o.amount IS NOT NULL THEN 'CNY' END) FROM {o} o
        WHERE o.account = a.id AND o.trashed_at IS NULL AND o.state = 'won'),
      (SELECT max(o.closed_on) FROM {o} o WHERE o.account = a.id AND o.trashed_at IS NULL AND o.state = 'won')
    FROM {a} a ORDER BY a.id
"""


def oracle(space: Space) -> list[tuple[Any, ...]]:
    with space.db.read() as session:
        sql = ORACLE.format(o=session.table("opportunity"), a=session.table("account"))
        return [tuple(None if v is None else v if isinstance(v, str) else int(v) for v in r) for r in session.rows(sql)]


def held(space: Space) -> list[tuple[Any, ...]]:
    with space.db.read() as session:
        return session.rows(f"SELECT id, {', '.join(COLUMNS)} FROM {session.table('account')} ORDER BY id")
