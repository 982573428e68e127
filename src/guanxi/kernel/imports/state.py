"""What is kept about an import: its file, mapping, progress, faulty rows and mends; in tables, so that it survives."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import BadInput, Conflict, Forbidden, Message, NotFound, msg
from guanxi.base.i18n import Label
from guanxi.kernel.access.actors import Actor, system
from guanxi.kernel.access.branches import pad
from guanxi.kernel.imports.mapping import FileMap, read_map, write_map
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

COUNTS = ("created", "updated", "same", "failed", "duplicates")
PROGRESS = ("operation", "row", "done", "total", *COUNTS)
SYSTEM_USER = 0
MAX_FAULTS = 100_000
MAX_FILE = 1 << 30


@dataclass(slots=True)
class Run:
    """
    One import. `state`: draft (mapping), checking, checked, running, pausing, paused, done, failed. `row`: number of
    the next row to handle; `done` and `total` count rows. Counts are of rows.
    """

    id: int
    object: str
    file: int | None
    name: str
    mapping: str | None
    state: str
    actor: int
    operation: int | None
    row: int
    done: int
    total: int | None
    created: int
    updated: int
    same: int
    failed: int
    duplicates: int
    at: int
    ended_at: int | None
    error: str | None

    @property
    def map(self) -> FileMap:
        return read_map(self.mapping or '{"fields": []}')

    @property
    def columns(self) -> Sequence[str]:
        """The header of its file."""
        return self.map.columns

    @property
    def who(self) -> Actor | int:
        """Whose rights it has: those of the person who started it; the system's if it came by the command line."""
        return system("import") if self.actor == SYSTEM_USER else self.actor

    @property
    def good(self) -> int:
        """Rows that go in, or went in."""
        return self.created + self.updated + self.same


@dataclass(frozen=True, slots=True)
class Fault:
    """One row that did not go in: every error by field, and the cells as they were (mended ones included)."""

    row: int
    code: str
    field: str
    cells: tuple[str, ...]
    errors: tuple[tuple[str, str, Message], ...]  # field, code, message
    near: str = ""
    state: str = "open"  # open | deferred | duplicate | mended


COLUMNS = tuple(f.name for f in fields(Run))


def path_of(space: Space, run: Run) -> Path:
    """Where the uploaded file of an import lies."""
    return folder_of(space, run) / "upload"


def folder_of(space: Space, run: Run) -> Path:
    return space.folder / "imports" / str(run.id)


def keep_file(space: Space, run: Run, blocks: Iterable[bytes], limit: int = MAX_FILE) -> int:
    """Puts the file of an import on disk block by block; gives its size."""
    path = path_of(space, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as file:
        for block in blocks:
            size += len(block)
            if size > limit:
                raise BadInput(msg("A file may have at most {n} MB. Split it, or pack it with gzip.", n=limit >> 20))
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return size


def new_run(work: Work, object_name: str, name: str) -> Run:
    """Opens an import for the caller, who needs the ability to import."""
    if not work.actor.rights.can("import"):
        raise Forbidden(msg("Your roles do not let you import files."))
    target = work.catalog.object(object_name)
    if work.actor.rights.scope(object_name, "create") == "none" and target.access != "all":
        raise NotFound
    run = Run(
        work.space.ids.next(), object_name, None, name, None, "draft", work.actor.user, None,
        0, 0, None, 0, 0, 0, 0, 0, work.now, None, None,
    )  # fmt: skip
    work.session.insert("import_run", COLUMNS, [tuple(getattr(run, c) for c in COLUMNS)])
    return run


def drop_run(work: Work, run: Run) -> None:
    """Forgets an import that has written nothing, with its file."""
    if run.operation is not None:
        raise Conflict(msg("This import has written records. Undo it instead."))
    for name, column in (("import_fault", "run"), ("import_patch", "run"), ("import_run", "id")):
        work.session.run(f'DELETE FROM {work.session.table(name)} WHERE "{column}" = ?', (run.id,))
    shutil.rmtree(folder_of(work.space, run), ignore_errors=True)


def load_run(session: Session, ident: int, actor: int | None = None) -> Run:
    """An import by id; of that person only, if given. NotFound otherwise."""
    names = ", ".join(f'"{c}"' for c in COLUMNS)
    row = session.one(f'SELECT {names} FROM {session.table("import_run")} WHERE "id" = ?', (ident,))
    if row is None or (actor is not None and row[COLUMNS.index("actor")] != actor):
        raise NotFound
    return Run(*row)


def runs_of(session: Session, actor: int, limit: int = 50) -> list[Run]:
    """A person's imports, newest first."""
    names = ", ".join(f'"{c}"' for c in COLUMNS)
    table = session.table("import_run")
    sql = f'SELECT {names} FROM {table} WHERE "actor" = ? ORDER BY "id" DESC LIMIT ?'
    return [Run(*row) for row in session.rows(sql, (actor, limit))]


def store_run(session: Session, run: Run) -> None:
    """Writes what an import's progress changes."""
    names = [c for c in COLUMNS if c != "id"]
    sets = ", ".join(f'"{c}" = ?' for c in names)
    values = [getattr(run, c) for c in names]
    session.run(f'UPDATE {session.table("import_run")} SET {sets} WHERE "id" = ?', [*values, run.id])


def store_progress(session: Session, run: Run) -> None:
    """Writes how far an import is, and nothing else: somebody may have asked it to pause meanwhile."""
    sets = ", ".join(f'"{c}" = ?' for c in PROGRESS)
    values = [getattr(run, c) for c in PROGRESS]
    session.run(f'UPDATE {session.table("import_run")} SET {sets} WHERE "id" = ?', [*values, run.id])


def state_of(session: Session, ident: int) -> str:
    return str(session.value(f'SELECT "state" FROM {session.table("import_run")} WHERE "id" = ?', (ident,)))


def set_state(session: Session, run: Run, state: str, *, only: Sequence[str] = ()) -> bool:
    """Moves an import to a state, if it is in one of those given; tells whether it was."""
    also = f' AND "state" IN ({", ".join("?" * len(only))})' if only else ""
    sql = f'UPDATE {session.table("import_run")} SET "state" = ? WHERE "id" = ?{also}'
    moved = session.run(sql, [state, run.id, *only]) == 1
    if moved:
        run.state = state
    return moved


def set_map(session: Session, run: Run, file_map: FileMap) -> None:
    run.mapping = write_map(file_map)
    store_run(session, run)


def add_faults(session: Session, run_id: int, faults: Sequence[Fault]) -> None:
    """Keeps faulty rows; an earlier fault of the same row is replaced."""
    forget_faults(session, run_id, [f.row for f in faults])
    rows = [
        (
            run_id,
            f.row,
            f.code,
            f.field,
            msgspec.json.encode(f.cells).decode(),
            msgspec.json.encode([[n, c, m.text, plain(m.params)] for n, c, m in f.errors] + [f.near]).decode(),
            f.state,
        )
        for f in faults
    ]
    if rows:
        session.insert("import_fault", ("run", "row", "code", "field", "cells", "errors", "state"), rows)


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Labels keep both languages; everything else is text or a number."""
    return {k: [v.en, v.zh] if hasattr(v, "zh") else v if isinstance(v, int) else str(v) for k, v in params.items()}


def message_of(text: str, params: Mapping[str, Any]) -> Message:
    """A kept message as it was."""
    return Message(text, {k: Label(*v) if isinstance(v, list) else v for k, v in params.items()})


def forget_faults(session: Session, run_id: int, rows: Iterable[int] | None = None) -> None:
    table = session.table("import_fault")
    if rows is None:
        session.run(f'DELETE FROM {table} WHERE "run" = ?', (run_id,))
    elif numbers := [(run_id, row) for row in rows]:
        session.many(f'DELETE FROM {table} WHERE "run" = ? AND "row" = ?', numbers)


def faults_of(
    session: Session, run_id: int, *, code: str = "", field: str = "", state: str = "", after: int = 0, limit: int = 200
) -> list[Fault]:
    """Faulty rows by number, of one kind if asked."""
    wanted = [("code", code), ("field", field), ("state", state)]
    also = "".join(f' AND "{n}" = ?' for n, v in wanted if v)
    sql = (
        f'SELECT "row", "code", "field", "cells", "errors", "state" FROM {session.table("import_fault")}'
        f' WHERE "run" = ?{also} AND "row" > ? ORDER BY "row" LIMIT ?'
    )
    params = [run_id, *(v for _, v in wanted if v), after, limit]
    return [_fault(row) for row in session.rows(sql, params)]


def fault_of(session: Session, run_id: int, row: int) -> Fault:
    """What is kept of one row; NotFound if it never was faulty."""
    found = faults_of(session, run_id, after=row - 1, limit=1)
    if not found or found[0].row != row:
        raise NotFound
    return found[0]


def count_faults(session: Session, run_id: int, state: str) -> int:
    sql = f'SELECT count(*) FROM {session.table("import_fault")} WHERE "run" = ? AND "state" = ?'
    return int(session.value(sql, (run_id, state)))


def _fault(row: tuple[Any, ...]) -> Fault:
    *errors, near = msgspec.json.decode(row[4])
    read = tuple((n, c, message_of(t, p)) for n, c, t, p in errors)
    return Fault(row[0], row[1], row[2], tuple(msgspec.json.decode(row[3])), read, near, row[5])


@dataclass(frozen=True, slots=True)
class Kind:
    """Faults alike: the same code on the same field."""

    code: str
    field: str
    count: int


def kinds_of(session: Session, run_id: int) -> list[Kind]:
    """Faults by kind, the most frequent first; duplicates and deferred rows are not faults."""
    sql = (
        f'SELECT "code", "field", count(*) FROM {session.table("import_fault")}'
        ' WHERE "run" = ? AND "state" = \'open\' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2'
    )
    return [Kind(*row) for row in session.rows(sql, (run_id,))]


def mended_before(session: Session, run_id: int, rows: Sequence[int]) -> dict[str, int]:
    """How many of these rows had been mended already, by what they were going to become."""
    found: dict[str, int] = {}
    table = session.table("import_fault")
    for start in range(0, len(rows), 512):
        some = pad(list(rows[start : start + 512]))
        sql = (
            f'SELECT "code", count(*) FROM {table} WHERE "run" = ? AND "state" = \'mended\''
            f' AND "row" IN ({", ".join("?" * len(some))}) GROUP BY "code"'
        )
        for code, count in session.rows(sql, [run_id, *some]):
            found[code] = found.get(code, 0) + int(count)
    return found


def patches_of(session: Session, run_id: int) -> dict[int, dict[str, str]]:
    """Cells mended on screen: row -> column -> text."""
    sql = f'SELECT "row", "cells" FROM {session.table("import_patch")} WHERE "run" = ?'
    return {row: msgspec.json.decode(cells) for row, cells in session.rows(sql, (run_id,))}


def patch(session: Session, run_id: int, row: int, cells: Mapping[str, str]) -> None:
    """Mends cells of one row of the import; the file stays as it is."""
    known = patches_of(session, run_id).get(row, {})
    table = session.table("import_patch")
    session.run(f'DELETE FROM {table} WHERE "run" = ? AND "row" = ?', (run_id, row))
    text = msgspec.json.encode({**known, **cells}).decode()
    session.insert("import_patch", ("run", "row", "cells"), [(run_id, row, text)])
