"""The house: which workspaces exist, who answers on which host, node numbers for ids, who is due (KD 8, 20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData

from guanxi.base.errors import Conflict, NotFound, msg
from guanxi.base.ids import NODES, IdSource
from guanxi.kernel.storage.database import Database, open_database
from guanxi.kernel.storage.session import Busy, Duplicate
from guanxi.kernel.storage.tables import create_tables, index, table

NODE_LEASE = 600_000_000  # µs; renewed by a job of each process well before

HOUSE = MetaData()
table("workspace", "name text key, url text must, schema text, folder text must, created_at int must, closed_at int",
      metadata=HOUSE)  # fmt: skip
table("host", "host text key, workspace text must", metadata=HOUSE)
table("token_prefix", "prefix text key, workspace text must", metadata=HOUSE)
table("node", "id int key, holder text must, lease_until int must, last_ms int must", metadata=HOUSE)
table("due", "workspace text key, due_at int must", index("ix_due_at", "due_at", "workspace"), metadata=HOUSE)
table("erasure", "id int key auto, workspace text must, what text must, at int must", metadata=HOUSE)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where one workspace lives. `folder` is below the home folder unless absolute."""

    name: str
    url: str
    schema: str | None
    folder: str
    created_at: int


@dataclass(slots=True)
class Node:
    """A leased node number and its ids; renew it before the lease ends."""

    ids: IdSource
    holder: str
    lease_until: int


class House:
    """All questions about workspaces, each one short transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write(catalog_change=True) as session:
            create_tables(session, HOUSE)

    def close(self) -> None:
        self.database.close()

    def add(self, name: str, url: str, folder: str, schema: str | None = None) -> Workspace:
        made = Workspace(name, url, schema, folder, self.database.clock())
        try:
            with self.database.write() as session:
                row = (made.name, made.url, made.schema, made.folder, made.created_at)
                session.insert("workspace", ("name", "url", "schema", "folder", "created_at"), [row])
        except Duplicate as error:
            raise Conflict(msg("There is a workspace {name} already; choose another name.", name=name)) from error
        return made

    def workspaces(self) -> list[Workspace]:
        with self.database.read() as session:
            found = session.rows(
                f"SELECT name, url, schema, folder, created_at FROM {session.table('workspace')}"
                " WHERE closed_at IS NULL ORDER BY name"
            )
        return [Workspace(*row) for row in found]

    def workspace(self, name: str) -> Workspace:
        with self.database.read() as session:
            found = session.one(
                f"SELECT name, url, schema, folder, created_at FROM {session.table('workspace')}"
                " WHERE name = ? AND closed_at IS NULL",
                (name,),
            )
        if found is None:
            raise NotFound(msg("There is no workspace {name}.", name=name))
        return Workspace(*found)

    def assign_host(self, host: str, workspace: str) -> None:
        self._put("host", "host", host.lower(), workspace)

    def assign_prefix(self, prefix: str, workspace: str) -> None:
        self._put("token_prefix", "prefix", prefix, workspace)

    def _put(self, name: str, key: str, value: str, workspace: str) -> None:
        with self.database.write() as session:
            sql = session.insert_sql(name, (key, "workspace"))
            session.run(f"{sql} ON CONFLICT ({key}) DO UPDATE SET workspace = excluded.workspace", (value, workspace))

    def by_host(self, host: str) -> str | None:
        return self._find("host", "host", host.lower())

    def by_prefix(self, prefix: str) -> str | None:
        return self._find("token_prefix", "prefix", prefix)

    def _find(self, name: str, key: str, value: str) -> str | None:
        with self.database.read() as session:
            found: str | None = session.value(f"SELECT workspace FROM {session.table(name)} WHERE {key} = ?", (value,))
        return found

    def lease_node(self, holder: str) -> Node:
        """A node number that nobody holds, and ids that go on after the last one its former holder may have issued."""
        clock = self.database.clock
        with self.database.write() as session:
            nodes, now = session.table("node"), clock()
            if session.dialect == "postgresql":
                session.run(f"LOCK TABLE {nodes} IN EXCLUSIVE MODE")
            known = {
                n: (until, last) for n, until, last in session.rows(f"SELECT id, lease_until, last_ms FROM {nodes}")
            }
            free = [n for n in range(NODES) if n not in known] or [n for n, (until, _) in known.items() if until < now]
            if not free:
                raise Busy("All node numbers are in use; stop a process first.")
            node = free[0]
            until = now + NODE_LEASE
            # An id may run ahead of the clock, but not beyond what the lease before this one promised.
            until_before, last_before = known.get(node, (0, 0))
            last_ms = max(last_before, until_before // 1000)
            session.run(
                f"{session.insert_sql('node', ('id', 'holder', 'lease_until', 'last_ms'))} ON CONFLICT (id) DO UPDATE"
                " SET holder = excluded.holder, lease_until = excluded.lease_until, last_ms = excluded.last_ms",
                (node, holder, until, last_ms),
            )
        return Node(IdSource(node, clock, last_ms), holder, until)

    def renew_node(self, node: Node) -> None:
        """Prolong, and keep how far the ids have come; `Conflict` if another process has the number now."""
        until = self.database.clock() + NODE_LEASE
        with self.database.write() as session:
            done = session.run(
                f"UPDATE {session.table('node')} SET lease_until = ?, last_ms = ? WHERE id = ? AND holder = ?",
                (until, node.ids.last_ms, node.ids.node, node.holder),
            )
        if not done:
            raise Conflict("This process has lost its node number; it must take a new one before it issues ids.")
        node.lease_until = until

    def release_node(self, node: Node) -> None:
        """On a clean end: the number is free at once, and its ids go on after `last_ms`."""
        with self.database.write() as session:
            session.run(
                f"UPDATE {session.table('node')} SET lease_until = 0, last_ms = ? WHERE id = ? AND holder = ?",
                (node.ids.last_ms, node.ids.node, node.holder),
            )

    def set_due(self, workspace: str, due_at: int) -> None:
        """Somebody must look at this workspace at `due_at`; an earlier wish stays."""
        with self.database.write() as session:
            session.run(
                f"{session.insert_sql('due', ('workspace', 'due_at'))} ON CONFLICT (workspace) DO UPDATE"
                f" SET due_at = excluded.due_at WHERE excluded.due_at < {session.table('due')}.due_at",
                (workspace, due_at),
            )

    def take_due(self, now: int, limit: int = 100) -> list[str]:
        """Workspaces to look at now. The taker puts back the time of each one's next job with `set_due`."""
        with self.database.read() as session:
            sql = f"SELECT workspace FROM {session.table('due')} WHERE due_at <= ? ORDER BY due_at LIMIT ?"
            if session.one(sql, (now, limit)) is None:
                return []
        with self.database.write() as session:
            lock = " FOR UPDATE SKIP LOCKED" if session.dialect == "postgresql" else ""
            names: list[str] = [name for (name,) in session.rows(sql + lock, (now, limit))]
            session.many(f"DELETE FROM {session.table('due')} WHERE workspace = ?", [(name,) for name in names])
        return names

    def note_erasure(self, workspace: str, what: str) -> None:
        """Kept outside the workspace, so that a restored backup can be erased again."""
        with self.database.write() as session:
            session.insert("erasure", ("workspace", "what", "at"), [(workspace, what, self.database.clock())])

    def erasures(self, workspace: str) -> Sequence[tuple[str, int]]:
        with self.database.read() as session:
            sql = f"SELECT what, at FROM {session.table('erasure')} WHERE workspace = ? ORDER BY id"
            return [(what, at) for what, at in session.rows(sql, (workspace,))]


def open_house(home: Path, url: str | None = None) -> House:
    """`house.db` in the home folder, or a PostgreSQL database with the schema `house`."""
    return House(open_database(url or f"sqlite:///{home / 'house.db'}", home, "house"))
