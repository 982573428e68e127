"""Both logs on one time line, for the audit page: what was done (operations) and who signed in, looked, took away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.base.ids import COUNTER_BITS, EPOCH_MS, MAX_ID, NODE_BITS
from guanxi.kernel.storage.session import Session

MOST = 200
MARGIN = 60_000  # ms: ids may run a little ahead of the clock
READING = ("read", "reveal", "print", "export")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; empty means all. `source`: access, change or both. Times in µs, `until` not included."""

    actor: int | None = None
    kind: str = ""
    object: str = ""
    object_id: int = 0  # of `object`, as the log of changes names it
    record: int | None = None
    entry: str = ""
    since: int | None = None
    until: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """One act. `ident` is the operation of a change, or `pos.n` of a row of the access log."""

    at: int
    source: str
    ident: str
    kind: str
    actor: int
    object: str
    record: int | None
    count: int
    entry: str
    address: str
    detail: dict[str, Any]


def timeline(session: Session, asked: Asked, *, limit: int = 50, cursor: str = "") -> tuple[list[Trace], str]:
    """Newest first, with the cursor of the page after it; acts of one moment keep their order."""
    until, skip = _unpack(cursor, asked.until)
    wanted = min(limit, MOST) + skip + 1
    found = [] if asked.source == "change" else _acts(session, asked, until, wanted)
    found += [] if asked.source == "access" else _operations(session, asked, until, wanted)
    found.sort(key=lambda trace: -trace.at)
    page = found[skip : skip + min(limit, MOST)]
    if len(found) <= skip + len(page) or not page:
        return page, ""
    last = page[-1].at
    same = sum(trace.at == last for trace in found[: skip + len(page)])
    return page, f"{last}-{same}"


def _unpack(cursor: str, until: int | None) -> tuple[int | None, int]:
    at, _, skip = cursor.partition("-")
    if not (at.isdecimal() and skip.isdecimal() and len(at) < 19 and len(skip) < 4):
        return until, 0
    return int(at) + 1, int(skip)


def _acts(session: Session, asked: Asked, until: int | None, limit: int) -> list[Trace]:
    conditions, params = ["1 = 1"], list[Any]()
    wanted = {"actor": asked.actor, "kind": asked.kind or None, "object": asked.object or None,
              "record": asked.record, "entry": asked.entry or None}  # fmt: skip
    for column, value in wanted.items():
        if value is not None:
            conditions.append(f"{column} = ?")
            params.append(value)
    _period(conditions, params, "at", asked.since, until)
    rows = session.rows(
        f"SELECT pos, n, at, kind, actor, object, record, count, entry, address, detail"
        f" FROM {session.table('access_log')} WHERE {' AND '.join(conditions)}"
        " ORDER BY at DESC, pos DESC, n DESC LIMIT ?",
        [*params, limit],
    )
    return [
        Trace(
            at, "access", f"{pos}.{n}", kind, actor, name, record, count, entry, address,
            _decode(detail) if detail else {},
        )
        for pos, n, at, kind, actor, name, record, count, entry, address, detail in rows
    ]  # fmt: skip


def _operations(session: Session, asked: Asked, until: int | None, limit: int) -> list[Trace]:
    table = session.table
    conditions, params = ["o.kind <> 'read'"], list[Any]()  # a notification marked as read is no change to tell of
    for column, value in (("actor", asked.actor), ("kind", asked.kind or None), ("entry", asked.entry or None)):
        if value is not None:
            conditions.append(f"o.{column} = ?")
            params.append(value)
    _period(conditions, params, "o.at", asked.since, until)
    if asked.since is not None:  # ids carry the time: the newest first ends where the period begins
        conditions.append("o.id >= ?")
        params.append(_first_id(asked.since // 1000 - MARGIN))
    if until is not None:
        conditions.append("o.id < ?")
        params.append(_first_id(until // 1000 + MARGIN))
    touched = f"FROM {table('change_set')} s JOIN {table('change')} c ON c.set_id = s.id"
    if asked.record is not None:
        conditions.append(f"o.id IN (SELECT s.operation {touched} WHERE c.record = ? AND c.object = ?)")
        params += [asked.record, asked.object_id]
    elif asked.object:
        conditions.append(f"EXISTS (SELECT 1 {touched} WHERE s.operation = o.id AND c.object = ?)")
        params.append(asked.object_id)
    newest = f"SELECT max(s.id) FROM {table('change_set')} s WHERE s.operation = o.id"
    one = f"(SELECT {{}} FROM {table('change')} c WHERE c.set_id = ({newest}))"
    rows = session.rows(
        f"SELECT o.id, o.at, o.kind, o.actor, o.entry, o.cause, {_size(session)},"
        f" {one.format('min(c.object)')}, {one.format('max(c.object)')}, {one.format('max(c.record)')}"
        f" FROM {table('operation')} o WHERE {' AND '.join(conditions)} ORDER BY o.at DESC, o.id DESC LIMIT ?",
        [*params, limit],
    )
    return [
        Trace(at, "change", str(ident), kind, actor or 0, "", record if size == 1 else None, int(size or 0),
              entry or "", "", {"cause": cause or "", "object": first if first == last else 0})
        for ident, at, kind, actor, entry, cause, size, first, last, record in rows
    ]  # fmt: skip


def _size(session: Session) -> str:
    """How many records an operation changed, from the seals of its sets: an import of a million has a few hundred."""
    return (
        f"(SELECT sum(l.size) FROM {session.table('change_set')} s JOIN {session.table('seal')} l ON l.set_id = s.id"
        " WHERE s.operation = o.id)"
    )


def _period(conditions: list[str], params: list[Any], column: str, since: int | None, until: int | None) -> None:
    for sign, value in ((">=", since), ("<", until)):
        if value is not None:
            conditions.append(f"{column} {sign} ?")
            params.append(value)


def _first_id(ms: int) -> int:
    return min(max(ms - EPOCH_MS, 0) << (NODE_BITS + COUNTER_BITS), MAX_ID)


@dataclass(frozen=True, slots=True)
class Line:
    """How often a person did one kind of thing in a period, and with how many records in all."""

    actor: int
    source: str
    kind: str
    times: int
    records: int


def report(session: Session, since: int, until: int) -> list[Line]:
    """By person and kind over both logs; most first."""
    acts = session.rows(
        f"SELECT actor, 'access', kind, count(*), sum(count) FROM {session.table('access_log')}"
        " WHERE at >= ? AND at < ? GROUP BY actor, kind",
        (since, until),
    )
    done = session.rows(
        f"SELECT o.actor, 'change', o.kind, count(*), sum({_size(session)})"
        f" FROM {session.table('operation')} o WHERE o.id >= ? AND o.id < ? AND o.at >= ? AND o.at < ?"
        " GROUP BY o.actor, o.kind",
        (_first_id(since // 1000 - MARGIN), _first_id(until // 1000 + MARGIN), since, until),
    )
    lines = [Line(r[0] or 0, r[1], r[2], r[3], int(r[4] or 0)) for r in (*acts, *done)]
    return sorted(lines, key=lambda line: (line.actor, -line.times, line.kind))


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who read a record."""

    actor: int
    times: int
    last: int


def readers(session: Session, object_name: str, record: int) -> Sequence[Reader]:
    """Who read the sensitive values of one record, last one first."""
    marks = ", ".join("?" * len(READING))
    rows = session.rows(
        f"SELECT actor, count(*), max(at) FROM {session.table('access_log')}"
        f" WHERE record = ? AND object = ? AND kind IN ({marks}) GROUP BY actor ORDER BY 3 DESC",
        (record, object_name, *READING),
    )
    return [Reader(*row) for row in rows]
