"""Walks the chain of digests: any row of the log that was changed, removed or slipped in shows (KD 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from guanxi.kernel.changes.log import START, chain_of, leaf_of, set_header
from guanxi.kernel.storage.session import Session

BATCH = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the first position that does not fit (0 = all fit), `why` says what is wrong there."""

    sets: int
    changes: int
    erased: int  # rows without payload: erased on request or shrunk after their time; their leaves still fit
    broken: int = 0
    why: str = ""


def verify(session: Session, since: int = 0) -> Verdict:
    """Recompute leaves, digests and chain after position `since`."""
    pos, chain = since, START
    if since:
        chain = session.value(f"SELECT chain FROM {session.table('seal')} WHERE pos = ?", (since,)) or START
    sets = changes = erased = 0
    while True:
        batch = session.rows(
            f"SELECT l.pos, l.set_id, l.size, l.digest, l.chain, s.operation, s.at FROM {session.table('seal')} l"
            f" LEFT JOIN {session.table('change_set')} s ON s.id = l.set_id WHERE l.pos > ? ORDER BY l.pos LIMIT ?",
            (pos, BATCH),
        )
        if not batch:
            return Verdict(sets, changes, erased)
        for place, set_id, size, digest, link, operation, at in batch:
            pos, sets, changes = pos + 1, sets + 1, changes + size
            chain = chain_of(chain, digest)
            why = "a set is missing" if place != pos else "the chain is broken" if chain != link else ""
            if not why:
                why, gone = _check_set(session, set_id, size, digest, set_header(set_id, operation or 0, at or 0))
                erased += gone
            if why:
                return Verdict(sets, changes, erased, pos, why)


def _check_set(session: Session, set_id: int, size: int, digest: str, header: bytes) -> tuple[str, int]:
    whole, erased, n = hashlib.sha256(header), 0, 0
    for rows in session.stream(
        f"SELECT object, record, version, op, old, new, salt, leaf FROM {session.table('change')}"
        f" WHERE set_id = ? ORDER BY n",
        (set_id,),
    ):
        for kind, record, version, op, old, new, salt, leaf in rows:
            n += 1
            whole.update(leaf.encode())
            if salt is None:
                erased += 1
            elif leaf_of(salt, kind, record, version, op, old, new) != leaf:
                return f"change {n - 1} of set {set_id} was altered", erased
    if n != size or whole.hexdigest() != digest:
        return f"set {set_id} was altered", erased
    return "", erased
