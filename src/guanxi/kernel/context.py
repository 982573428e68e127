"""One unit of work: an actor, a transaction, a pinned catalogue, a clock. The only place that commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from guanxi.base.dates import day_of
from guanxi.base.ids import IdSource
from guanxi.base.watching import count_transaction, span
from guanxi.kernel.access.actors import Actor, load_actor, system
from guanxi.kernel.catalog import snapshot
from guanxi.kernel.catalog.model import App
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.access_log import Accesses
from guanxi.kernel.changes.log import Entry, append, open_operation
from guanxi.kernel.fields.base import ParseEnv
from guanxi.kernel.rollups.plan import feeding
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.session import Question, Session

MOST_NOTED = 10_000


def now_micros() -> int:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Bearer:
    """
    A caller known by what they hold, looked up in the trip that begins the transaction: `columns` of a LEFT JOIN
    `join` with `params`, written with the database's table names; `actor` reads the found values (or NULLs).
    """

    columns: str
    join: Callable[[Database], str]
    params: tuple[Any, ...]
    actor: Callable[[tuple[Any, ...], Catalog], Actor]


Who = Actor | int | Bearer
"""Who acts: an actor, a user id, or whoever holds something that only the database knows (a token, say)."""


class Space:
    """One open workspace: its database, folder, ids, apps and the newest catalogue seen."""

    def __init__(
        self,
        name: str,
        folder: Path,
        db: Database,
        ids: IdSource,
        apps: tuple[App, ...],
        clock: Callable[[], int] = now_micros,
    ) -> None:
        self.name, self.folder, self.db, self.ids, self.apps, self.clock = name, folder, db, ids, apps, clock
        self._catalog: Catalog | None = None
        self.accesses = Accesses(db)  # what the access log will hold, see `changes.access_log.note`
        self.anchors = folder.parent / "anchors" / f"{name}.log"  # where the heads of the logs are written every day
        self.register_erasure: Callable[[str], None] = lambda _line: None  # the house keeps it outside of here
        self.after_commit: list[Callable[[], None]] = []  # wakes followers and jobs of this process
        self.own_writes: dict[int, tuple[int, frozenset[str]]] = {}
        """By person: their last change-set that moved roll-ups, and the objects these stand on."""

    def catalog(self, session: Session) -> Catalog:
        """The snapshot that matches the database as this transaction sees it."""
        return self._pinned(session, snapshot.version(session))

    def _pinned(self, session: Session, version: int) -> Catalog:
        known = self._catalog
        if known is None or known.version != version:
            known = snapshot.load(session, self.apps, known)
            self._catalog = known
        return known

    def opened(self, session: Session) -> Catalog:
        """The snapshot for a transaction that was begun with `first_question`."""
        if session.answer is None:
            return self.catalog(session)
        return self._pinned(session, snapshot.version_in(session.answer))

    def first_question(self, who: Who) -> Question:
        """What every unit of work asks first: the catalogue's version, and who calls."""
        table = self.db.table("meta_version")
        if isinstance(who, Bearer):
            return Question(f"SELECT m.version, {who.columns} FROM {table} m {who.join(self.db)}", who.params)
        return Question(f"SELECT version FROM {table}")

    def forget_catalog(self) -> None:
        """After a restore: whatever was known may be wrong."""
        self._catalog = None

    @contextmanager
    def read(self, actor: Who, *, timeout: float = 3.0) -> Iterator[Work]:
        """A read-only unit of work; `actor` may be a user id."""
        with span("read"), self.db.read(timeout, ask=self.first_question(actor)) as session:
            try:
                yield Work(self, session, actor, entry="read")
            finally:
                count_transaction(session.statements)

    @contextmanager
    def write(
        self,
        actor: Who,
        *,
        entry: str = "form",
        kind: str = "edit",
        cause: str = "",
        bulk: bool = False,
        operation: int | None = None,
        undo_of: int | None = None,
        catalog_change: bool = False,
        parent: int | None = None,
        depth: int = 0,
    ) -> Iterator[Work]:
        """
        A unit of work that commits when the block ends well; `operation` continues one begun earlier, `parent` is
        the change-set it follows from and `depth` how many such steps there were.
        """
        ask = self.first_question(actor)
        with (
            span("transaction", entry=entry, kind=kind),
            self.db.write(bulk=bulk, catalog_change=catalog_change, ask=ask) as session,
        ):
            work = Work(self, session, actor, entry=entry, kind=kind, cause=cause, undo_of=undo_of)
            work.parent, work.depth = parent, depth
            if operation is not None:
                work.operation, work.operation_is_open = operation, True
            yield work
            work.finish()
            count_transaction(session.statements)
        for wake in self.after_commit:
            wake()


class Work:
    """What every function of the kernel and the apps is given."""

    def __init__(
        self,
        space: Space,
        session: Session,
        actor: Who,
        *,
        entry: str,
        kind: str = "read",
        cause: str = "",
        undo_of: int | None = None,
    ) -> None:
        self.space, self.session = space, session
        self.catalog = space.opened(session)
        if isinstance(actor, int):
            self.actor = load_actor(self.catalog, actor, space.clock())
        elif isinstance(actor, Bearer):
            self.actor = actor.actor(session.answer[0][1:] if session.answer else (), self.catalog)
        else:
            self.actor = actor
        self.person = self.actor.user or None  # stays, also while the system acts for this person
        self.entry, self.kind, self.cause, self.undo_of = entry, kind, cause, undo_of
        self.now = space.clock()
        self.zone = self.actor.zone or self.catalog.settings.get("zone", "Asia/Shanghai")
        self.today = day_of(self.now, self.zone)
        self.operation = 0
        self.operation_is_open = False
        self.settings_changed = False
        self.parent: int | None = None
        self.depth = 0
        self._entries: list[Entry] = []
        self._reasons: list[str] = []

    @property
    def language(self) -> str:
        """The workspace's own language, for rows it starts with."""
        return str(self.catalog.settings.get("language", "zh-CN"))

    @property
    def env(self) -> ParseEnv:
        """What parsing depends on, for this caller in this workspace."""
        key = ("env", self.actor.language, self.zone, self.today)
        known: ParseEnv | None = self.catalog.memo.get(key)
        if known is None:
            settings = self.catalog.settings
            rates = {row["code"]: row["rate"] for row in self.catalog.config["currency"].values()}
            known = self.catalog.memo[key] = ParseEnv(
                locale=self.actor.language,
                zone=self.zone,
                currency=settings.get("currency", "CNY"),
                country=settings.get("country", "CN"),
                rates=rates,
                today=self.today,
            )
        return known

    @contextmanager
    def as_system(self, reason: str) -> Iterator[Work]:
        """Past the caller's rights, for a stated reason that the operation keeps."""
        before = self.actor
        self._reasons.append(reason)
        self.actor = replace(system(reason), language=before.language, zone=before.zone)
        try:
            yield self
        finally:
            self.actor = before

    def log(self, entries: Sequence[Entry]) -> None:
        """Adds to this unit's change-set; stored in one go before the commit."""
        if entries and not self.operation:
            self.operation = self.space.ids.next()
        self._entries.extend(entries)

    def finish(self) -> None:
        """Stores the change-set and moves the catalogue's version if settings changed; the last thing before COMMIT."""
        if self._entries:
            if not self.operation_is_open:
                self.begin_operation()
            set_id = self.space.ids.next()
            self._note_own(set_id)
            append(
                self.session,
                set_id=set_id,
                operation=self.operation,
                at=self.now,
                entries=self._entries,
                parent=self.parent,
                depth=self.depth,
            )
            self._entries = []
        if self.settings_changed:
            snapshot.raise_version(self.session)

    def _note_own(self, set_id: int) -> None:
        """Pages with roll-ups of what this person just changed wait for it a moment (`records.rollup_fresh`)."""
        fed = feeding(self.catalog)
        if self.person is None or not fed:
            return
        names = frozenset(g.parent.name for o in {e.object for e in self._entries} for g in fed.get(o, ()))
        if names:
            if len(self.space.own_writes) >= MOST_NOTED:
                self.space.own_writes.clear()
            self.space.own_writes[self.person] = (set_id, names)

    def begin_operation(self) -> int:
        """Opens the operation now, even if nothing is changed yet (imports, bulk edits over many transactions)."""
        if not self.operation:
            self.operation = self.space.ids.next()
        reasons = "; ".join(self._reasons)
        open_operation(
            self.session,
            id=self.operation,
            kind=self.kind,
            actor=self.actor.user,
            entry=self.entry,
            cause="; ".join(c for c in (self.cause, reasons) if c),
            undo_of=self.undo_of,
            at=self.now,
        )
        self.operation_is_open = True
        return self.operation
