"""The folder of backups: how archives are called, which are there, which may go, and what each run came to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import index, table

table(
    "backup_run",
    "id int key, state text must, at int must, ended_at int, file text, size int, tables int, total int, files int,"
    " sealed int, error text",
    index("ix_backup_run_at", "at"),
)
COLUMNS = ("id", "state", "at", "ended_at", "file", "size", "tables", "total", "files", "sealed", "error")
NAME = re.compile(r"guanxi-([a-z0-9_-]+)-(\d{8}T\d{6})(-[a-z]+)?\.tar(\.sealed)?")


@dataclass(frozen=True, slots=True)
class Kept:
    """One archive in the folder."""

    path: Path
    made: datetime
    size: int
    why: str  # "" for planned ones; "upgrade" for those that an upgrade made first

    @property
    def sealed(self) -> bool:
        return self.path.suffix == ".sealed"


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to make a backup; state: running, good, failed."""

    id: int
    state: str
    at: int
    ended_at: int | None
    file: str | None
    size: int | None
    tables: int | None
    total: int | None
    files: int | None
    sealed: int | None
    error: str | None


def name_of(workspace: str, at: int, *, sealed: bool, why: str = "") -> str:
    """The file name of an archive made at that moment (µs UTC)."""
    stamp = datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y%m%dT%H%M%S")
    return f"guanxi-{workspace}-{stamp}{'-' + why if why else ''}.tar{'.sealed' if sealed else ''}"


def kept(folder: Path, workspace: str) -> list[Kept]:
    """Archives of that workspace, newest first; other files in the folder are not ours."""
    found = []
    for path in folder.glob("guanxi-*") if folder.is_dir() else ():
        match = NAME.fullmatch(path.name)
        if match and match[1] == workspace:
            made = datetime.strptime(match[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found.append(Kept(path, made, path.stat().st_size, (match[3] or "").lstrip("-")))
    return sorted(found, key=lambda k: (k.made, k.path.name), reverse=True)


def superfluous(archives: Iterable[Kept], daily: int, weekly: int, monthly: int, good: Collection[str]) -> list[Kept]:
    """
    What may go: the newest archive of each of the last days, weeks and months stays, so do those that an upgrade made
    and the last one known to be good.
    """
    planned = [a for a in archives if not a.why]
    known = [a for a in planned if a.path.name in good]
    stay = {a.path for a in known[:1]}
    rules = ((daily, "%Y-%m-%d"), (weekly, "%G-%V"), (monthly, "%Y-%m"))
    for number, period in rules:
        newest: dict[str, Kept] = {}
        for archive in known:
            newest.setdefault(archive.made.strftime(period), archive)
        stay |= {archive.path for archive in list(newest.values())[:number]}
    return [a for a in known if a.path not in stay]


def put_run(session: Session, run: Run) -> None:
    """Stores what is known of a run now."""
    session.run(f"DELETE FROM {session.table('backup_run')} WHERE id = ?", (run.id,))
    session.insert("backup_run", COLUMNS, [tuple(getattr(run, name) for name in COLUMNS)])


def runs(session: Session, limit: int = 20) -> list[Run]:
    """The newest runs first."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM {session.table('backup_run')} ORDER BY at DESC, id DESC LIMIT ?"
    return [Run(*row) for row in session.rows(sql, (limit,))]


def good_runs(session: Session) -> list[Run]:
    """Those that ended well, newest first."""
    names = ", ".join(COLUMNS)
    sql = f"SELECT {names} FROM {session.table('backup_run')} WHERE state = 'good' ORDER BY at DESC, id DESC LIMIT 500"
    return [Run(*row) for row in session.rows(sql)]
