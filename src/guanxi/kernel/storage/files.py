"""Files: contents once, under their SHA-256, in the workspace's folder; names and owners are rows of `file`."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from guanxi.base.errors import Invalid, NotFound, msg
from guanxi.kernel.storage.session import Full, Session

COLUMNS = ("id", "sha256", "name", "type", "size", "created_at", "created_by", "object", "record", "trashed_at")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
GRACE = 86_400  # seconds a content may lie without a row: its upload may still be in an open transaction


@dataclass(frozen=True, slots=True)
class Blob:
    """Contents on disk."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """One row: the same contents may belong to many."""

    id: int
    sha256: str
    name: str
    type: str
    size: int
    created_at: int
    created_by: int | None = None
    object: int | None = None
    record: int | None = None
    trashed_at: int | None = None


def path_of(folder: Path, sha256: str) -> Path:
    return folder / "files" / sha256[:2] / sha256


def store(folder: Path, chunks: Iterable[bytes], limit: int | None = None) -> Blob:
    """Write contents to disk, durably, before the transaction that names them. Refuses more than `limit` bytes."""
    base = folder / "files"
    base.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=base, prefix=".tmp-", delete=False) as out:
        temporary = Path(out.name)
        try:
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise Invalid(msg("The file is larger than {limit} MB.", limit=limit >> 20))
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
            target = path_of(folder, digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            temporary.rename(target)
            _sync(target.parent)
        except OSError as error:
            if error.errno in FULL:
                raise Full from error
            raise
        finally:
            temporary.unlink(missing_ok=True)
    return Blob(digest.hexdigest(), size)


def _sync(folder: Path) -> None:
    """A rename is durable only when its folder is."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def add(session: Session, blob: Blob, *, id: int, name: str, type: str, by: int | None, at: int) -> File:
    """Name stored contents; `attach` ties the file to a record later."""
    made = File(id, blob.sha256, name, type, blob.size, at, by)
    session.insert("file", COLUMNS, [tuple(getattr(made, column) for column in COLUMNS)])
    return made


def attach(session: Session, ids: Iterable[int], object: int, record: int) -> None:
    """Who may see the record may fetch these files."""
    session.many(
        f"UPDATE {session.table('file')} SET object = ?, record = ? WHERE id = ? AND record IS NULL",
        [(object, record, file) for file in ids],
    )


def move(session: Session, object: int, records: Sequence[int], winner: int) -> None:
    """All files of those records become another's."""
    session.many(
        f"UPDATE {session.table('file')} SET record = ? WHERE object = ? AND record = ?",
        [(winner, object, record) for record in records],
    )


def give(session: Session, ids: Iterable[int], object: int, record: int) -> None:
    """Those files become that record's, whosever of the same kind they were."""
    session.many(
        f"UPDATE {session.table('file')} SET record = ? WHERE id = ? AND object = ?",
        [(record, file, object) for file in ids],
    )


def get(session: Session, id: int) -> File:
    names = ", ".join(COLUMNS)
    found = session.one(f"SELECT {names} FROM {session.table('file')} WHERE id = ? AND trashed_at IS NULL", (id,))
    if found is None:
        raise NotFound
    return File(*found)


def some(session: Session, ids: Iterable[int]) -> dict[int, File]:
    """Several files by id, the unknown ones left out."""
    wanted = list(ids)[:500]
    if not wanted:
        return {}
    names, marks = ", ".join(COLUMNS), ", ".join("?" * len(wanted))
    sql = f"SELECT {names} FROM {session.table('file')} WHERE id IN ({marks}) AND trashed_at IS NULL"
    return {row[0]: File(*row) for row in session.rows(sql, wanted)}


def sweep(session: Session, folder: Path, part: str = "*") -> int:
    """Remove contents that no row names any more (of one sub-folder), and what killed uploads left; gives how many."""
    gone = 0
    for place in (*(folder / "files").glob(f"{part}/*"), *(folder / "files").glob(".tmp-*")):
        sql = f"SELECT 1 FROM {session.table('file')} WHERE sha256 = ? LIMIT 1"
        if time.time() - place.stat().st_mtime > GRACE and session.value(sql, (place.name,)) is None:
            place.unlink(missing_ok=True)
            gone += 1
    return gone
