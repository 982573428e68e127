"""Exports in the background: page by page into a file that waits for its person, resumable after a pause or a crash."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import BadInput, Forbidden, NotFound, Problem, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.jobs.control import Task, task
from guanxi.kernel.jobs.queue import Interrupted, JobRun, enqueue
from guanxi.kernel.records.export import (
    FORMATS,
    PAGE,
    Format,
    Header,
    cells_of,
    columns_of,
    fields_of,
    json_lines,
    may_export,
    note_export,
)
from guanxi.kernel.records.export_files import SHEET_ROWS, write_xlsx
from guanxi.kernel.records.export_uses import NO_USE, Use, sifted
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.sealing import sealed_of, without_values
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

KIND = "export"
KEPT_DAYS = 7
BEAT = 20_000  # rows of a workbook between two signs of life
SECONDS = 60.0  # a page of rows may take so long


class Wanted(msgspec.Struct, frozen=True):
    """What to export: a question, in which form, how it is read."""

    object: str
    where: str | None = None
    text: str | None = None
    fields: tuple[str, ...] = ()
    format: Format = "csv"
    header: Header = "labels"
    bom: bool = True
    use: Use = NO_USE

    @property
    def query(self) -> Query:
        """All that match and may be exported, by id."""
        return Query(self.object, self.where, self.fields, ("id",), PAGE, text=self.text, verb="export")


@dataclass(slots=True)
class Come:
    """How far a file is: where to read on, how many bytes and rows are in it."""

    cursor: str | None = None
    bytes: int = 0
    rows: int = 0
    refused: int = 0  # people who do not allow this use
    read: bool = False  # all rows are in the file (a workbook is still to be made of them)
    stand: str = ""  # of the rights by which the rows were read


def start_export(space: Space, actor: int, wanted: Wanted, *, entry: str = "form", address: str = "") -> int:
    """Puts the export into the queue; gives the job. Rights and question are checked here and again at work."""
    if wanted.format not in FORMATS:
        raise BadInput(msg("{name} is no format for exports; there are: {known}.", name=wanted.format,
                           known=", ".join(FORMATS)))  # fmt: skip
    with space.write(actor, entry=entry) as work:
        target = may_export(work, wanted.object)
        wanted = _without_sealed(work, target, wanted)
        fields_of(work, target, wanted.fields, wanted.use)
        count(work, wanted.query, 1)
        args = {"actor": actor, "wanted": msgspec.to_builtins(wanted), "entry": entry, "address": address}
        return enqueue(work.session, KIND, args, queue="bulk", person=actor)


def _without_sealed(work: Work, target: Object, wanted: Wanted) -> Wanted:
    """A file that waits to be fetched holds no values of encrypted fields, and its question none either."""
    sealed = {f.name: f for f in sealed_of(target)}
    for name in wanted.fields:
        if name in sealed:
            text = "“{field}” is encrypted: it is left out of exports that are made in the background."
            raise BadInput(msg(text, field=sealed[name].label))
    fields = wanted.fields
    if sealed and not fields:
        fields = tuple(f.name for f in fields_of(work, target, (), wanted.use) if f.name not in sealed)
    where = without_values(work, target, wanted.where)
    return msgspec.structs.replace(wanted, fields=fields, where=where)


def run_export(space: Space, run: JobRun) -> None:
    """
    The worker's part. The rights are those of each moment: who loses them gets no further page, and where they change
    the file begins anew.
    """
    wanted = msgspec.convert(run.args["wanted"], Wanted)
    come = msgspec.convert(run.keep, Come)
    path = path_of(space, run.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    if come.bytes > (path.stat().st_size if path.exists() else 0):
        come = Come()  # it was cleared away meanwhile: after a week, or because somebody was erased
    actor = int(run.args["actor"])
    total = come.rows or _total(space, actor, wanted)
    with _opened(path, come.bytes) as out:
        while not come.read:
            _page(space, actor, wanted, come, out)
            out.flush()
            os.fsync(out.fileno())
            _tell(run, come, max(total, come.rows))
    if wanted.format == "xlsx":
        _make_workbook(space, run, wanted, path)
    note_export(space, actor, wanted.object, come.rows, wanted.fields, entry=run.args["entry"],
                address=run.args["address"], use=wanted.use, refused=come.refused)  # fmt: skip
    with space.db.write() as session:
        done = {**msgspec.to_builtins(come), "size": path.stat().st_size}
        run.advance(session, come.rows, come.rows, done)
        run.finish(session)


def _total(space: Space, actor: int, wanted: Wanted) -> int:
    try:
        with space.read(actor) as work:
            return count(work, wanted.query, 0)[0]
    except Problem:  # too slow to count: then without a share and a time left
        return 0


def _opened(path: Path, size: int) -> IO[bytes]:
    """The file as it was after the last page that is known to be done."""
    out = path.open("r+b" if path.exists() else "w+b")
    out.truncate(size)
    out.seek(size)
    return out


def _page(space: Space, actor: int, wanted: Wanted, come: Come, out: IO[bytes]) -> None:
    """One page in a read of its own, so that no reader stays open for long."""
    with space.read(actor, timeout=SECONDS) as work:
        target = may_export(work, wanted.object)
        stand = standing(work, target.name)
        if come.stand not in ("", stand):
            come.cursor, come.bytes, come.rows, come.refused = None, 0, 0, 0
            out.seek(0)
            out.truncate()
        come.stand = stand
        fields = fields_of(work, target, wanted.fields, wanted.use)
        names = tuple(f.name for f in fields)
        page = find(work, _at(wanted, names, come.cursor), most=PAGE)
        kept = sifted(work, target, page.rows, wanted.use)
        if wanted.format == "jsonl":
            out.write(json_lines(work, target, fields, kept))
        else:
            columns = columns_of(work, target, fields, wanted.header)
            rows = [row for part in cells_of(work, target, fields, columns, iter([kept]), wanted.format == "csv")
                    for row in part]  # fmt: skip
            head = [] if come.bytes else [[c.heading for c in columns]]
            out.write(_csv(head, rows, wanted.bom) if wanted.format == "csv" else _spool(head, rows))
    come.rows += len(kept)
    come.refused += len(page.rows) - len(kept)
    come.cursor, come.read, come.bytes = page.next, page.next is None, out.tell()


def standing(work: Work, name: str) -> str:
    """A digest of how far the caller's rights to the object reach: other rights, another digest."""
    rights = work.actor.rights
    fields = {field: rights.field(name, field) for field in work.catalog.fields(work.catalog.object(name))}
    scopes = [rights.scope(name, verb) for verb in ("read", "export")]
    said = [scopes, fields, work.actor.subtree, work.actor.principals]
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()[:32]


def _at(wanted: Wanted, names: tuple[str, ...], cursor: str | None) -> Query:
    query = wanted.query
    return Query(query.object, query.where, names, query.sort, PAGE, cursor, text=query.text, verb=query.verb)


def _csv(head: list[list[str]], rows: list[Any], bom: bool) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([*head, *rows])
    return (b"\xef\xbb\xbf" if bom and head else b"") + text.getvalue().encode()


def _spool(head: list[list[str]], rows: list[Any]) -> bytes:
    """Rows of a workbook wait as JSON lines: a workbook itself cannot be gone on with."""
    return msgspec.json.Encoder().encode_lines([*head, *rows])


def _tell(run: JobRun, come: Come, total: int) -> None:
    with run.database.write() as session:
        wish = run.advance(session, come.rows, total, msgspec.to_builtins(come))
    if wish:
        raise Interrupted(wish)


def _make_workbook(space: Space, run: JobRun, wanted: Wanted, path: Path) -> None:
    with space.read(int(run.args["actor"])) as work:
        title = may_export(work, wanted.object).plural.in_(work.actor.language)
    made = path.with_suffix(".xlsx")
    with path.open("rb") as spool, made.open("wb") as out:
        heading = msgspec.json.decode(spool.readline() or b"[]")
        write_xlsx(heading, _spooled(run, spool), out, SHEET_ROWS, title)
        out.flush()
        os.fsync(out.fileno())
    made.replace(path)


def _spooled(run: JobRun, spool: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    decode = msgspec.json.Decoder(tuple[Any, ...]).decode
    while some := list(islice(spool, BEAT)):
        run.heartbeat()
        yield from (decode(line) for line in some)


def path_of(space: Space, job: int) -> Path:
    """Where the file of an export lies; its name says nothing."""
    return space.folder / "exports" / str(job)


def finished(work: Work, job: int) -> tuple[Task, Wanted, Path]:
    """
    The caller's own finished export; NotFound if it is another's, not done, or was cleared away, Forbidden if their
    rights are no longer those by which it was made.
    """
    found = task(work.session, job, work.actor.user)
    path = path_of(work.space, job)
    if found.kind != KIND or found.status != "done" or not path.is_file():
        raise NotFound
    wanted = msgspec.convert(found.args["wanted"], Wanted)
    stand = standing(work, may_export(work, wanted.object).name)
    if found.keep.get("stand", stand) != stand:
        raise Forbidden(msg("Your rights have changed since this file was made. Export again."))
    return found, wanted, path


def clear_exports(space: Space, *, everything: bool = False) -> int:
    """Files of exports are kept for a week; gives how many were cleared away."""
    oldest, gone = time.time() - KEPT_DAYS * 86_400, 0
    for path in (space.folder / "exports").glob("*"):
        if everything or path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
