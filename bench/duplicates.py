"""The check for duplicates at entry, what keys cost a save, and the search through everything."""

from __future__ import annotations

import random
import resource
import time
from itertools import count
from statistics import median
from typing import Any

from bench.data import Company
from bench.measure import Line, Report, alternate, at
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.duplicates.search import search_object
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.records import store
from guanxi.kernel.records.duplicates import LooksLike, look, row_of
from guanxi.kernel.records.match_keys import live_rows
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

REPEATS = 300


def run(company: Company) -> Report:
    """Fills the keys first: the company was loaded past `save`."""
    report = Report("duplicates", company.database, company.rows)
    before, cpu = time.perf_counter(), time.process_time()
    state = search_object(company.space, "contact", full=True)
    report.add(Line("keys and search of all contacts", (time.perf_counter() - before) * 1000,
                    note=f"{state.records} records, {state.pairs} pairs, {time.process_time() - cpu:.0f} CPU-s,"
                    f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most"))  # fmt: skip
    _entry(report, company)
    _saves(report, company)
    return report


def _sample(company: Company) -> tuple[Object, list[dict[str, Any]]]:
    """Rows like those that are there: same phone, or same name at the same account."""
    with company.space.read(company.callers["all"]) as work:
        target = work.catalog.object("contact")
        plan = plan_of(work.catalog, target)
        assert plan is not None
        rows = live_rows(work.session, target, plan.columns, 0, 50_000)
    return target, [dict(r, id=0) for r in random.Random(1).sample(rows, min(REPEATS, len(rows)))]


def _entry(report: Report, company: Company) -> None:
    target, rows = _sample(company)
    times, found = [], 0
    with company.space.read(company.callers["team"], timeout=600.0) as work:
        look(work, target, [row_of(work, target, {"name": "x"})])
        for row in rows:
            before = time.perf_counter()
            (one,) = look(work, target, [row])
            times.append((time.perf_counter() - before) * 1000)
            found += bool(one)
    note = f"{found} of {len(rows)} found"
    report.add(Line("check at entry", median(times), p95=at(times, 0.95), goal="≤ 5 ms", note=note))


def _saves(report: Report, company: Company) -> None:
    user, numbers = company.callers["team"], count(time.time_ns() // 1_000_000 % 10**9)
    keep = store.add_keys

    def create(policy: Any) -> None:
        n = next(numbers)
        values = {"name": f"基准{n}", "mobile": f"139{n % 10**8:08d}", "email": f"b{n}@example.com"}
        try:
            with company.space.write(user) as work:
                save(work, [Change("create", "contact", values)], duplicates=policy)
        except LooksLike:
            pass

    def without() -> None:
        store.add_keys = lambda *_: None
        try:
            create("allow")
        finally:
            store.add_keys = keep

    ways = (("create with keys", "allow", "≤ 1.2×"), ("create with check and keys", "ask", "≤ 1.6×"))
    for name, policy, goal in ways:
        ours, raw = alternate(lambda p=policy: create(p), without, REPEATS)  # type: ignore[misc]  # a lambda's default
        report.add(Line(name, median(ours), median(raw), p95=at(ours, 0.95), goal=goal, note="beside a create without"))
