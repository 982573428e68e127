"""Between password and second factor: a short-lived token that opens nothing but the page that asks for the code."""

from __future__ import annotations

import hashlib
import secrets

from guanxi.kernel.storage.database import Database

LIFE = 10 * 60 * 1_000_000
TRIES = 5  # wrong codes; then the password is asked for again


def open_step(database: Database, user: int, now: int) -> str:
    """The password was right."""
    token = secrets.token_urlsafe(32)
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("sign_in_step")} WHERE "expires_at" < ?', (now,))
        columns = ("id", "user", "tries", "expires_at")
        session.insert("sign_in_step", columns, [(_hash(token), user, 0, now + LIFE)])
    return token


def user_of_step(database: Database, token: str, now: int) -> int | None:
    """Whose sign-in this is, while it lasts."""
    with database.ephemeral(write=False) as session:
        sql = f'SELECT "user" FROM {session.table("sign_in_step")} WHERE "id" = ? AND "expires_at" > ? AND "tries" < ?'
        found = session.value(sql, (_hash(token), now, TRIES))
    return int(found) if found is not None else None


def count_try(database: Database, token: str, now: int) -> int | None:
    """One more code under this token, counted before it is looked at; None if there were enough."""
    with database.ephemeral() as session:
        sql = (
            f'UPDATE {session.table("sign_in_step")} SET "tries" = "tries" + 1'
            ' WHERE "id" = ? AND "expires_at" > ? AND "tries" < ? RETURNING "user"'
        )
        rows = session.rows(sql, (_hash(token), now, TRIES))
    return int(rows[0][0]) if rows else None


def end_step(database: Database, token: str) -> None:
    """The sign-in is complete."""
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("sign_in_step")} WHERE "id" = ?', (_hash(token),))


def _hash(token: str) -> str:
    return hashlib.sha256(b"step " + token.encode("utf-8", "replace")).hexdigest()
