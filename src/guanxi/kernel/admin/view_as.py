"""An administrator looks at the product as another person: by device, for an hour, reading only, and noted as such."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from guanxi.base.errors import Forbidden, NotFound, msg
from guanxi.kernel.access.actors import Actor, load_actor
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.access_log import Accesses, Act, note
from guanxi.kernel.context import Space, Who

HOUR = 3_600_000_000
ENTRY = "view_as"


class _Under(Accesses):
    """Acts noted under the name of the one who really looks."""

    def __init__(self, real: Accesses, viewer: int) -> None:
        self.real, self.viewer = real, viewer

    def _mine(self, act: Act) -> Act:
        return msgspec.structs.replace(act, actor=self.viewer, entry=ENTRY)

    def add(self, act: Act) -> None:
        self.real.add(self._mine(act))

    def write(self, acts: Sequence[Act]) -> None:
        self.real.write([self._mine(act) for act in acts])

    def flush(self) -> int:
        return self.real.flush()


class _Seen(Space):
    """A workspace in which nothing can be written, whoever asks."""

    def write(self, actor: Who, **more: Any) -> NoReturn:  # noqa: ARG002 - the same call as in `Space`
        raise Forbidden(msg("You are looking as somebody else: nothing can be changed. Stop first."))


def seen_by(space: Space, viewer: int) -> Space:
    """The workspace for somebody who looks as another person."""
    seen = copy.copy(space)
    seen.__class__ = _Seen
    seen.accesses = _Under(space.accesses, viewer)
    return seen


def start_view(space: Space, catalog: Catalog, session_id: str, viewer: int, user: int, *, address: str = "") -> Actor:
    """Begins; NotFound unless the viewer is an administrator, the other one may sign in, and they are two people."""
    if not load_actor(catalog, viewer).rights.admin or user == viewer:
        raise NotFound
    seen = load_actor(catalog, user)
    until = space.clock() + HOUR
    with space.db.ephemeral() as session:
        table = session.table("view_as")
        session.run(f'DELETE FROM {table} WHERE "session" = ? OR "until" < ?', (session_id, space.clock()))
        session.insert("view_as", ("session", "user", "viewer", "until"), [(session_id, user, viewer, until)])
    note(space, "view_as", viewer, object="user", record=user, entry="form", address=address, at_once=True)
    return seen


def stop_view(space: Space, session_id: str) -> None:
    """Ends it on this device."""
    with space.db.ephemeral() as session:
        session.run(f'DELETE FROM {session.table("view_as")} WHERE "session" = ?', (session_id,))


def viewed(space: Space, catalog: Catalog, session_id: str, viewer: int) -> Actor | None:
    """The person this device looks as now, if it still may."""
    with space.db.ephemeral(write=False) as session:
        sql = f'SELECT "user" FROM {session.table("view_as")} WHERE "session" = ? AND "viewer" = ? AND "until" > ?'
        user = session.value(sql, (session_id, viewer, space.clock()))
    if user is None:
        return None
    try:
        return load_actor(catalog, user) if load_actor(catalog, viewer).rights.admin else None
    except NotFound:
        return None


@dataclass(frozen=True, slots=True)
class Look:
    """That somebody looked as a person."""

    at: int
    by: int


def looks_at(space: Space, user: int, limit: int = 10) -> list[Look]:
    """Who looked as this person, newest first."""
    with space.db.read() as session:
        sql = (
            f'SELECT "at", "actor" FROM {session.table("access_log")} WHERE "record" = ? AND "object" = ?'
            f' AND "kind" = ? ORDER BY "at" DESC LIMIT {limit}'
        )
        return [Look(at, by) for at, by in session.rows(sql, (user, "user", "view_as"))]
