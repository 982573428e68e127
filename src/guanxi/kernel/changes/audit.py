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
    erased: int  # rows without payload: erased on request; their leaves still fit
    broken: int = 0
    why: str = ""
    shrunk: int = 0  # rows whose detail went after its time
    requests: tuple[int, ...] = ()  # the erasures that explain the rows without payload


def verify(session: Session, since: int = 0) -> Verdict:
    """Recompute leaves, digests and chain after position `since`."""
    pos, chain = since, START
    if since:
        chain = session.value(f"SELECT chain FROM {session.table('seal')} WHERE pos = ?", (since,)) or START
    known = _Known(session)
    sets = changes = 0
    while True:
        batch = session.rows(
            f"SELECT l.pos, l.set_id, l.size, l.digest, l.chain, s.operation, s.at FROM {session.table('seal')} l"
            f" LEFT JOIN {session.table('change_set')} s ON s.id = l.set_id WHERE l.pos > ? ORDER BY l.pos LIMIT ?",
            (pos, BATCH),
        )
        if not batch:
            return known.verdict(sets, changes)
        for place, set_id, size, digest, link, operation, at in batch:
            pos, sets, changes = pos + 1, sets + 1, changes + size
            chain = chain_of(chain, digest)
            why = "a set is missing" if place != pos else "the chain is broken" if chain != link else ""
            if not why:
                why = _check_set(session, known, set_id, size, digest, set_header(set_id, operation or 0, at or 0))
            if why:
                return known.verdict(sets, changes, pos, why)


class _Known:
    """What may be missing from the log, and why: requests to erase, and how far detail was shortened."""

    def __init__(self, session: Session) -> None:
        rows = session.rows(f"SELECT object, record, erasure FROM {session.table('erasure_record')}")
        self.erased = {(kind, record): erasure for kind, record, erasure in rows}
        sql = f"SELECT upto FROM {session.table('retention')} WHERE name = 'log'"
        self.shrunk_upto = session.value(sql) or 0
        self.requests: dict[int, int] = {}
        self.shrunk = 0

    def explains(self, set_id: int, kind: int, record: int) -> bool:
        """Counts a row whose payload is gone or shortened; False if nobody asked for that."""
        request = self.erased.get((kind, record))
        if request is not None:
            self.requests[request] = self.requests.get(request, 0) + 1
        elif set_id <= self.shrunk_upto:
            self.shrunk += 1
        else:
            return False
        return True

    def verdict(self, sets: int, changes: int, broken: int = 0, why: str = "") -> Verdict:
        erased = sum(self.requests.values())
        return Verdict(sets, changes, erased, broken, why, self.shrunk, tuple(sorted(self.requests)))


def _check_set(session: Session, known: _Known, set_id: int, size: int, digest: str, header: bytes) -> str:
    whole, n = hashlib.sha256(header), 0
    for rows in session.stream(
        f"SELECT object, record, version, op, old, new, salt, leaf FROM {session.table('change')}"
        f" WHERE set_id = ? ORDER BY n",
        (set_id,),
    ):
        for kind, record, version, op, old, new, salt, leaf in rows:
            n += 1
            whole.update(leaf.encode())
            if salt is None:
                if not known.explains(set_id, kind, record):
                    return f"change {n - 1} of set {set_id} was emptied, and no request explains it"
            elif leaf_of(salt, kind, record, version, op, old, new) != leaf:
                return f"change {n - 1} of set {set_id} was altered"
    if n != size or whole.hexdigest() != digest:
        return f"set {set_id} was altered"
    return ""
