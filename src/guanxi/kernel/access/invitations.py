"""One-time links with which an invited person sets the first password; only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from guanxi.base.errors import NotFound, msg
from guanxi.kernel.storage.database import Database

KEY = "invitation"
LIFE = 7 * 86_400 * 1_000_000  # µs


def invite(database: Database, user: int, now: int) -> str:
    """The secret part of the link; an older link of the same person ends."""
    secret = secrets.token_urlsafe(32)
    with database.ephemeral() as session:
        table = session.table("draft")
        session.run(f'DELETE FROM {table} WHERE "user" = ? AND "key" = ?', (user, KEY))
        session.insert("draft", ("user", "key", "value", "at"), [(user, KEY, _hash(secret), now + LIFE)])
    return f"{user}.{secret}"


def invited(database: Database, token: str, now: int) -> int:
    """The user a link was made for; NotFound if it is wrong, used or too old."""
    user, _, secret = token.partition(".")
    if user.isascii() and user.isdigit() and len(user) < 20:
        with database.ephemeral(write=False) as session:
            row = session.one(
                f'SELECT "value", "at" FROM {session.table("draft")} WHERE "user" = ? AND "key" = ?', (int(user), KEY)
            )
        if row is not None and row[1] > now and hmac.compare_digest(str(row[0]), _hash(secret)):
            return int(user)
    raise NotFound(msg("This link is used up or too old. Ask your administrator for a new one."))


def end_invitation(database: Database, user: int) -> None:
    """The link works once."""
    with database.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("draft")} WHERE "user" = ? AND "key" = ?', (user, KEY))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
