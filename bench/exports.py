"""All contacts as CSV, beside a bare SELECT written to CSV."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from tempfile import TemporaryFile

from bench.data import Company
from bench.imports import memory_of_self
from bench.measure import Line, Report
from bench.raw import Raw
from guanxi.kernel.records.export import export
from guanxi.kernel.records.types import Query

FIELDS = ("name", "account", "title", "mobile", "email", "origin", "sex", "owner", "created_at", "updated_at")
MOST = 200_000


def run(company: Company) -> Report:
    """Rows a second; at most 200,000 of them, since the rate does not depend on how many."""
    report, raw = Report("exports", company.database, company.rows), Raw(company)
    last = 10_000_000_000 + 100_000_000 + MOST
    before = memory_of_self()
    start = time.perf_counter()
    with TemporaryFile() as out, company.space.read(company.callers["all"], timeout=600) as work:
        done = export(work, Query("contact", f"id < {last}" if company.rows > MOST else None, fields=FIELDS), out)
    took = time.perf_counter() - start
    more = memory_of_self() - before
    start = time.perf_counter()
    with Path("/dev/null").open("w") as nowhere:
        writer = csv.writer(nowhere)
        sql = f"SELECT id, {', '.join(FIELDS)} FROM contact WHERE trashed_at IS NULL AND id < ? ORDER BY id"
        cursor = (raw.lite or raw.post).execute(sql if raw.lite else sql.replace("?", "%s"), (last,))  # type: ignore[union-attr]  # one of the two is there
        while rows := cursor.fetchmany(1_000):
            writer.writerows(rows)
    by_hand = time.perf_counter() - start
    raw.close()
    note = f"{by_hand / took:.0%} of raw; +{more:.0f} MB"
    line = Line(f"export {done:,} rows", done / took, done / by_hand, unit="/s", goal="≥ 30 % of raw", note=note)
    report.add(line)
    return report
