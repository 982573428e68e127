"""Exports as files, at once or in the background, and the page of one's own long work."""

from __future__ import annotations

import io
from functools import partial

import pytest
from python_calamine import CalamineWorkbook

from guanxi.bootstrap import JOBS
from guanxi.entrypoints.web.lists import export
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.bulk import BulkEdit, start_bulk
from tests.entrypoints.web.lists.conftest import make
from tests.entrypoints.web.lists.test_deeds import SignIn
from tests.entrypoints.web.lists.test_pages import accounts


def work_off(space: Space) -> None:
    run_due(space.db, {k: partial(h, space) for k, h in JOBS.items()}, worker="t", queues=("bulk",))


def test_a_small_list_comes_at_once(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    make(space, boss.user, "account", accounts(3))
    page = boss.get("/o/account/export").text
    assert "3 records match and may be exported" in page
    excel = boss.post("/o/account/export", {"format": "xlsx", "columns": "all", "header": "labels"})
    assert excel.status_code == 200
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(excel.content)).get_sheet_by_index(0).to_python()
    assert len(sheet) == 4
    assert "Name" in sheet[0]
    plain = boss.post("/o/account/export", {"format": "csv", "columns": "shown", "header": "names", "state": ""}).text
    assert plain.splitlines()[0].lstrip("\ufeff").startswith("id,name")


def test_a_long_list_becomes_a_task(space: Space, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 2)
    boss, looker = sign_in("boss"), sign_in("looker")
    make(space, boss.user, "account", accounts(5))
    told = boss.post("/o/account/export", {"format": "jsonl", "columns": "all", "header": "names"})
    assert told.headers["location"] == "/tasks"
    assert "Waits for its turn" in boss.get("/tasks").text
    (number,) = {part.split("/")[0] for part in boss.get("/tasks").text.split('action="/tasks/')[1:]}
    boss.post(f"/tasks/{number}/pause")
    assert "Paused at" in boss.get("/tasks/lines").text
    assert looker.post(f"/tasks/{number}/go-on").status_code == 404
    boss.post(f"/tasks/{number}/go-on")
    work_off(space)
    assert "Done: 5" in boss.get("/tasks").text
    assert len(boss.get(f"/tasks/{number}/file").text.splitlines()) == 5
    assert looker.get(f"/tasks/{number}/file").status_code == 404


def test_records_a_bulk_edit_had_to_leave_come_as_a_file(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    ids = make(space, boss.user, "account", accounts(3))
    _, job = start_bulk(space, boss.user, BulkEdit("edit", "account", values={"credit_code": "not a code"}), 3)
    work_off(space)
    assert "3 could not be changed" in boss.get("/tasks").text
    lines = boss.get(f"/tasks/{job}/left.csv").text.splitlines()
    assert len(lines) == 4
    assert [line.split(",")[0] for line in lines[1:]] == [str(i) for i in sorted(ids)]
