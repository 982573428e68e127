"""The second factor: codes of an authenticator app, each step once, and one-time recovery codes kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

import pyotp

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.kernel.catalog.snapshot import Catalog, raise_version
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.keyring import KeyMissing, Unopened, ready
from guanxi.kernel.storage.session import Session

STEP, DRIFT = 30, 1  # seconds of a code; steps that a clock may be wrong
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
SET_UP, SET_UP_LIFE = "second_factor", 30 * 60 * 1_000_000
TABLE = "second_factor"
_PLAIN = re.compile("[A-Z2-7]{32}")
_HAVE = "who has a second factor"


def begin_set_up(database: Database, user: int, now: int) -> str:
    """The secret to scan; the same for half an hour, so that a reloaded page still fits the phone."""
    found = set_up_secret(database, user, now)
    if found:
        return found
    secret = pyotp.random_base32()
    with database.write() as session:
        sealed = _sealed(database, session, user, secret)
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("draft")} WHERE "user" = ? AND "key" = ?', (user, SET_UP))
        session.insert("draft", ("user", "key", "value", "at"), [(user, SET_UP, sealed, now + SET_UP_LIFE)])
    return secret


def set_up_secret(database: Database, user: int, now: int) -> str:
    """The secret of a set-up that is under way; empty if there is none."""
    with database.ephemeral(write=False) as session:
        sql = f'SELECT "value" FROM {session.table("draft")} WHERE "user" = ? AND "key" = ? AND "at" > ?'
        return _opened(database, user, str(session.value(sql, (user, SET_UP, now)) or ""))


def about(user: int) -> str:
    """What a sealed secret is bound to."""
    return f"{TABLE}:{user}"


def _sealed(database: Database, session: Session, user: int, secret: str) -> str:
    ready(database.ring, session)
    return database.ring.seal(secret, about(user))


def _opened(database: Database, user: int, stored: str) -> str:
    """Secrets of before there were keys lie there as they are; one that no key opens fits no code."""
    if stored == "" or _PLAIN.fullmatch(stored):
        return stored
    try:
        return database.ring.open(stored, about(user)) if database.ring.read() is not None else ""
    except (Unopened, KeyMissing):
        return ""


def address_for_app(secret: str, email: str, workspace: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=email, issuer_name=workspace)


def step_of(secret: str, code: str, now: int) -> int | None:
    """The time step this code belongs to, if it is one of the few that count now."""
    given = "".join(code.split())
    if not secret or not (given.isascii() and given.isdigit() and len(given) == 6):
        return None
    totp, here = pyotp.TOTP(secret, interval=STEP), now // 1_000_000 // STEP
    found = None
    for step in range(here - DRIFT, here + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), given):
            found = step
    return found


def finish_set_up(database: Database, user: int, code: str, now: int) -> list[str]:
    """Switches the second factor on if the app shows the right code; gives the recovery codes, shown once."""
    secret = set_up_secret(database, user, now)
    step = step_of(secret, code, now) if secret else None
    if step is None:
        text = msg("This code does not fit. Check the clock of your phone and type the code shown now.")
        raise Invalid(text, errors=[FieldError("code", "wrong", text)])
    with database.write() as session:
        table = session.table("second_factor")
        session.run(f'DELETE FROM {table} WHERE "user" = ?', (user,))
        sealed = _sealed(database, session, user, secret)
        session.insert(TABLE, ("user", "secret", "last_step", "made_at"), [(user, sealed, step, now)])
        codes = renew_codes(session, user)
        raise_version(session)
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("draft")} WHERE "user" = ? AND "key" = ?', (user, SET_UP))
    return codes


def renew_codes(session: Session, user: int) -> list[str]:
    """Ten new recovery codes; older ones end."""
    codes = ["-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3)) for _ in range(CODES)]
    session.run(f'DELETE FROM {session.table("recovery_code")} WHERE "user" = ?', (user,))
    session.insert("recovery_code", ("user", "hash"), [(user, _hash(user, code)) for code in codes])
    return codes


def codes_left(session: Session, user: int) -> int:
    """How many recovery codes are still unused."""
    sql = f'SELECT count(*) FROM {session.table("recovery_code")} WHERE "user" = ? AND "used_at" IS NULL'
    return int(session.value(sql, (user,)))


def has_factor(session: Session, user: int) -> bool:
    """Whether this person's sign-in asks for a code."""
    return session.one(f'SELECT 1 FROM {session.table("second_factor")} WHERE "user" = ?', (user,)) is not None


def who_has(session: Session, catalog: Catalog) -> frozenset[int]:
    """Everybody with a second factor; kept with the snapshot, which a change of it replaces."""
    known: frozenset[int] | None = catalog.memo.get(_HAVE)
    if known is None:
        rows = session.rows(f'SELECT "user" FROM {session.table("second_factor")}')
        known = catalog.memo[_HAVE] = frozenset(row[0] for row in rows)
    return known


def spend_code(database: Database, user: int, code: str, now: int) -> str:
    """ "app" or "recovery" if the code is right, and from then on it is used up; else empty."""
    with database.write() as session:
        row = session.one(f'SELECT "secret" FROM {session.table("second_factor")} WHERE "user" = ?', (user,))
        if row is None:
            return ""
        step = step_of(_opened(database, user, str(row[0])), code, now)
        if step is not None:
            sql = f'UPDATE {session.table("second_factor")} SET "last_step" = ? WHERE "user" = ? AND "last_step" < ?'
            return "app" if session.run(sql, (step, user, step)) else ""
        sql = (
            f'UPDATE {session.table("recovery_code")} SET "used_at" = ?'
            ' WHERE "user" = ? AND "hash" = ? AND "used_at" IS NULL'
        )
        return "recovery" if session.run(sql, (now, user, _hash(user, code))) else ""


def remove_factor(session: Session, user: int) -> bool:
    """Sign-in asks for the password alone again; False if it did already. Call inside a write transaction."""
    session.run(f'DELETE FROM {session.table("recovery_code")} WHERE "user" = ?', (user,))
    done = session.run(f'DELETE FROM {session.table("second_factor")} WHERE "user" = ?', (user,))
    if done:
        raise_version(session)
    return done > 0


def _hash(user: int, code: str) -> str:
    plain = "".join(c for c in code.lower() if c in LETTERS)
    return hashlib.sha256(f"recovery {user} {plain}".encode()).hexdigest()
