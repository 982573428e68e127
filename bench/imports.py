"""A CSV file of contacts with checks, log and history, beside the same rows put into the same table by hand."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

from bench.data import Company, _key
from bench.measure import Line, Report
from bench.raw import Raw
from bench.service import memory_of
from guanxi.kernel.access.actors import system
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import ColumnMap, FileMap
from guanxi.kernel.imports.run import execute
from guanxi.kernel.imports.table import open_table
from guanxi.kernel.records.undo import undo

LOADED = 20_000
HEADER = ("name", "mobile", "email", "title", "origin", "sex")
FIRST = 8_000_000_000_000_000_000
BATCH = 2_000


def run(company: Company) -> Report:
    """Rows a second, ours and by hand; what was imported is taken out again."""
    report = Report("imports", company.database, company.rows)
    rows = [(f"导入{n}", f"+86136{n:08d}", f"i{n}@example.com", "经理", "website", "male") for n in range(LOADED)]
    raw = Raw(company)
    before = memory_of_self()
    took = _ours(company, rows)
    after = memory_of_self()
    by_hand = _by_hand(raw, rows)
    raw.close()
    share = by_hand / took
    name = f"import {LOADED:,} rows of CSV"
    note = f"{share:.0%} of raw; +{after - before:.0f} MB"
    report.add(Line(name, LOADED / took, LOADED / by_hand, unit="/s", goal="≥ 20 % of raw", note=note))
    return report


def memory_of_self() -> float:
    """Resident MB of this process."""
    import os

    return memory_of(os.getpid())[0]


def _ours(company: Company, rows: Sequence[tuple[str, ...]]) -> float:
    space, text = company.space, io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    who = system("bench")
    with space.write(who) as work:
        job = state.new_run(work, "contact", "bench.csv")
        state.keep_file(space, job, [text.getvalue().encode()])
        table = open_table(state.path_of(space, job), "bench.csv")
        columns = tuple(ColumnMap(name, name) for name in HEADER)
        state.set_map(work.session, job, FileMap(columns, columns=table.header))
    start = time.perf_counter()
    done = execute(space, job)
    took = time.perf_counter() - start
    if done.created != len(rows):
        raise RuntimeError(f"imported {done.created} of {len(rows)} rows")
    undo(space, who, done.operation or 0)
    return took


def _by_hand(raw: Raw, rows: Sequence[tuple[str, ...]]) -> float:
    """The same columns as a saved record has, with its sort keys, by executemany or COPY in batches of one commit."""
    now = time.time_ns() // 1000
    columns = (
        "id, version, owner, team, source, created_at, created_by, updated_at, updated_by, name, name__k, mobile,"
        " email, title, title__k, origin, sex"
    )
    first = FIRST + now % 10**12 * 100_000
    each = (
        (first + n, 1, 1, 1, "import", now, 1, now, 1, r[0], _key(r[0]), r[1], r[2], r[3], _key(r[3]), r[4], r[5])
        for n, r in enumerate(rows)
    )
    start = time.perf_counter()
    while batch := list(islice(each, BATCH)):
        _put(raw, columns, batch)
    took = time.perf_counter() - start
    raw.run("DELETE FROM contact WHERE id >= ?", (FIRST,))
    return took


def _put(raw: Raw, columns: str, batch: list[tuple[Any, ...]]) -> None:
    if raw.lite is not None:
        raw.lite.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(batch[0]))
        raw.lite.executemany(f"INSERT INTO contact ({columns}) VALUES ({marks})", batch)
        raw.lite.execute("COMMIT")
    elif raw.post is not None:
        with raw.post.cursor() as cursor, cursor.copy(f"COPY contact ({columns}) FROM STDIN".encode()) as copy:
            for row in batch:
                copy.write_row(row)
