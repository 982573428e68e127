"""Passwords: argon2id with bounded memory, attempts counted by account and address, one answer for all failures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from guanxi.base.errors import FieldError, Invalid, TooMany, Unauthenticated, msg
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.session import Session

SHORTEST, LONGEST = 10, 200
WINDOW = 15 * 60 * 1_000_000  # µs in which attempts are counted
PER_ACCOUNT, PER_ADDRESS = 10, 100
PATIENCE = 5.0  # seconds to wait for a free slot
_HASHER = PasswordHasher()  # argon2id, RFC 9106 low-memory profile
_SLOTS = BoundedSemaphore(max(2, (os.cpu_count() or 2) // 2))  # each hash takes 64 MB


@contextmanager
def _slot() -> Iterator[None]:
    if not _SLOTS.acquire(timeout=PATIENCE):
        raise TooMany(msg("Many people are signing in just now. Try again in a moment."))
    try:
        yield
    finally:
        _SLOTS.release()


def hash_password(password: str) -> str:
    """The string to store."""
    with _slot():
        return _HASHER.hash(password)


def check_password(password: str, stored: str) -> bool:
    """Whether the password belongs to the stored hash."""
    with _slot():
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobody() -> str:
    """A hash that takes as long as a real one, for accounts that do not exist."""
    return hash_password("nobody has this password")


def judge_password(password: str, *, field: str = "password", names: tuple[str, ...] = ()) -> None:
    """Long enough, not endless, not the person's own name or address, not one character repeated."""
    text, code = None, "weak"
    if len(password) < SHORTEST:
        text, code = msg("Use at least {n} characters.", n=SHORTEST), "too_short"
    elif len(password) > LONGEST:
        text, code = msg("Use at most {n} characters.", n=LONGEST), "too_long"
    elif len(set(password)) < 4 or password.casefold() in {name.casefold() for name in names if name}:
        text = msg("That is too easy to guess. Use a few unrelated words.")
    if text is not None:
        raise Invalid(text, errors=[FieldError(field, code, text)])


def set_password(session: Session, user: int, password: str, now: int) -> None:
    """Stores a new password inside the caller's write transaction."""
    store_hash(session, user, hash_password(password), now)


def store_hash(session: Session, user: int, hashed: str, now: int) -> None:
    """Stores a hash made before the transaction began (hashing takes long; a writer's turn must not)."""
    session.run(f'DELETE FROM {session.table("credential")} WHERE "user" = ?', (user,))
    session.insert("credential", ("user", "hash", "changed_at"), [(user, hashed, now)])


def stored_hash(session: Session, user: int) -> str | None:
    """What is stored for this user, if a password was ever set."""
    found = session.value(f'SELECT "hash" FROM {session.table("credential")} WHERE "user" = ?', (user,))
    return str(found) if found is not None else None


def user_by_email(catalog: Catalog, email: str) -> int | None:
    """The active user with this address."""
    wanted = email.strip().casefold()
    for ident, row in catalog.config["user"].items():
        if row["active"] and (row["email"] or "").casefold() == wanted:
            return ident
    return None


def authenticate(database: Database, catalog: Catalog, email: str, password: str, *, address: str, now: int) -> int:
    """The id of the user; Unauthenticated for any mismatch, TooMany after too many attempts."""
    account = "account:" + hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:32]
    place = f"address:{address}"
    with database.ephemeral() as session:
        _count(session, account, PER_ACCOUNT, now)
        _count(session, place, PER_ADDRESS, now)
    user = user_by_email(catalog, email)
    with database.read() as session:
        stored = stored_hash(session, user) if user is not None else None
    fits = check_password(password[: LONGEST + 1], stored or _nobody())
    if user is None or stored is None or not fits:
        raise Unauthenticated(msg("E-mail and password do not match. Check both and try again."))
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("throttle")} WHERE "key" = ?', (account,))
        session.run(f'UPDATE {session.table("throttle")} SET "count" = "count" - 1 WHERE "key" = ?', (place,))
    if _HASHER.check_needs_rehash(stored):
        renewed = hash_password(password)
        with database.write() as session:
            store_hash(session, user, renewed, now)
    return user


def confirm_password(database: Database, user: int, password: str, now: int) -> bool:
    """Whether somebody who is signed in knows their own password; TooMany after too many guesses."""
    key = f"present:{user}"
    with database.ephemeral() as session:
        _count(session, key, PER_ACCOUNT, now)
    with database.read() as session:
        stored = stored_hash(session, user)
    if stored is None or not check_password(password[: LONGEST + 1], stored):
        return False
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("throttle")} WHERE "key" = ?', (key,))
    return True


def _count(session: Session, key: str, limit: int, now: int) -> None:
    """One more attempt under this key; counted before the answer is known, so that parallel guesses count too."""
    table = session.table("throttle")
    counted = session.rows(
        f'INSERT INTO {table} AS k ("key", "count", "until") VALUES (?, 1, ?) ON CONFLICT ("key") DO UPDATE SET'
        ' "count" = CASE WHEN k."until" <= ? THEN 1 ELSE k."count" + 1 END,'
        ' "until" = CASE WHEN k."until" <= ? THEN excluded."until" ELSE k."until" END RETURNING "count", "until"',
        (key, now + WINDOW, now, now),
    )
    count, until = counted[0]
    if count > limit:  # asked after counting: those who ask at the same moment wait for each other's count
        minutes = max(1, (until - now) // 60_000_000)
        raise TooMany(msg("Too many attempts. Try again in {n} minutes.", n=minutes), retry_after=minutes * 60)
