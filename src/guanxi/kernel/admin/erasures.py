"""Erasures as they are kept: the deed with its certificate, the register outside, its replay, and the bytes on disk."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.forget import Found, Wish, erase, look, ready, remove_now
from guanxi.kernel.admin.forgetters import UPLOADS, look_through, refuse_at_work, uploads
from guanxi.kernel.changes.anchors import drop_anchor
from guanxi.kernel.storage.session import Duplicate

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Who, Work
    from guanxi.kernel.jobs.queue import JobRun

_encode = msgspec.json.Encoder(order="deterministic").encode
COLUMNS = ("id", "at", "actor", "object", "record", "asked_by", "report", "digest", "bytes_at")


class Registered(msgspec.Struct, frozen=True):
    """One erasure in the register of the house: enough to do it again, and nothing about the person."""

    id: int
    actor: int
    object: str
    record: int
    asked_by: str
    texts: bool
    also: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was done, when, by whom and at whose wish; `digest` is the SHA-256 of `report`."""

    id: int
    at: int
    actor: int
    object: str
    record: int
    asked_by: str
    report: dict[str, Any]
    digest: str
    bytes_at: int | None


def preview(space: Space, actor: Who, wish: Wish) -> Found:
    """What `forget` would do."""
    with space.read(actor, timeout=30.0) as work:
        return look(work, wish)


def forget(space: Space, actor: Who, wish: Wish, *, entry: str = "form") -> Certificate:
    """Erases, writes the register first and the certificate with the deed; the bytes on disk follow by a job."""
    ident = space.ids.next()
    with space.read(actor, timeout=30.0) as work:
        person, runs, user = ready(work, wish).person, uploads(work), work.actor.user
    looked = look_through(space, runs, person)
    refuse_at_work([run for run in runs if run.id in looked[1]])  # whatever may refuse comes before the register
    registered = Registered(ident, user, wish.object, wish.record, wish.asked_by, wish.texts, list(wish.also))
    space.register_erasure(_encode(registered).decode())
    return _forget(space, actor, wish, ident, entry, looked)


def _forget(
    space: Space, actor: Who, wish: Wish, ident: int, entry: str, looked: tuple[frozenset[int], frozenset[int]] | None
) -> Certificate:
    with space.write(actor, entry=entry, kind="forget", cause=f"erasure {ident}") as work:
        if looked is not None:
            work.session.notes[UPLOADS] = looked
        found, done = erase(work, wish)
        certificate = _certify(work, wish, ident, found, done)
    remove_now(work)
    return certificate


def _certify(work: Work, wish: Wish, ident: int, found: Found, done: dict[str, int]) -> Certificate:
    report = {
        "erasure": str(ident),
        "workspace": work.space.name,
        "at": iso_datetime(work.now),
        "by": str(work.actor.user),
        "asked_by": wish.asked_by,
        "records": [{"object": t.name, "id": str(i)} for t, i in found.person.records],
        "erased": done,
        "kept": found.kept,
    }
    text = _encode(report).decode()
    made = Certificate(ident, work.now, work.actor.user, wish.object, wish.record, wish.asked_by, report,
                       hashlib.sha256(text.encode()).hexdigest(), None)  # fmt: skip
    row = (ident, made.at, made.actor, made.object, made.record, made.asked_by, text, made.digest, None)
    work.session.insert("erasure", COLUMNS, [row])
    sql = f"{work.session.insert_sql('erasure_record', ('object', 'record', 'erasure'))} ON CONFLICT DO NOTHING"
    for target, record in found.person.all:
        work.session.run(sql, (target.id, record, ident))
    return made


def certificates(work: Work, limit: int = 100) -> list[Certificate]:
    """Newest first, for administrators."""
    if not work.actor.rights.admin:
        raise NotFound
    names = ", ".join(COLUMNS)
    sql = f"SELECT {names} FROM {work.session.table('erasure')} ORDER BY id DESC LIMIT ?"
    return [_read(row) for row in work.session.rows(sql, (limit,))]


def certificate(work: Work, ident: int) -> Certificate:
    """One of them."""
    if not work.actor.rights.admin:
        raise NotFound
    names = ", ".join(COLUMNS)
    row = work.session.one(f"SELECT {names} FROM {work.session.table('erasure')} WHERE id = ?", (ident,))
    if row is None:
        raise NotFound
    return _read(row)


def _read(row: tuple[Any, ...]) -> Certificate:
    ident, at, actor, name, record, asked_by, report, digest, bytes_at = row
    return Certificate(ident, at, actor, name, record, asked_by, msgspec.json.decode(report), digest, bytes_at)


def replay(space: Space, register: Iterable[str]) -> int:
    """
    What is registered and not done is done; gives how many. After a restore: what was erased since the backup was
    made. At every start: what a process was killed over.
    """
    lines = [msgspec.json.decode(line, type=Registered) for line in register]
    if not lines:
        return 0
    with space.read(system("erasures replayed")) as work:
        there = {ident for (ident,) in work.session.rows(f"SELECT id FROM {work.session.table('erasure')}")}
    done = 0
    for known in lines:
        if known.id in there:
            continue
        with space.read(system("erasures replayed")) as work:
            also = tuple((name, record) for name, record in known.also)
            wish = _those_there(work, Wish(known.object, known.record, known.asked_by, known.texts, also))
        if wish is not None:
            with suppress(Duplicate):  # another process was faster
                _forget(space, system(f"erasure {known.id} replayed"), wish, known.id, "cli", None)
                done += 1
    return done


def after_restore(space: Space, register: Iterable[str]) -> int:
    """Erases again what the archive brought back; from here on the anchors begin anew."""
    done = replay(space, register)
    space.accesses.flush()
    with space.db.read() as session:
        drop_anchor(session, space.anchors, space.clock(), restored=True)
    return done


def _those_there(work: Work, wish: Wish) -> Wish | None:
    """A backup may be older than some of the records."""
    there = []
    for pair in ((wish.object, wish.record), *wish.also):
        try:
            look(work, Wish(*pair, asked_by=wish.asked_by))
            there.append(pair)
        except (NotFound, BadInput):
            continue
    return Wish(*there[0], wish.asked_by, wish.texts, tuple(there[1:])) if there else None


def run_bytes(space: Space, run: JobRun | None) -> None:
    """Removes files whose eraser died before it could; overwrites what deleted rows left in the database's files."""
    for place in run.args.get("remove", ()) if run is not None else ():
        _remove(space, space.folder / place)
    space.db.shred()
    with space.db.write(bulk=True) as session:
        now = session.now()
        session.run(f"UPDATE {session.table('erasure')} SET bytes_at = ? WHERE bytes_at IS NULL", (now,))
        if run is not None:
            run.finish(session)


def _remove(space: Space, place: Path) -> None:
    """The folder of an import, or contents unless somebody has brought the very same file since."""
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
        return
    with space.db.read() as session:
        named = session.value(f"SELECT 1 FROM {session.table('file')} WHERE sha256 = ? LIMIT 1", (place.name,))
    if named is None:
        place.unlink(missing_ok=True)
