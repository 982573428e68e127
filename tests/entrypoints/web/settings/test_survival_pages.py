"""The pages of backups and of one's data: for administrators alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from guanxi.bootstrap import JOBS
from guanxi.kernel.admin.whole import ready
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due


def do_jobs(space: Space) -> None:
    handlers = {kind: (lambda run, job=job: job(space, run)) for kind, job in JOBS.items()}
    run_due(space.db, handlers, worker="w", queues=("bulk",))


def test_a_plan_is_set_and_a_backup_made_on_the_page(
    space: Space, signed_in: Callable[[str], Any], tmp_path: Path
) -> None:
    ada = signed_in("ada")
    assert "There is no backup yet" in ada.get("/settings/backup").text
    form = {"on": "1", "at": "04:05", "folder": str(tmp_path / "safe"), "key_file": "", "daily": "3", "weekly": "2",
            "monthly": "1"}  # fmt: skip
    for wrong, words in (({"at": "99:00"}, "hours and minutes"), ({"folder": "x"}, "whole path"),
                         ({"key_file": "/no.key"}, "no key file"), ({"daily": "a"}, "how many to keep"),
                         ({"folder": "/proc/x"}, "cannot write")):  # fmt: skip
        answer = ada.post("/settings/backup", {**form, **wrong})
        assert answer.status_code == 422
        assert words in answer.text
    assert ada.post("/settings/backup", form).status_code == 303
    assert ada.post("/settings/backup/now").status_code == 303
    assert "A backup is being made" in ada.get("/settings/backup").text
    do_jobs(space)
    page = ada.get("/settings/backup").text
    assert "There is no backup yet" not in page
    assert str(tmp_path / "safe") in page
    assert "not encrypted" in page


def test_everything_is_written_and_fetched_by_administrators_alone(
    space: Space, signed_in: Callable[[str], Any]
) -> None:
    ada, sam = signed_in("ada"), signed_in("sam")
    assert ada.post("/settings/data").status_code == 303
    assert "Being written" in ada.get("/settings/data").text
    do_jobs(space)
    (one,) = ready(space)
    assert one.name in ada.get("/settings/data").text
    answer = ada.get(f"/settings/data/{one.name}")
    assert (answer.status_code, answer.content[:2], answer.headers["cache-control"]) == (
        200, b"PK", "private, no-store")  # fmt: skip
    for path in ("/settings/data", "/settings/backup", f"/settings/data/{one.name}"):
        assert sam.get(path).status_code == 404
    for path in ("/settings/data", "/settings/backup/now", "/settings/backup"):
        assert sam.post(path).status_code == 404
    for name in ("x.zip", "..%2fdata.db", one.name[:-5] + "x.zip"):
        assert ada.get(f"/settings/data/{name}").status_code == 404
