"""Sign-ins kept on the server: only a hash of the token is stored; each can be listed and ended."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.kernel.access import throttle
from guanxi.kernel.access.policy import Policy
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.session import Full

DAY = 86_400_000_000
TOUCH = 300_000_000  # µs; `seen_at` is written at most every five minutes
USUAL = Policy()


@dataclass(frozen=True, slots=True)
class WebSession:
    """One device that is signed in. `id` is the hash of its token."""

    id: str
    user: int
    created: int
    seen: int
    expires: int
    agent: str
    address: str


def session_id(token: str) -> str:
    """What is stored instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """The token of forms: made from the session's, without giving it away."""
    return hashlib.sha256(b"csrf " + token.encode()).hexdigest()[:40]


def open_session(database: Database, user: int, *, agent: str, address: str, now: int, policy: Policy = USUAL) -> str:
    """
    Signs a device in; the token goes into its cookie and nowhere else. Expired ones are swept on the way, and the
    ones longest unused end where a person has too many.
    """
    token = secrets.token_urlsafe(32)
    data = msgspec.json.encode({"agent": agent[:300], "address": address[:60]}).decode()
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("web_session")} WHERE "expires_at" < ?', (now,))
        session.insert(
            "web_session",
            ("id", "user", "created_at", "seen_at", "expires_at", "data"),
            [(session_id(token), user, now, now, now + policy.life, data)],
        )
        session.run(
            f'DELETE FROM {session.table("web_session")} WHERE "user" = ? AND "id" NOT IN (SELECT "id" FROM'
            f' {session.table("web_session")} WHERE "user" = ? ORDER BY "seen_at" DESC, "created_at" DESC LIMIT ?)',
            (user, user, policy.sessions),
        )
        throttle.sweep(session, now)
    return token


_COLUMNS = '"id", "user", "created_at", "seen_at", "expires_at", "data"'


def read_session(database: Database, token: str, now: int, policy: Policy = USUAL) -> WebSession | None:
    """The session of this token if it still counts; notes every few minutes that it was seen."""
    with database.ephemeral(write=False) as session:
        row = session.one(f'SELECT {_COLUMNS} FROM {session.table("web_session")} WHERE "id" = ?', (session_id(token),))
    if row is None or not _counts(row, now, policy):
        return None
    if row[3] + TOUCH < now:
        with suppress(Full), database.ephemeral() as session:  # a full disk must not keep people from reading
            session.run(f'UPDATE {session.table("web_session")} SET "seen_at" = ? WHERE "id" = ?', (now, row[0]))
    return _read(row)


def _counts(row: tuple[Any, ...], now: int, policy: Policy) -> bool:
    """A limit that was made shorter ends sessions that are open already."""
    _, _, created, seen, expires, _ = row
    return bool(min(expires, created + policy.life, seen + policy.idle) > now)


def list_sessions(database: Database, user: int, now: int, policy: Policy = USUAL) -> list[WebSession]:
    """The devices of one person, latest first."""
    with database.ephemeral(write=False) as session:
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM {session.table('web_session')}"
            ' WHERE "user" = ? AND "expires_at" > ? ORDER BY "seen_at" DESC',
            (user, now),
        )
    return [_read(row) for row in rows if _counts(row, now, policy)]


def close_session(database: Database, user: int, ident: str) -> bool:
    """Signs one device of this person out; False if there is none."""
    with database.ephemeral() as session:
        done = session.run(f'DELETE FROM {session.table("web_session")} WHERE "id" = ? AND "user" = ?', (ident, user))
    return done > 0


def close_sessions(database: Database, user: int, *, keep: str = "") -> int:
    """Signs all devices of a person out, except one: after a password change, or when somebody leaves."""
    with database.ephemeral() as session:
        return session.run(f'DELETE FROM {session.table("web_session")} WHERE "user" = ? AND "id" <> ?', (user, keep))


def _read(row: tuple[object, ...]) -> WebSession:
    ident, user, created, seen, expires, data = row
    known = msgspec.json.decode(str(data or "{}"), type=dict[str, str])
    return WebSession(
        str(ident),
        int(str(user)),
        int(str(created)),
        int(str(seen)),
        int(str(expires)),
        known.get("agent", ""),
        known.get("address", ""),
    )
