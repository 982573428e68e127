"""Bearer tokens of programs: shown once, kept as a hash, limited by scopes, ended by time or by hand."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from guanxi.base.errors import BadInput, Forbidden, NotFound, Unauthenticated, msg
from guanxi.base.ids import IdSource
from guanxi.kernel.access.actors import Actor, load_actor
from guanxi.kernel.access.rights import ABILITIES, EVERY, VERBS, Rights, Scope
from guanxi.kernel.access.teams import epoch
from guanxi.kernel.access.throttle import network_of
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.session import Full, Session

SCOPES = ("read", "write", "import")
AGENT = "agent"  # kept among the scopes: an AI agent holds this token
MARK = "gx"
TOUCH = 300_000_000  # µs; use is noted at most every five minutes
WINDOW, FAILURES = 15 * 60 * 1_000_000, 60  # wrong tokens per address that are answered as such
_COLUMNS = '"id", "user", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at"'
_noted: dict[int, int] = {}  # token -> when this process last wrote down its use


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner may see it; `prefix` is its readable beginning."""

    id: int
    user: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used: int | None = None


def hash_of(secret: str) -> str:
    """What is stored instead of the token: it is long and random, so one plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def create_token(
    session: Session,
    ids: IdSource,
    user: int,
    *,
    name: str = "",
    scopes: Iterable[str] = ("read", "write"),
    expires_at: int | None = None,
    now: int,
    agent: bool = False,
) -> tuple[str, Token]:
    """
    The token itself, which is never shown again, and what is kept of it. Call inside a write transaction. With
    `agent` it is for an AI agent: needs the ability `ai`, never reaches settings, and the log says so.
    """
    wanted = tuple(dict.fromkeys(scopes))
    unknown = next((scope for scope in wanted if scope not in SCOPES), None)
    if unknown is not None or not wanted:
        known = ", ".join(SCOPES)
        raise BadInput(msg("«{name}» is no scope of a token; there are: {known}.", name=unknown or "", known=known))
    prefix = f"{MARK}_{secrets.token_hex(4)}"
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    wanted = (*wanted, AGENT) if agent else wanted
    made = Token(ids.next(), user, name[:200], prefix, wanted, now, expires_at, None)
    columns = ("id", "user", "hash", "prefix", "scopes", "expires_at", "name", "created_at")
    row = (made.id, user, hash_of(secret), prefix, " ".join(wanted), expires_at, made.name, now)
    session.insert("token", columns, [row])
    return secret, made


def actor_of(session: Session, catalog: Catalog, secret: str, now: int) -> tuple[Actor, int]:
    """Who acts with this token, limited to its scopes, and the token's id. One answer for every unusable token."""
    sql = f"SELECT {BEARER_COLUMNS} FROM {session.table('token')} t WHERE {_USABLE}"
    return actor_in(session.one(sql, (hash_of(secret), now)) or (), catalog)


BEARER_COLUMNS = 't."id", t."user", t."scopes"'
_USABLE = 't."hash" = ? AND t."revoked_at" IS NULL AND (t."expires_at" IS NULL OR t."expires_at" > ?)'


def token_join(database: Database) -> str:
    """The token as part of another question; parameters are `hash_of(secret)` and the time."""
    return f"LEFT JOIN {database.table('token')} t ON {_USABLE}"


def actor_in(row: Sequence[Any], catalog: Catalog) -> tuple[Actor, int]:
    """As `actor_of`, from the found `BEARER_COLUMNS`: empty or NULL if there is none."""
    if not row or row[0] is None:
        raise wrong_token()
    key = ("token actor", row[1], row[2], epoch(catalog))
    actor: Actor | None = catalog.memo.get(key)
    if actor is None:
        try:
            person = load_actor(catalog, row[1])
        except NotFound:
            raise wrong_token() from None
        scopes = frozenset(row[2].split())
        rights = agent_rights(catalog, person.rights) if AGENT in scopes else person.rights
        actor = catalog.memo[key] = replace(person, scopes=scopes, rights=rights)
    if not actor.rights.can("api"):
        raise Forbidden(msg("Your roles do not let you use the API. Ask an administrator."))
    if AGENT in actor.scopes and not actor.rights.can("ai"):
        raise Forbidden(msg("Your roles do not let an AI agent work in your name. Ask an administrator."))
    return actor, int(row[0])


def agent_rights(catalog: Catalog, person: Rights) -> Rights:
    """What an AI agent may do in a person's name: their records, but no settings, no masked values, no others' undo."""
    everything: dict[str, Scope] = dict.fromkeys(VERBS, "all")
    nothing: dict[str, Scope] = dict.fromkeys(VERBS, "none")
    objects: dict[str, Mapping[str, Scope]] = {EVERY: everything} if person.admin else dict(person.objects)
    settings = {name: {**nothing, "read": person.scope(name, "read")}  # never more than the person sees themselves
                for name, target in catalog.objects.items() if target.kind == "config"}  # fmt: skip
    abilities = frozenset(ABILITIES) if person.admin else person.abilities
    kept = abilities - {"reveal", "undo_others", "share_views"}
    return Rights(False, {**objects, **settings}, person.fields, kept)


def wrong_token() -> Unauthenticated:
    """Unknown, ended and revoked tokens are not told apart."""
    return Unauthenticated(msg("This token is not valid or has ended. Make a new one in your settings."))


def check_scope(actor: Actor, scope: str) -> None:
    """Refuses what the token was not made for; `write` includes `read`, sessions of people have no scopes."""
    if not actor.scopes or scope in actor.scopes or (scope == "read" and "write" in actor.scopes):
        return
    raise Forbidden(msg("This token lacks the scope “{scope}”. Make one that has it.", scope=scope))


def list_tokens(session: Session, user: int, used: dict[int, int] | None = None) -> list[Token]:
    """A person's tokens, newest first; `used` comes from `last_uses`."""
    sql = f'SELECT {_COLUMNS} FROM {session.table("token")} WHERE "user" = ? ORDER BY "id" DESC'
    return [_read(row, used or {}) for row in session.rows(sql, (user,))]


def revoke_token(session: Session, ident: int, now: int, *, user: int | None = None) -> None:
    """Ends a token at once; with `user` only if it is theirs. NotFound if there is none."""
    own, params = (' AND "user" = ?', [user]) if user is not None else ("", [])
    sql = f'UPDATE {session.table("token")} SET "revoked_at" = ? WHERE "id" = ? AND "revoked_at" IS NULL{own}'
    if not session.run(sql, [now, ident, *params]):
        raise NotFound


def note_use(database: Database, token: int, now: int) -> bool:
    """Writes down now and then that a token was used, beside the records; whether it was the first time."""
    if _noted.get(token, 0) + TOUCH > now:
        return False
    if len(_noted) > 10_000:
        _noted.clear()
    _noted[token] = now
    first = False
    with suppress(Full), database.ephemeral() as session:  # a full disk must not keep programs from reading
        first = session.one(f'SELECT 1 FROM {session.table("last_seen")} WHERE "user" = ?', (token,)) is None
        session.run(
            f'INSERT INTO {session.table("last_seen")} ("user", "at") VALUES (?, ?)'
            ' ON CONFLICT ("user") DO UPDATE SET "at" = excluded."at"',
            (token, now),
        )
    return first


def last_uses(database: Database, tokens: Iterable[int]) -> dict[int, int]:
    """When tokens were last used, to five minutes."""
    wanted = tuple(tokens)
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    with database.ephemeral(write=False) as session:
        rows = session.rows(f'SELECT "user", "at" FROM {session.table("last_seen")} WHERE "user" IN ({marks})', wanted)
    return {row[0]: row[1] for row in rows}


def count_failure(database: Database, address: str, now: int) -> tuple[int, int]:
    """One more wrong token from this address: (how many are left, seconds until the count begins anew)."""
    key = f"token:{network_of(address)}"
    with database.ephemeral() as session:
        table = session.table("throttle")
        session.run(
            f'INSERT INTO {table} AS k ("key", "count", "until") VALUES (?, 1, ?) ON CONFLICT ("key") DO UPDATE SET'
            ' "count" = CASE WHEN k."until" <= ? THEN 1 ELSE k."count" + 1 END,'
            ' "until" = CASE WHEN k."until" <= ? THEN excluded."until" ELSE k."until" END',
            (key, now + WINDOW, now, now),
        )
        count, until = session.rows(f'SELECT "count", "until" FROM {table} WHERE "key" = ?', (key,))[0]
    return FAILURES - count, max(1, (until - now) // 1_000_000)


def _read(row: tuple[Any, ...], used: dict[int, int]) -> Token:
    ident, user, name, prefix, scopes, created, expires, revoked = row
    listed = tuple((scopes or "").split())
    return Token(ident, user, name or "", prefix, listed, created, expires, revoked, used.get(ident))
