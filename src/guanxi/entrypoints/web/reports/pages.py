"""Addresses of the reports: the board, one report, its table as CSV."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.errors import Forbidden, NotFound, msg
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.render import url
from guanxi.entrypoints.web.reports import findings, sheets
from guanxi.entrypoints.web.reports.asked import BY, PERIODS, Asked, choices, read_asked
from guanxi.entrypoints.web.reports.sheet import Sheet, as_csv
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.shell import page
from guanxi.kernel.records.export import may_export
from guanxi.kernel.records.filters import askable
from guanxi.kernel.records.read import target_of
from guanxi.kernel.reports.run import run_report

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

SECONDS = 20.0
TABS: dict[str, Label] = {
    "": L("Overview", "总览"),
    "funnel": L("Funnel", "漏斗"),
    "results": L("Results", "业绩"),
    "outcomes": L("Win rate", "赢率与周期"),
    "sources": L("Lead sources", "线索来源"),
    "rotting": L("Standing still", "停滞商机"),
}
OBJECT = {"sources": "lead", "ways": "lead"}
SUMMED = ("amount", "weighted", "state", "closed_on")
BY_OF = {"results": tuple(BY), "outcomes": ("month", "quarter")}


def show_board(request: Request) -> Response:
    """`/reports`"""
    me = visit(request)
    with me.space.read(me.user, timeout=SECONDS) as work:
        target_of(work, "opportunity")
        _check_sums(work, "")
        asked = read_asked(work, "", request.query_params)
        cells = [
            ("", sheets.funnel(work, asked)),
            ("8", sheets.trend(work, asked)),
            ("", sheets.pareto(work, asked)),
            *(("", sheet) for sheet in _groups(work, asked)),
        ]
        if work.actor.rights.scope("lead", "read") != "none":
            cells.append(("6", sheets.sources(work, asked)))
        cells.append(("6", sheets.outcomes(work, asked)))
        context = {**_frame(work, asked), "figures": key_figures(work, asked), "cells": cells}
    return page(request, "reports/board.html", me, active="reports", **context)


def _groups(work: Work, asked: Asked) -> list[Sheet]:
    """Two groupings that say something: where all that was won lies in one group there is nothing to compare."""
    found: list[Sheet] = []
    for by in ("region", "owner", "product", "origin"):
        sheet = sheets.results(work, replace(asked, by=by))
        if sum(1 for line in sheet.lines if line.cells[2]) > 1:
            found.append(sheet)
        if len(found) == 2:
            break
    return found


def show_report(request: Request) -> Response:
    """`/reports/{name}`, with `format=csv` its table."""
    me, name = visit(request), str(request.path_params["name"])
    if name not in sheets.SHEETS:
        raise NotFound
    with me.space.read(me.user, timeout=SECONDS) as work:
        target_of(work, OBJECT.get(name, "opportunity"))
        _check_sums(work, name)
        asked = read_asked(work, name, request.query_params)
        sheet = sheets.SHEETS[name](work, asked)
        if request.query_params.get("format") == "csv":
            may_export(work, OBJECT.get(name, "opportunity"))
            headers = {"Content-Disposition": f'attachment; filename="guanxi-{name}.csv"'}
            return Response(as_csv(sheet, me.locale.language), media_type="text/csv; charset=utf-8", headers=headers)
        also = sheets.ways(work, asked) if name == "sources" else None
        context = {**_frame(work, asked), "sheet": sheet, "also": also, "may_export": _may_export(work, name)}
    return page(request, "reports/page.html", me, active="reports", **context)


def _check_sums(work: Work, name: str) -> None:
    """Sums over values that the visitor does not read in clear would tell them: said in one sentence."""
    if OBJECT.get(name, "opportunity") == "opportunity" and askable(work, "opportunity", *SUMMED) != SUMMED:
        raise Forbidden(msg("Reports add up amounts, which your roles do not show in clear. Lists and records work."))


def _may_export(work: Work, name: str) -> bool:
    return work.actor.rights.scope(OBJECT.get(name, "opportunity"), "export") != "none"


def _frame(work: Work, asked: Asked) -> dict[str, Any]:
    tabs = [
        {"text": label, "url": asked.url(name), "on": name == asked.report}
        for name, label in TABS.items()
        if work.actor.rights.scope(OBJECT.get(name, "opportunity"), "read") != "none"
    ]
    return {
        "asked": asked,
        "tabs": tabs,
        "periods": [] if asked.report == "rotting" else list(PERIODS.items()),
        "groups": [(key, BY[key]) for key in BY_OF.get(asked.report, ())],
        "boxes": choices(work, asked),
        "percent": findings.percent,
        "action": f"/reports/{asked.report}".rstrip("/"),
    }


def key_figures(work: Work, asked: Asked) -> list[dict[str, Any]]:
    """Won, open, win rate, cycle, standing still: each with what it is compared with, each leading to its records."""
    start, end = asked.bounds(work.today)
    first, last = asked.earlier(work.today)
    where = asked.where(work)
    now = run_report(work, "outcomes", by="quarter", start=start, end=end, where=where)["total"]
    then = run_report(work, "outcomes", by="quarter", start=first, end=last, where=where)["total"] if last else None
    total = run_report(work, "results", by="owner", start=start, end=end, where=where)["total"]
    still = run_report(work, "rotting", where=where, limit=0, totals=True)
    deals = "/o/opportunity"
    return [
        {"label": L("Won", "赢单额"), "money": total.won_amount, "before": then.won_amount if then else None,
         "url": url(deals, where=total.won_filter)},
        {"label": L("Deals won", "赢单数"), "number": total.won, "before": then.won if then else None,
         "url": url(deals, where=total.won_filter)},
        {"label": L("Win rate", "赢率"), "percent": total.win_rate, "before": then.win_rate if then else None,
         "url": asked.url("outcomes")},
        {"label": L("Median days to win", "成交周期（天）"), "number": now.median_days, "days": True,
         "before": then.median_days if then else None, "url": asked.url("outcomes")},
        {"label": L("Open, weighted", "在谈加权额"), "money": total.weighted, "of": total.open_amount,
         "url": url(deals, where=" and ".join(p for p in ('state = "open"', where) if p))},
        {"label": L("Standing still", "停滞商机"), "number": still["count"], "of": still["amount"],
         "url": url(deals, where=still["where"])},
    ]  # fmt: skip


ROUTES = (
    Route("/reports", show_board, methods=["GET"]),
    Route("/reports/{name}", show_report, methods=["GET"]),
)
