"""Exports in the background: the same file as at once, also after a pause and a crash; only for their person."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from guanxi.base.errors import BadInput, Forbidden, NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.jobs import control
from guanxi.kernel.jobs.queue import JobRun, run_due
from guanxi.kernel.records import export_jobs
from guanxi.kernel.records.export import export
from guanxi.kernel.records.export_jobs import KIND, Wanted, clear_exports, finished, run_export, start_export
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.session import Session

Who = dict[str, int]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_jobs, "PAGE", 20)


@pytest.fixture
def many(space: Space, who: Who) -> int:
    with space.write(who["wang"]) as work:
        rows = [{"name": f"=c{n:03}", "staff": n, "tags": ["a"] if n % 2 else []} for n in range(70)]
        save(work, [Change("create", "client", row) for row in rows])
    return 70


Hook = Callable[[Session, int, int], None]


def work_off(space: Space, stop_at: int = 0, hook: Hook = lambda _session, _job, _done: None) -> None:
    """`stop_at`: the worker dies in the transaction that tells of so many pages; `hook` sees each of them."""
    told, real = 0, JobRun.advance

    def advance(run: JobRun, session: Session, done: int, *args: Any) -> str | None:
        nonlocal told
        told += 1
        if told == stop_at:
            raise KeyboardInterrupt  # as a kill: nothing catches it
        hook(session, run.id, done)
        return real(run, session, done, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobRun, "advance", advance)
        run_due(space.db, {KIND: lambda run: run_export(space, run)}, worker="t", queues=("bulk",), lease=1)


def at_once(space: Space, user: int, **how: Any) -> bytes:
    out = io.BytesIO()
    with space.read(user) as work:
        export(work, Query("client"), out, **how)
    return out.getvalue()


def result(space: Space, user: int, job: int) -> Path:
    with space.read(user) as work:
        return finished(work, job)[2]


@pytest.mark.parametrize("killed", [0, 1, 3])
def test_csv_is_the_same_as_at_once(space: Space, who: Who, many: int, killed: int) -> None:
    user = who["wang"]
    job = start_export(space, user, Wanted("client", header="names"))
    if killed:
        with pytest.raises(KeyboardInterrupt):
            work_off(space, killed)
        time.sleep(0.01)
    work_off(space)
    path = result(space, user, job)
    assert path.read_bytes() == at_once(space, user, header="names", bom=True)
    assert len(list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))) == many + 1


@pytest.mark.parametrize("killed", [0, 2])
def test_json_lines_and_workbooks(space: Space, who: Who, many: int, killed: int) -> None:
    user = who["wang"]
    jobs = [start_export(space, user, Wanted("client", "staff >= 10", format=f)) for f in ("jsonl", "xlsx")]
    for _ in jobs if killed else ():
        with pytest.raises(KeyboardInterrupt):
            work_off(space, killed)
    time.sleep(0.01)
    work_off(space)
    lines = [json.loads(line) for line in result(space, user, jobs[0]).read_text("utf-8").splitlines()]
    assert [line["staff"] for line in lines] == list(range(10, 70))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(result(space, user, jobs[1]).read_bytes())).get_sheet_by_index(0)
    assert len(sheet.to_python()) == 61


def test_paused_exports_go_on(space: Space, who: Who, many: int) -> None:
    user = who["wang"]
    job = start_export(space, user, Wanted("client", header="names"))

    def pause(session: Session, ident: int, done: int) -> None:
        if done == 40:
            control.pause(session, ident)

    work_off(space, hook=pause)
    with space.db.write() as session:
        known = control.task(session, job, user)
        assert (known.status, known.done, known.total) == ("paused", 40, 70)
        control.go_on(session, job)
    work_off(space)
    assert result(space, user, job).read_bytes() == at_once(space, user, header="names", bom=True)


def test_nobody_else_gets_the_file_and_rights_are_asked_again(space: Space, who: Who, many: int) -> None:
    job = start_export(space, who["wang"], Wanted("client"))
    work_off(space)
    with space.read(who["root"]) as work, pytest.raises(NotFound):
        finished(work, job)
    with pytest.raises((Forbidden, NotFound)):
        start_export(space, who["nil"], Wanted("client"))
    with pytest.raises(BadInput):
        start_export(space, who["wang"], Wanted("client", "no_such_field = 1"))
    with pytest.raises(BadInput):
        start_export(space, who["wang"], Wanted("client", format="pdf"))  # type: ignore[arg-type]  # a wrong one
    assert clear_exports(space) == 0
    assert clear_exports(space, everything=True) == 1
    with space.read(who["wang"]) as work, pytest.raises(NotFound):
        finished(work, job)


def test_the_export_is_noted_when_it_is_made(space: Space, who: Who, many: int) -> None:
    start_export(space, who["wang"], Wanted("client"))
    work_off(space)
    with space.db.read() as session:
        sql = f"SELECT actor, object, count FROM {session.table('access_log')} WHERE kind = 'export'"
        assert [tuple(row) for row in session.rows(sql)] == [(who["wang"], "client", 70)]


def narrow(space: Space, who: Who, **fields: str) -> None:
    """From now on Wang's role hides these fields of clients."""
    with space.write(system("test")) as work:
        row = work.catalog.config["user"][who["wang"]]
        (role,) = (int(i) for i in json.loads(row["roles"]))
        spec = json.loads(work.catalog.config["role"][role]["rights"])
        spec["fields"] = {**spec.get("fields", {}), **{f"client.{name}": level for name, level in fields.items()}}
        save(work, [Change("edit", "role", {"rights": json.dumps(spec)}, id=role)])


def test_a_file_made_by_wider_rights_is_not_given_out(space: Space, who: Who, many: int) -> None:
    job = start_export(space, who["wang"], Wanted("client"))
    work_off(space)
    assert result(space, who["wang"], job).is_file()
    narrow(space, who, staff="none")
    with pytest.raises(Forbidden):
        result(space, who["wang"], job)


def test_rights_that_change_on_the_way_begin_the_file_anew(space: Space, who: Who, many: int) -> None:
    job = start_export(space, who["wang"], Wanted("client", header="names", bom=False))

    def pause(session: Session, ident: int, done: int) -> None:
        if done == 40:
            control.pause(session, ident)

    work_off(space, hook=pause)
    narrow(space, who, staff="none")
    with space.db.write() as session:
        control.go_on(session, job)
    work_off(space)
    assert result(space, who["wang"], job).read_bytes() == at_once(space, who["wang"], header="names")


def test_a_file_cleared_away_on_the_way_is_made_anew(space: Space, who: Who, many: int) -> None:
    job = start_export(space, who["wang"], Wanted("client", header="names"))

    def pause(session: Session, ident: int, done: int) -> None:
        if done == 40:
            control.pause(session, ident)

    work_off(space, hook=pause)
    clear_exports(space, everything=True)
    with space.db.write() as session:
        control.go_on(session, job)
    work_off(space)
    assert result(space, who["wang"], job).read_bytes() == at_once(space, who["wang"], header="names", bom=True)
