"""Devices a person signed in on before: not held up by others' guesses, and spared the second factor if trusted."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from guanxi.kernel.storage.database import Database

DAY = 86_400_000_000
LIFE = 365 * DAY  # µs a device is remembered after its last sign-in


@dataclass(frozen=True, slots=True)
class Met:
    """What was known before: is the device new to this person, and do they have others?"""

    new: bool
    others: bool


def make_device() -> str:
    """The token of a device that was never here."""
    return secrets.token_urlsafe(32)


def device_id(token: str) -> str:
    """What is stored instead of the token."""
    return hashlib.sha256(b"device " + token.encode("utf-8", "replace")).hexdigest()


def meet_device(database: Database, token: str, user: int, now: int, *, trust_days: int = 0) -> Met:
    """Notes that the person signed in here; `trust_days` spare the second factor."""
    ident = device_id(token)
    with database.ephemeral() as session:
        table = session.table("known_device")
        session.run(f'DELETE FROM {table} WHERE "expires_at" < ?', (now,))
        rows = session.rows(f'SELECT "id" FROM {table} WHERE "user" = ?', (user,))
        trusted = now + trust_days * DAY if trust_days else 0
        session.run(
            f'INSERT INTO {table} AS d ("id", "user", "expires_at", "trusted_until") VALUES (?, ?, ?, ?)'
            ' ON CONFLICT ("id", "user") DO UPDATE SET "expires_at" = excluded."expires_at", "trusted_until" ='
            ' CASE WHEN excluded."trusted_until" > 0 THEN excluded."trusted_until" ELSE d."trusted_until" END',
            (ident, user, now + LIFE, trusted),
        )
    known = {row[0] for row in rows}
    return Met(ident not in known, bool(known - {ident}))


def is_known(database: Database, token: str, user: int, now: int, *, trusted: bool = False) -> bool:
    """Whether this person signed in on this device before; or, `trusted`, said it is theirs alone."""
    if not token:
        return False
    column = "trusted_until" if trusted else "expires_at"
    with database.ephemeral(write=False) as session:
        sql = f'SELECT 1 FROM {session.table("known_device")} WHERE "id" = ? AND "user" = ? AND "{column}" > ?'
        return session.one(sql, (device_id(token), user, now)) is not None


def distrust_devices(database: Database, user: int, *, forget: bool = False) -> None:
    """All devices ask for the second factor again; `forget`: they are strangers again."""
    with database.ephemeral() as session:
        table = session.table("known_device")
        start = f"DELETE FROM {table}" if forget else f'UPDATE {table} SET "trusted_until" = 0'
        session.run(f'{start} WHERE "user" = ?', (user,))
