"""The same request twice has one effect: keys are claimed in the transaction of the effect (KD 16)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import BadInput, FieldError, Invalid, msg
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

LIFE = 24 * 3_600_000_000  # µs a key is remembered
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer in short: its status and what it was about (ids); the text is rendered anew."""

    status: int
    answer: Any


def hash_of(*parts: bytes) -> str:
    """One hash for everything that makes a request this request."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def check_key(key: str) -> str:
    """A key that can be kept: 1 to 255 visible ASCII characters."""
    if 0 < len(key) <= LONGEST and key.isascii() and key.isprintable():
        return key
    raise BadInput(msg("An idempotency key has 1 to {n} visible ASCII characters.", n=LONGEST))


def claim(work: Work, key: str, request: str) -> Remembered | None:
    """
    None: the key is ours, do the work and `remember`. Else the first answer. A second request at the same time
    waits here until the first has ended; if that failed, its claim is gone with its transaction.
    """
    table = work.session.table("idempotency")
    taken = work.session.run(
        f'INSERT INTO {table} AS k ("actor", "key", "hash", "at") VALUES (?, ?, ?, ?) ON CONFLICT ("actor", "key")'
        ' DO UPDATE SET "hash" = excluded."hash", "at" = excluded."at", "status" = NULL, "answer" = NULL'
        ' WHERE k."at" < ?',
        (work.actor.user, key, request, work.now, work.now - LIFE),
    )
    if taken:
        return None
    sql = f'SELECT "hash", "status", "answer" FROM {table} WHERE "actor" = ? AND "key" = ?'
    known, status, answer = work.session.rows(sql, (work.actor.user, key))[0]
    if known != request:
        text = msg("This idempotency key was used for another request. Take a new key for a new request.")
        raise Invalid(text, errors=[FieldError("Idempotency-Key", "key_reused", text)])
    return Remembered(int(status or 200), msgspec.json.decode(answer or "null"))


def remember(work: Work, key: str, status: int, answer: Any) -> None:
    """Keeps status and ids with the effect."""
    work.session.run(
        f'UPDATE {work.session.table("idempotency")} SET "status" = ?, "answer" = ? WHERE "actor" = ? AND "key" = ?',
        (status, msgspec.json.encode(answer).decode(), work.actor.user, key),
    )


def sweep(session: Session, now: int) -> int:
    """Forgets keys older than a day; for a nightly job."""
    return session.run(f'DELETE FROM {session.table("idempotency")} WHERE "at" < ?', (now - LIFE,))
