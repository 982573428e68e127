"""Passwords: argon2id with bounded memory, attempts counted by account and address, one answer for all failures."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from guanxi.base.errors import FieldError, Invalid, TooMany, Unauthenticated, msg
from guanxi.kernel.access import throttle
from guanxi.kernel.access.devices import device_id, is_known
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.session import Session

SHORTEST, LONGEST = 10, 200
PER_DEVICE, PER_ADDRESS, PER_ACCOUNT = 10, 100, 200  # attempts in a window; the last by all strangers together
JUDGED = 72  # characters that the list is asked about: its time grows with the length
LOCAL_WORDS = ("guanxi", "关系", "admin", "woaini", "wodemima", "mima", "5201314", "1314520", "aini1314", "zhongguo")
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


def judge_password(
    password: str, *, field: str = "password", names: Sequence[str] = (), shortest: int = SHORTEST
) -> None:
    """
    Long enough, not endless, not among the passwords that are tried first (a list that comes with zxcvbn, names, dates,
    keyboard rows), not the person's own name, address or workspace. No rules about kinds of characters.
    """
    text, code = None, "weak"
    if len(password) < shortest:
        text, code = msg("Use at least {n} characters.", n=shortest), "too_short"
    elif len(password) > LONGEST:
        text, code = msg("Use at most {n} characters.", n=LONGEST), "too_long"
    elif _plain(password) in _own(names) or _is_common(password, names):
        text = msg("That is too easy to guess. Use a few unrelated words.")
    if text is not None:
        raise Invalid(text, errors=[FieldError(field, code, text)])


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _own(names: Sequence[str]) -> set[str]:
    """The person's names and addresses, whole and before the @, however they are punctuated."""
    return {_plain(text) for name in names if name for text in (name, name.partition("@")[0])} | {""}


def _is_common(password: str, names: Sequence[str]) -> bool:
    """Whether a million guesses find it, in the order in which guessers try."""
    from zxcvbn import zxcvbn  # its lists take a tenth of a second to load

    parts = {part for name in names if name for part in (name, *re.split(r"[\W_]+", name)) if len(part) > 2}
    return int(zxcvbn(password[:JUDGED], user_inputs=[*parts, *LOCAL_WORDS])["score"]) < 2


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


def authenticate(
    database: Database, catalog: Catalog, email: str, password: str, *, address: str, now: int, device: str = ""
) -> int:
    """
    The id of the user; Unauthenticated for any mismatch, TooMany after too many attempts. `device` is the token of a
    device: one this person signed in on before is counted apart, so that others' guesses do not shut them out.
    """
    user = user_by_email(catalog, email)
    keys = _count_attempt(database, email, user, address, now, device)
    with database.read() as session:
        stored = stored_hash(session, user) if user is not None else None
    fits = check_password(password[: LONGEST + 1], stored or _nobody())
    if user is None or stored is None or not fits:
        raise Unauthenticated(msg("E-mail and password do not match. Check both and try again."))
    with database.ephemeral() as session:
        throttle.forget(session, keys[0])
        for key in keys[1:]:
            throttle.take_back(session, key)
    if _HASHER.check_needs_rehash(stored):
        renewed = hash_password(password)
        with database.write() as session:
            store_hash(session, user, renewed, now)
    return user


def _count_attempt(
    database: Database, email: str, user: int | None, address: str, now: int, device: str
) -> tuple[str, ...]:
    """Counts before the answer is known; gives the keys, the attempt's own first."""
    account = hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:32]
    if user is not None and is_known(database, device, user, now):
        own = f"device:{device_id(device)[:32]}:{user}"
        with database.ephemeral() as session:
            throttle.count(session, own, PER_DEVICE, now)
        return (own,)
    near = throttle.network_of(address)
    pair, place, whole = f"pair:{account}:{near}", f"address:{near}", f"account:{account}"
    with database.ephemeral() as session:
        throttle.slow_down(session, pair, now)
        throttle.count(session, place, PER_ADDRESS, now)
        throttle.count(session, whole, PER_ACCOUNT, now)
    return pair, place, whole


def count_code(database: Database, user: int, now: int, device: str = "") -> None:
    """One more code of the second factor; TooMany after too many. The person's known device is counted apart."""
    own = device_id(device)[:32] if is_known(database, device, user, now) else "strangers"
    with database.ephemeral() as session:
        throttle.count(session, f"code:{own}:{user}", PER_DEVICE * 2, now)


def confirm_password(database: Database, user: int, password: str, now: int) -> bool:
    """Whether somebody who is signed in knows their own password; TooMany after too many guesses."""
    key = f"present:{user}"
    with database.ephemeral() as session:
        throttle.count(session, key, PER_DEVICE, now)
    with database.read() as session:
        stored = stored_hash(session, user)
    if stored is None or not check_password(password[: LONGEST + 1], stored):
        return False
    with database.ephemeral() as session:
        throttle.forget(session, key)
    return True
