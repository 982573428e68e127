"""The append-only log: operations, change-sets, changes with what was and what became (KD 2, 3)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.kernel.storage.session import Session

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode

COLUMNS = ("set_id", "n", "object", "record", "version", "op", "old", "new", "salt", "leaf")
START = "0" * 64  # the chain before the first set


@dataclass(frozen=True, slots=True)
class Entry:
    """One record's change; `old` and `new` are keyed by field id (as text) and hold touched fields only."""

    object: int
    record: int
    version: int
    op: str
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """One step in a record's history, with who and when."""

    entry: Entry
    set_id: int
    operation: int
    at: int
    actor: int
    way: str  # how it came in: form, import, api …
    kind: str
    cause: str


def open_operation(
    session: Session,
    *,
    id: int,
    kind: str,
    actor: int,
    entry: str,
    cause: str = "",
    undo_of: int | None = None,
    at: int,
    note: str | None = None,
) -> None:
    columns = ("id", "kind", "state", "actor", "entry", "cause", "undo_of", "at", "note")
    session.insert("operation", columns, [(id, kind, "open", actor, entry, cause, undo_of, at, note)])


def close_operation(session: Session, id: int, state: str = "done", note: str | None = None) -> None:
    """`state`: done, failed, undone. Only operations of many transactions need closing."""
    session.run(
        f"UPDATE {session.table('operation')} SET state = ?, note = COALESCE(?, note) WHERE id = ?", (state, note, id)
    )


def append(
    session: Session,
    *,
    set_id: int,
    operation: int,
    at: int,
    entries: Sequence[Entry],
    parent: int | None = None,
    depth: int = 0,
) -> None:
    """
    Store one change-set. The rows' locks must be held already: on PostgreSQL the number taken here orders the
    set behind every set whose effect this transaction has seen.
    """
    salts = os.urandom(16 * len(entries)).hex()
    digest = hashlib.sha256(set_header(set_id, operation, at))
    rows = []
    for n, entry in enumerate(entries):
        old = None if entry.old is None else _encode(entry.old).decode()
        new = None if entry.new is None else _encode(entry.new).decode()
        salt = salts[32 * n : 32 * n + 32]
        leaf = leaf_of(salt, entry.object, entry.record, entry.version, entry.op, old, new)
        digest.update(leaf.encode())
        rows.append((set_id, n, entry.object, entry.record, entry.version, entry.op, old, new, salt, leaf))
    header = ("id", "operation", "parent", "depth", "at")
    session.insert("change_set", header, [(set_id, operation, parent, depth, at)])
    session.insert("change", COLUMNS, rows)
    if session.dialect == "sqlite":
        pos, chain = last_seal(session)
        link = chain_of(chain, digest.hexdigest())
        columns = ("pos", "set_id", "size", "digest", "chain")
        session.insert("seal", columns, [(pos + 1, set_id, len(rows), digest.hexdigest(), link)])
    else:
        session.insert("unsealed", ("set_id", "digest", "size"), [(set_id, digest.hexdigest(), len(rows))])


def set_header(set_id: int, operation: int, at: int) -> bytes:
    return f"{set_id}:{operation}:{at}:".encode()


def leaf_of(salt: str, object: int, record: int, version: int, op: str, old: str | None, new: str | None) -> str:
    """Covers salt and payload, so that an erased row still proves that nothing else was touched."""
    text = f"{salt}\n{object}\n{record}\n{version}\n{op}\n{old or ''}\n{new or ''}"
    return hashlib.sha256(text.encode()).hexdigest()


def chain_of(previous: str, digest: str) -> str:
    return hashlib.sha256((previous + digest).encode()).hexdigest()


def last_seal(session: Session) -> tuple[int, str]:
    """Position and chain of the newest sealed set."""
    found = session.one(f"SELECT pos, chain FROM {session.table('seal')} ORDER BY pos DESC LIMIT 1")
    return (0, START) if found is None else (found[0], found[1])


def decode(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    value: dict[str, Any] = _decode(text)
    return value


def history(session: Session, object_id: int, record: int, *, before: int | None = None, limit: int = 50) -> list[Past]:
    """What happened to one record, newest first; `before` is the last version of the page before."""
    older = "" if before is None else " AND c.version < ?"
    found = session.rows(
        f"SELECT c.object, c.record, c.version, c.op, c.old, c.new, s.id, s.operation, s.at, o.actor, o.entry, o.kind,"
        f" o.cause FROM {session.table('change')} c JOIN {session.table('change_set')} s ON s.id = c.set_id"
        f" LEFT JOIN {session.table('operation')} o ON o.id = s.operation"
        f" WHERE c.record = ? AND c.object = ?{older} ORDER BY c.version DESC, c.set_id DESC LIMIT ?",
        (record, object_id, *(() if before is None else (before,)), limit),
    )
    return [_past(row) for row in found]


def _past(row: tuple[Any, ...]) -> Past:
    entry = Entry(row[0], row[1], row[2], row[3], decode(row[4]), decode(row[5]))
    return Past(entry, row[6], row[7], row[8], row[9] or 0, row[10] or "", row[11] or "", row[12] or "")


def sets_of(session: Session, operation: int) -> list[int]:
    """The change-sets of an operation, oldest first."""
    sql = f"SELECT id FROM {session.table('change_set')} WHERE operation = ? ORDER BY id"
    return [set_id for (set_id,) in session.rows(sql, (operation,))]


def entries_of(session: Session, set_id: int) -> list[Entry]:
    """The changes of one set, in order."""
    found = session.rows(
        f"SELECT object, record, version, op, old, new FROM {session.table('change')} WHERE set_id = ? ORDER BY n",
        (set_id,),
    )
    return [Entry(o, r, v, op, decode(old), decode(new)) for o, r, v, op, old, new in found]
