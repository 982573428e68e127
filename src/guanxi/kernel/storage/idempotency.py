"""The same request sent twice has one effect: keys are kept in the transaction of the effect (KD 16)."""

from __future__ import annotations

from dataclasses import dataclass

from guanxi.base.errors import Invalid
from guanxi.kernel.storage.session import Session

KEEP = 86_400_000_000  # µs


@dataclass(frozen=True, slots=True)
class Answered:
    """What the first request led to: ids, not a page; the answer is rendered anew for who asks now."""

    status: int
    answer: str


def begin(session: Session, actor: int, key: str, hash: str) -> Answered | None:
    """
    Call first in the transaction of the effect. None: go on, then `finish`. A second request with the same key
    waits here until the first has committed, then gets its outcome.
    """
    table, now = session.table("idempotency"), session.now()
    session.run(f"DELETE FROM {table} WHERE actor = ? AND key = ? AND at < ?", (actor, key, now - KEEP))
    sql = f"{session.insert_sql('idempotency', ('actor', 'key', 'hash', 'at'))} ON CONFLICT (actor, key) DO NOTHING"
    if session.run(sql, (actor, key, hash, now)):
        return None
    found = session.one(f"SELECT hash, status, answer FROM {table} WHERE actor = ? AND key = ?", (actor, key))
    if found is None or found[0] != hash:
        raise Invalid("This idempotency key was used for another request; use a new key.")
    return Answered(found[1] or 200, found[2] or "{}")


def finish(session: Session, actor: int, key: str, status: int, answer: str) -> None:
    """Keep the outcome (JSON with ids) for a repeated request."""
    sql = f"UPDATE {session.table('idempotency')} SET status = ?, answer = ? WHERE actor = ? AND key = ?"
    session.run(sql, (status, answer, actor, key))


def sweep(session: Session) -> int:
    """Forget keys after a day."""
    return session.run(f"DELETE FROM {session.table('idempotency')} WHERE at < ?", (session.now() - KEEP,))
