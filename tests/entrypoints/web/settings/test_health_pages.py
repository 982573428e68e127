"""Health and the security check as pages: what they show, and the buttons of failed jobs."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.kernel.access.actors import system
from guanxi.kernel.admin import health, scan
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import enqueue, run_due
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


def dead(space: Space) -> int:
    with space.db.write() as session:
        ident = enqueue(session, "unknown kind", max_attempts=1)
    run_due(space.db, {}, worker="t")
    return ident


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_failed_jobs_are_shown_retried_and_discarded(space: Space, admin: Any, sales: Any, language: str) -> None:
    with space.write(system("test")) as work:
        save(work, [Change("edit", "user", {"language": language}, id=admin.user)])
    first, second = dead(space), dead(space)
    page = admin.get("/settings/health").text
    assert page.count("unknown kind") >= 2
    assert ("No background worker" in page) is (language == "en")
    assert sales.get("/settings/health").status_code == 404
    assert sales.post(f"/settings/health/jobs/{first}/discard").status_code == 404
    assert admin.post(f"/settings/health/jobs/{first}/discard").status_code == 303
    assert admin.post(f"/settings/health/jobs/{first}/retry").status_code == 404
    assert admin.post(f"/settings/health/jobs/{second}/retry").status_code == 303
    health.beat(space)
    after = admin.get("/settings/health").text
    assert "unknown kind" not in after
    assert ("All is well" if language == "en" else "一切正常") in after


def test_the_report_of_the_check_is_on_its_page(space: Space, admin: Any, sales: Any) -> None:
    assert "Not checked yet" in admin.get("/settings/security-check").text
    assert sales.get("/settings/security-check").status_code == 404
    assert admin.post("/settings/security-check").status_code == 303
    jobs = {scan.KIND: lambda run: scan.run_scan(lambda: scan.Surroundings(packages=False), space, run)}
    assert run_due(space.db, jobs, worker="t", queues=("bulk",)) == 1
    page = admin.get("/settings/security-check").text
    assert "There is no backup" in page
    assert "not checked" in page
