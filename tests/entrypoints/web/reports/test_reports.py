"""Reports on both databases: every figure equals the rows, the list behind it and the other screens."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from html import unescape
from statistics import median_low
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from guanxi.apps.sales.reports.outcomes import median
from guanxi.base.errors import msg
from guanxi.base.i18n import L
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.reports import findings, sheets
from guanxi.entrypoints.web.reports.asked import read_asked
from guanxi.entrypoints.web.reports.pages import key_figures
from guanxi.entrypoints.web.reports.sheet import Column, Line, Sheet, as_csv
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Query
from tests.entrypoints.web.company import BOSS, MANAGER, SELLER, Company

PAGES = ("", "/funnel", "/results", "/results?by=product", "/results?by=month", "/outcomes", "/sources", "/rotting")


@pytest.fixture
def company(space: Space) -> Any:
    yield Company(space)
    render.ENV.clear()


def behind(work: Any, url: str) -> int:
    """How many records the list at that address shows."""
    parts = urlsplit(url)
    where = parse_qs(parts.query).get("where", [None])[0]
    return count(work, Query(parts.path.rpartition("/")[2], where=where), 0)[0]


def test_results_and_board_equal_rows_and_lists(company: Company) -> None:
    deals = company.rows("opportunity")
    for mail in (SELLER, MANAGER, BOSS):
        seen = [row for row in deals if company.reaches(mail, row)]
        with company.space.read(company.user(mail), timeout=60) as work:
            for by in ("owner", "team", "product", "region", "account"):
                asked = read_asked(work, "results", {"period": "this_year", "by": by, "owner": "all"})
                start, end = asked.bounds(work.today)
                assert start is not None
                assert end is not None
                won = [r for r in seen if r["state"] == "won" and start <= r["closed_on"] < end]
                sheet = sheets.results(work, asked)
                assert sheet.total is not None
                assert sheet.total.cells[1:3] == (len(won), sum(r["amount__b"] or 0 for r in won)), (mail, by)
                assert sum(line.cells[1] for line in sheet.lines) == len(won)
                for line in [*sheet.lines[:4], sheet.total]:
                    assert behind(work, line.urls[1]) == line.cells[1], (mail, by, line)
                    assert behind(work, line.urls[7]) == line.cells[7]
                    assert behind(work, line.urls[0]) == line.cells[1] + line.cells[4] + line.cells[7]
            figures = key_figures(work, read_asked(work, "", {"owner": "all"}))
            assert figures[0]["money"] == sum(r["amount__b"] or 0 for r in won)
            assert figures[1]["number"] == len(won) == behind(work, figures[1]["url"])
            assert figures[5]["number"] == behind(work, figures[5]["url"])


def test_funnel_counts_what_the_paths_say(company: Company) -> None:
    deals = company.rows("opportunity")
    for mail in (SELLER, MANAGER, BOSS):
        with company.space.read(company.user(mail), timeout=60) as work:
            asked = read_asked(work, "funnel", {"period": "all", "owner": "all"})
            sheet = sheets.funnel(work, asked)
            pipeline = min(work.catalog.config["pipeline"].values(), key=lambda r: (r["position"] or 0, r["id"]))["id"]
            mine = [r for r in deals if company.reaches(mail, r) and r["pipeline"] == pipeline]
            won = [r for r in mine if r["state"] == "won"]
            assert sheet.lines[-1].cells[1:3] == (len(won), sum(r["amount__b"] or 0 for r in won))
            assert sheet.lines[0].cells[1] == len(mine)
            for line in sheet.lines[:-1]:
                assert behind(work, line.urls[3]) == line.cells[3]
            here = Counter(r["state"] for r in mine)
            assert sum(line.cells[3] for line in sheet.lines[:-1]) == here["open"]
            assert sum(line.cells[6] for line in sheet.lines[:-1]) == here["lost"]
            assert sum(1 for line in sheet.lines if line.tone == "red") <= 1


def test_a_filter_narrows_and_a_team_means_all_below_it(company: Company) -> None:
    deals = [r for r in company.rows("opportunity") if r["state"] == "won"]
    with company.space.read(company.user(BOSS), timeout=60) as work:
        east = next(i for i, row in work.catalog.config["team"].items() if row["name"] == "华东销售部")
        below = {east} | {i for i, row in work.catalog.config["team"].items() if row["parent"] == east}
        product = next(r["product"] for r in deals if r["product"])
        asked = read_asked(work, "results", {"period": "all", "team": str(east), "product": str(product)})
        total = sheets.results(work, asked).total
        expected = [r for r in deals if r["team"] in below and r["product"] == product]
        assert total is not None
        assert total.cells[1] == len(expected)


def test_outcomes_and_sources_equal_the_rows(company: Company) -> None:
    deals, leads = company.rows("opportunity"), company.rows("lead")
    with company.space.read(company.user(BOSS), timeout=60) as work:
        asked = read_asked(work, "outcomes", {"period": "year"})
        start, end = asked.bounds(work.today)
        assert start is not None
        assert end is not None
        closed = [r for r in deals if r["closed_on"] is not None and start <= r["closed_on"] < end]
        won = [r for r in closed if r["state"] == "won"]
        total = sheets.outcomes(work, asked).total
        assert total is not None
        assert total.cells[1:3] == (len(won), len(closed) - len(won))
        assert total.cells[4] == median_low([r["closed_on"] - r["opened_on"] for r in won])
        sheet = sheets.sources(work, read_asked(work, "sources", {"period": "all"}))
        assert {line.cells[0]: line.cells[1] for line in sheet.lines if isinstance(line.cells[0], str)}
        assert sum(line.cells[1] for line in sheet.lines) == len(leads)
        by_origin = Counter(r["origin"] for r in leads)
        assert sorted(line.cells[1] for line in sheet.lines) == sorted(by_origin.values())
        for line in sheet.lines:
            assert behind(work, line.urls[1]) == line.cells[1]
        ways = sheets.ways(work, read_asked(work, "sources", {"period": "all"}))
        assert [line.cells[1] for line in ways.lines] == [len(leads)]


def test_pages_open_for_each_role_and_sellers_start_with_their_own(company: Company) -> None:
    for mail in (SELLER, MANAGER, BOSS):
        for path in PAGES:
            html = company.get(mail, f"/reports{path}")
            assert "<h1" in html or "<h2" in html
    with company.space.read(company.user(SELLER)) as work:
        assert read_asked(work, "results", {}).owner == company.user(SELLER)
        assert read_asked(work, "results", {"owner": "all"}).owner == 0
    assert company.signed_in(BOSS).get("/reports/nothing").status_code == 404
    assert company.signed_in(BOSS).get("/reports/results?period=never").status_code == 400


def test_csv_holds_the_table_on_the_page(company: Company) -> None:
    answer = company.signed_in(BOSS).get("/reports/results?by=owner&period=all&format=csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    won = [r for r in company.rows("opportunity") if r["state"] == "won"]
    assert rows[-1][1] == str(len(won))
    assert sum(int(row[1]) for row in rows[1:-1]) == len(won)


def test_csv_starts_no_formula() -> None:
    sheet = Sheet("x", msg("x"), msg("x"), (Column(L("Name", "名称"), "text"),), (Line(("=1+1",)),))
    assert as_csv(sheet, "en").decode("utf-8-sig").splitlines() == ["Name", "'=1+1"]


def test_the_median_is_that_of_the_values_written_out() -> None:
    for values in ([5], [1, 2], [1, 2, 9], [4, 4, 4, 8, 100], [3, 1, 2, 2]):
        assert median(Counter(values)) == median_low(values)
    assert median({}) is None


def test_findings_say_what_the_figures_say() -> None:
    assert str(findings.of_change(150, 100)) == "50% more won than in the same time last year"
    assert str(findings.of_change(50, 100)) == "50% less won than in the same time last year"
    assert str(findings.of_change(101, 100)) == "As much won as in the same time last year"
    assert findings.of_pareto([80, 10, 10])[1] == 1
    assert findings.percent(None) == "–"


def test_search_finds_by_pinyin_marks_it_and_leads_to_the_record(company: Company) -> None:
    account = next(r for r in company.rows("account") if re.match(r"[\u4e00-\u9fff]{4}", r["name"]))
    words = account["name"][:3]
    for path in (f"/palette?q={words}", f"/search?q={words}"):
        html = unescape(company.get(BOSS, path))
        assert f"<mark>{words}</mark>" in html
        assert f'href="/o/account/{account["id"]}"' in html
    assert 'href="/reports"' in company.get(BOSS, "/palette?q=报表")
    assert "/o/lead/new" in company.get(BOSS, "/palette?q=线索")
    commands = company.get(BOSS, f"/palette?q=>{words}")
    assert "/o/account/" not in commands
    recent = company.get(BOSS, f"/palette?q=&recent=account.{account['id']},account.1,nothing.2")
    assert account["name"] in unescape(recent)
    assert recent.count('href="/o/account/') == 1
