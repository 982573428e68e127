"""One record created or changed by API, beside a bare INSERT or UPDATE with commit on the same table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from bench.data import Company, token_for
from bench.measure import Line, Report, compare
from bench.raw import Raw
from bench.service import Client, served
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

REPEATS = 200
FIRST = 9_000_000_000_000_000_000  # ids of bare rows; taken out at the end


def run(company: Company) -> Report:
    """Creates and updates, over HTTP and in the process."""
    report, raw = Report("writes", company.database, company.rows), Raw(company)
    goal = "≤ 4×" if company.database == "postgresql" else "≤ 6×"
    user = company.callers["team"]
    numbers = count(time.time_ns() // 1_000_000 % 10**9)
    insert, update = _bare(company, raw, numbers)
    with served(company) as (port, _):
        client = Client(port, token_for(company, user))
        made = json.loads(client.ask("POST", "/contact", _values(next(numbers))))
        state = {"version": made["version"]}

        def change() -> None:
            body = {"version": state["version"], "title": f"经理 {next(numbers)}"}
            state["version"] = json.loads(client.ask("PATCH", f"/contact/{made['id']}", body))["version"]

        def create() -> None:
            client.ask("POST", "/contact", _values(next(numbers)))

        report.add(compare("create a contact over HTTP", create, insert, repeats=REPEATS, goal=goal))
        report.add(compare("change a contact over HTTP", change, update, repeats=REPEATS, goal=goal))
        report.add(compare("HTTP alone (who am I)", lambda: client.ask("GET", "/me"), lambda: raw.rows("SELECT 1")))
        client.connection.close()
    _in_process(report, company, user, numbers, insert, update)
    raw.run("DELETE FROM contact WHERE id >= ?", (FIRST,))
    raw.close()
    return report


def _values(number: int) -> dict[str, Any]:
    return {
        "name": f"基准{number}",
        "mobile": f"139{number % 10**8:08d}",
        "email": f"b{number}@example.com",
        "title": "工程师",
        "origin": "website",
        "sex": "male",
    }


def _bare(company: Company, raw: Raw, numbers: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """The same columns by hand, in a transaction of their own."""
    with company.space.read(company.callers["all"]) as work:
        columns = [c for c in work.catalog.columns(work.catalog.object("contact")) if c not in ("id", "version")]
    row = raw.rows(f"SELECT {', '.join(columns)} FROM contact ORDER BY id DESC LIMIT 1")[0]
    sql = f"INSERT INTO contact (id, version, {', '.join(columns)}) VALUES ({', '.join('?' * (len(columns) + 2))})"
    first = FIRST + time.time_ns() // 1_000_000 % 10**12 * 1_000
    raw.run(sql, (first, 1, *row))

    def insert() -> None:
        raw.run(sql, (first + 1 + next(numbers), 1, *row))

    def update() -> None:
        now = time.time_ns() // 1000
        raw.run(
            "UPDATE contact SET title = ?, title__k = ?, version = version + 1, updated_at = ? WHERE id = ?",
            (f"经理 {next(numbers)}", "jing li", now, first),
        )

    return insert, update


def _in_process(
    report: Report, company: Company, user: int, numbers: Any, insert: Callable[[], None], update: Callable[[], None]
) -> None:
    space = company.space
    sent = [0]

    def create() -> int:
        with space.write(user) as work:
            saved = save(work, [Change("create", "contact", _values(next(numbers)))])
        sent[0] = work.session.statements
        return saved.id

    ident = create()

    def change() -> None:
        with space.write(user) as work:
            save(work, [Change("edit", "contact", {"title": f"经理 {next(numbers)}"}, id=ident)])
        sent[0] = work.session.statements

    line = compare("create a contact in the process", create, insert, repeats=REPEATS)
    report.add(Line(line.name, line.ours, line.raw, p95=line.p95, goal="≤ 12 statements", note=f"{sent[0]} sent"))
    line = compare("change a contact in the process", change, update, repeats=REPEATS)
    report.add(Line(line.name, line.ours, line.raw, p95=line.p95, goal="≤ 12 statements", note=f"{sent[0]} sent"))
