"""Lists, counts, records, boards and search by callers of every reach, beside the same questions by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bench.data import BASE, Company
from bench.measure import Line, Report, at, compare, timed
from bench.raw import Raw
from guanxi.kernel.records.output import converter
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.search import search
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

ASKED = {
    "contact": ("origin = ? AND sex = ?", ("website", "male")),
    "lead": ("state = ? AND rating = ?", ("new", "hot")),
    "opportunity": ("state = ? AND amount__b > ?", ("open", 3_000_000_000)),
}
QUERIES = {
    "contact": Query(
        "contact",
        'origin == "website" and sex == "male"',
        fields=("name", "account", "title", "mobile", "email", "last_activity_at", "tags", "owner"),
    ),
    "lead": Query(
        "lead",
        'state == "new" and rating == "hot"',
        fields=("name", "company", "state", "rating", "mobile", "origin", "last_activity_at", "owner"),
        sort=("-updated_at",),
    ),
    "opportunity": Query(
        "opportunity",
        'state == "open" and amount > 300000',
        fields=("name", "amount", "stage", "account", "close_on", "next_step", "next_step_on", "owner"),
    ),
}


def run(company: Company) -> Report:
    """All reads of one data set."""
    report = Report("reads", company.database, company.rows)
    raw = Raw(company)
    try:
        for name in QUERIES:
            for kind in company.callers:
                _list(report, company, raw, name, kind)
        _record(report, company, raw)
        _board(report, company, raw)
        _search(report, company, raw)
    finally:
        raw.close()
    return report


def listing(company: Company, user: int, query: Query) -> Callable[[], bytes]:
    """A list page as the API answers it."""

    def ask() -> bytes:
        with company.space.read(user) as work:
            page = find(work, query)
            shown = converter(work.catalog, work.catalog.object(query.object), page.fields)
            return msgspec.json.encode(list(map(shown, page.rows)))

    return ask


def counting(company: Company, user: int, query: Query) -> Callable[[], Any]:
    def ask() -> Any:
        with company.space.read(user) as work:
            return count(work, query)

    return ask


def reach_of(company: Company, user: int) -> tuple[str, tuple[int, ...]]:
    """What the caller may see, as somebody would write it by hand."""
    with company.space.read(user) as work:
        scope = work.actor.rights.scope("contact", "read")
        if scope == "all":
            return "", ()
        teams = work.actor.subtree if scope == "subtree" else work.actor.teams if scope == "team" else ()
        if not teams:
            return " AND owner = ?", (user,)
        marks = ", ".join("?" * len(teams))
        return f" AND (owner = ? OR team IN ({marks}))", (user, *teams)


def _list(report: Report, company: Company, raw: Raw, name: str, kind: str) -> None:
    user, query = company.callers[kind], QUERIES[name]
    condition, values = ASKED[name]
    reach, mine = reach_of(company, user)
    head = f"FROM {name} WHERE trashed_at IS NULL AND {condition}{reach}"
    with company.space.read(user) as work:
        shape = work.catalog.object(name)
        columns = [work.catalog.field(shape, f).column for f in query.fields]
    sql = f"SELECT id, version, {', '.join(columns)}, updated_at {head} ORDER BY updated_at DESC, id DESC LIMIT 50"
    counted = f"SELECT count(*) FROM (SELECT 1 {head} LIMIT 1001) AS c"
    params = (*values, *mine)
    shown = compare(f"list {name}, {kind}", listing(company, user, query), lambda: raw.rows(sql, params))
    over = shown.ours - (shown.raw or 0)
    report.add(Line(shown.name, shown.ours, shown.raw, p95=shown.p95, goal="≤ 1.2 ms over", note=f"over {over:.2f}"))
    report.add(
        compare(
            f"count {name}, {kind}",
            counting(company, user, query),
            lambda: raw.rows(counted, params),
            repeats=20,
            goal="≤ 3×",
        )
    )


def _record(report: Report, company: Company, raw: Raw) -> None:
    user, ident = company.callers["team"], BASE + 100_000_000 + 14
    with company.space.read(company.callers["team"]) as work:
        found = find(work, Query("contact", limit=50)).rows
        ident = found[25]["id"]

    def ask() -> bytes:
        with company.space.read(user) as work:
            row = get(work, "contact", ident)
            names = [f.name for f in work.catalog.object("contact").fields if f.type != "formula"]
            return msgspec.json.encode(converter(work.catalog, work.catalog.object("contact"), names)(row))

    report.add(compare("one contact", ask, lambda: raw.rows("SELECT * FROM contact WHERE id = ?", (ident,))))


def _board(report: Report, company: Company, raw: Raw) -> None:
    sql = (
        "SELECT stage, count(*), sum(amount__b) FROM opportunity WHERE trashed_at IS NULL AND state = 'open' GROUP BY 1"
    )
    for kind in ("all", "team", "own"):
        user = company.callers[kind]
        reach, mine = reach_of(company, user)
        asked = sql.replace(" GROUP BY", f"{reach} GROUP BY")

        def ask(user: int = user) -> Any:
            with company.space.read(user, timeout=30) as work:
                return tally(work, Query("opportunity", 'state == "open"'), ("stage",), ("amount",))

        def by_hand(asked: str = asked, mine: tuple[int, ...] = mine) -> Any:
            return raw.rows(asked, mine)

        deals = company.rows * 3 // 50
        report.add(compare(f"board of {deals:,} open deals, {kind}", ask, by_hand, repeats=8, goal="1 query"))


def _search(report: Report, company: Company, raw: Raw) -> None:
    """No hand-written equal: a scan by LIKE is what one would write, measured once for orientation."""
    with company.space.read(company.callers["all"]) as work:
        some = find(work, Query("contact", limit=300, fields=("name", "mobile"))).rows[::15]
    for kind in ("all", "team"):
        words = {
            "two Chinese characters": [row["name"][1:3] for row in some],
            "whole name": [row["name"] for row in some],
            "phone tail": [row["mobile"][-4:] for row in some],
            "initials": ["wxm", "zhj", "lxy", "cyx", "hjy"] * 4,
        }
        for what, texts in words.items():
            times = [_searched(company, company.callers[kind], text) for text in [*texts, *texts]][len(texts) :]
            report.add(Line(f"search {what}, {kind}", at(times, 0.5), p95=at(times, 0.95), goal="p95 flat"))
    tail = some[0]["name"][1:3]
    scan = timed(lambda: raw.rows("SELECT id FROM contact WHERE name LIKE ? AND trashed_at IS NULL", (f"%{tail}%",)))
    report.add(Line("search by LIKE, by hand, all hits", scan))


def _searched(company: Company, user: int, text: str) -> float:
    def ask() -> None:
        with company.space.read(user) as work:
            search(work, text, ("contact",))

    return timed(ask)
