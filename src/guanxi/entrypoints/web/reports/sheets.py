"""The reports as sheets: figures of the apps, the finding, the chart, links to the records behind each figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from guanxi.base.dates import add_months, from_day, period_start
from guanxi.base.errors import msg
from guanxi.base.i18n import L, Label, translate
from guanxi.base.money import compact_money
from guanxi.entrypoints.web.render import url
from guanxi.entrypoints.web.reports import drawing, findings
from guanxi.entrypoints.web.reports.asked import BY, OF_LEADS, PERIODS, Asked
from guanxi.entrypoints.web.reports.sheet import Column, Line, Sheet
from guanxi.kernel.reports.run import run_report

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

DEALS = "/o/opportunity"
MOST_BARS = 10
NONE = L("None given", "未填")
TOTAL = L("Total", "合计")


def t(work: Work, text: str, **gaps: Any) -> str:
    """A sentence in the caller's language, for what stands inside charts."""
    return translate(text, work.actor.language, **gaps)


def _compact(work: Work, amount: int) -> str:
    return compact_money(amount, work.env.currency, work.actor.language)


def funnel(work: Work, asked: Asked) -> Sheet:
    """Deals begun in the period, stage by stage."""
    start, end = asked.bounds(work.today)
    parts = [_days("opened_on", start, end), replace(asked, pipeline=0).where(work)]
    where = " and ".join(part for part in parts if part) or None
    found = run_report(work, "funnel", pipeline=asked.pipeline or None, where=where)
    steps = found["steps"]
    inside = f"pipeline = {found['pipeline']}" + (f" and {where}" if where else "")
    pipeline = work.catalog.config["pipeline"].get(found["pipeline"] or 0, {"name": "", "name_en": ""})
    named = Label(pipeline["name_en"] or pipeline["name"], pipeline["name"])
    columns = (
        Column(L("Stage", "阶段"), "text"),
        Column(L("Reached it", "到过")),
        Column(L("Amount", "金额"), "money"),
        Column(L("There now", "现在这里")),
        Column(L("Amount there", "这里的金额"), "money"),
        Column(L("Went on", "往下走了")),
        Column(L("Lost here", "在这丢的")),
        Column(L("Conversion", "转化率"), "percent"),
    )
    lines = [
        Line(
            (Label(s.name_en, s.name), s.reached, s.amount, s.here, s.here_amount, s.moved, s.lost, s.conversion),
            {3: url(DEALS, where=f"{inside} and {s.filter}")},
            "red" if s.weakest else "",
        )
        for s in steps
    ]
    won = Line(
        (L("Won", "赢单"), found["won"], found["won_amount"], None, None, None, None, found["win_rate"]),
        {1: url(DEALS, where=f'{inside} and state = "won"')},
        "green",
    )
    return Sheet(
        "funnel",
        findings.of_funnel(steps, found["won"]),
        msg("Deals begun in the period: {period}, pipeline {pipeline}", period=PERIODS[asked.period], pipeline=named),
        columns,
        [*lines, won],
        steps=_bars(steps, found, inside),
    )


def _bars(steps: Any, found: Mapping[str, Any], inside: str) -> list[dict[str, Any]]:
    most = max((step.amount for step in steps), default=0) or 1
    bars = [
        {
            "name": Label(step.name_en, step.name),
            "amount": step.amount,
            "count": step.reached,
            "percent": 100 * step.amount / most,
            "rate": findings.percent(step.conversion),
            "weakest": step.weakest,
            "tone": "",
            "url": url(DEALS, where=f"{inside} and {step.filter}"),
        }
        for step in steps
    ]
    won = {"name": L("Won", "赢单"), "amount": found["won_amount"], "count": found["won"], "rate": "", "weakest": False,
           "percent": 100 * found["won_amount"] / most, "tone": "green",
           "url": url(DEALS, where=f'{inside} and state = "won"')}  # fmt: skip
    return [*bars, won] if steps else []


def _days(field: str, start: int | None, end: int | None) -> str:
    parts = [f'{field} >= "{from_day(start)}"'] if start is not None else []
    parts += [f'{field} < "{from_day(end)}"'] if end is not None else []
    return " and ".join(parts)


def results(work: Work, asked: Asked) -> Sheet:
    """Won and lost per group, what is open, each leading to its records."""
    start, end = asked.bounds(work.today)
    found = run_report(work, "results", by=asked.by, start=start, end=end, where=asked.where(work))
    rows, total = found["rows"], found["total"]
    timed = asked.by in ("month", "quarter")
    title = _trend_title(work, asked, total.won_amount) if timed else findings.of_groups(rows, total.won_amount)
    columns = [
        Column(BY[asked.by], "text"),
        Column(L("Deals won", "赢单数")),
        Column(L("Won amount", "赢单额"), "money"),
        Column(L("Share", "占比"), "percent"),
        Column(L("Lost", "丢单数")),
        Column(L("Win rate", "赢率"), "percent"),
        Column(L("Average", "平均单价"), "money"),
        Column(L("Open", "进行中")),
        Column(L("Open amount", "进行中金额"), "money"),
    ]
    keep = len(columns) - 2 if timed else len(columns)  # what is open now belongs to no month of the past
    lines = [_result(row, total, keep) for row in rows]
    shown = [row for row in (rows if timed else rows[:MOST_BARS]) if row.won_amount or timed]
    size, unit = drawing.unit_of([row.won_amount for row in shown], work.actor.language)
    amounts = drawing.scaled([row.won_amount for row in shown], size)
    named = [row.name or NONE.in_(work.actor.language) for row in shown]
    measure = t(work, "Won amount ({unit})", unit=unit) if unit else t(work, "Won amount")
    if timed:
        chart = drawing.standing(named, [(measure, amounts, "var:s4")])
    else:
        addresses = [url(DEALS, where=row.won_filter) for row in shown]
        written = [_compact(work, row.won_amount) for row in shown]
        chart = drawing.lying(list(zip(named, amounts, written, addresses, strict=True)), measure)
    return Sheet(
        "results",
        title,
        msg("Won amount, {period}", period=PERIODS[asked.period]),
        columns[:keep],
        lines,
        _result(replace(total, name=TOTAL), total, keep),
        chart if shown else None,
    )


def _result(row: Any, total: Any, keep: int) -> Line:
    cells = (row.name or NONE, row.won, row.won_amount, findings.share(row.won_amount, total.won_amount), row.lost,
             row.win_rate, row.average_won, row.open, row.open_amount)  # fmt: skip
    won, every = url(DEALS, where=row.won_filter), url(DEALS, where=row.filter or None)
    open_ = url(DEALS, where=" and ".join(p for p in ('state = "open"', _bracket(row.filter)) if p))
    return Line(cells[:keep], {0: every, 1: won, 2: won, 7: open_, 8: open_})


def _bracket(condition: str) -> str:
    return f"({condition})" if condition else ""


def _trend_title(work: Work, asked: Asked, now: int) -> Any:
    start, end = asked.earlier(work.today)
    if start is None or end is None:
        return findings.of_change(0, 0) if not now else msg("All that was ever won, period by period")
    before = run_report(work, "results", by="year", start=start, end=end, where=asked.where(work))
    return findings.of_change(now, before["total"].won_amount)


def trend(work: Work, asked: Asked) -> Sheet:
    """Won per month over twelve months beside the twelve before."""
    first = add_months(period_start("month", work.today), -11)
    begin = add_months(first, -12)
    found = run_report(work, "results", by="month", start=begin, end=work.today + 1, where=asked.where(work))
    by_month = {row.key: row for row in found["rows"]}
    months = [add_months(first, n) for n in range(12)]
    now = [by_month[m].won_amount if m in by_month else 0 for m in months]
    past = [by_month[p].won_amount if (p := add_months(m, -12)) in by_month else 0 for m in months]
    size, unit = drawing.unit_of([*now, *past], work.actor.language)
    labels = [f"{from_day(m).year % 100:02}/{from_day(m).month:02}" for m in months]
    measure, earlier = t(work, "Last 12 months"), t(work, "The 12 before")
    chart = drawing.years(
        labels,
        (f"{measure}{f' ({unit})' if unit else ''}", drawing.scaled(now, size)),
        (earlier, drawing.scaled(past, size)),
    )
    columns = (
        Column(L("Month", "月份"), "text"),
        Column(L("Won amount", "赢单额"), "money"),
        Column(L("Year before", "上年同月"), "money"),
    )
    lines = [
        Line((label, a, b), {1: url(DEALS, where=by_month[m].won_filter)} if m in by_month else {})
        for label, a, b, m in zip(labels, now, past, months, strict=True)
    ]
    whole = findings.of_change(sum(now[:-1]), sum(past[:-1]))  # the month that still runs would look like a fall
    return Sheet("results", whole, msg("Won per month; the running month is left out of the comparison"), columns,
                 lines, Line((TOTAL, sum(now), sum(past))), chart)  # fmt: skip


def outcomes(work: Work, asked: Asked) -> Sheet:
    """Win rate and median days to win, by month or quarter."""
    start, end = asked.bounds(work.today)
    by = "quarter" if asked.by == "quarter" or asked.period == "all" else "month"
    found = run_report(work, "outcomes", by=by, start=start, end=end, where=asked.where(work))
    rows, total = found["rows"], found["total"]
    columns = (
        Column(L("Period", "时间"), "text"),
        Column(L("Deals won", "赢单数")),
        Column(L("Lost", "丢单数")),
        Column(L("Win rate", "赢率"), "percent"),
        Column(L("Median days to win", "成交周期中位数（天）"), "days"),
        Column(L("Won amount", "赢单额"), "money"),
    )
    rates = [None if row.win_rate is None else round(row.win_rate / 100, 1) for row in rows]
    chart = drawing.bars_and_line(
        [row.name for row in rows],
        (t(work, "Days to win"), [row.median_days for row in rows]),
        (t(work, "Win rate %"), rates),
    )
    lines = [_outcome(row, {0: url(DEALS, where=row.filter)}) for row in rows]
    return Sheet(
        "outcomes",
        findings.of_outcomes(rows, total),
        msg("Deals closed in the period: {period}; half of the won ones took at most {days} days",
            period=PERIODS[asked.period], days=total.median_days or 0),
        columns,
        lines,
        _outcome(replace(total, name=TOTAL), {}),
        chart if rows else None,
    )  # fmt: skip


def _outcome(row: Any, urls: Mapping[int, str]) -> Line:
    return Line((row.name, row.won, row.lost, row.win_rate, row.median_days, row.won_amount), urls)


def sources(work: Work, asked: Asked) -> Sheet:
    """New leads per origin, and what became of them."""
    return _sources(work, asked, "rows")


def ways(work: Work, asked: Asked) -> Sheet:
    """The same by the way the leads came in: form, import, API …"""
    return _sources(work, asked, "ways")


def _sources(work: Work, asked: Asked, which: str) -> Sheet:
    start, end = asked.bounds(work.today)
    found = run_report(work, "lead_sources", start=start, end=end, where=asked.where(work, OF_LEADS))
    rows, total = found[which], found["total"]
    first = L("Source", "来源") if which == "rows" else L("Came in by", "进入方式")
    columns = (
        Column(first, "text"),
        Column(L("New leads", "新线索")),
        Column(L("Still open", "还在跟")),
        Column(L("Converted", "已转化")),
        Column(L("Unqualified", "无效")),
        Column(L("Conversion", "转化率"), "percent"),
    )
    bars = [
        (row.name or NONE.in_(work.actor.language), row.count, f"{row.count:,}", url("/o/lead", where=row.filter))
        for row in rows[:MOST_BARS]
    ]
    return Sheet(
        "sources",
        findings.of_sources(rows),
        msg("Leads created in the period: {period}", period=PERIODS[asked.period]),
        columns,
        [_source(row) for row in rows],
        _source(replace(total, name=TOTAL)),
        drawing.lying(bars, t(work, "New leads")) if bars else None,
    )


def _source(row: Any) -> Line:
    cells = (row.name or NONE, row.count, row.open, row.converted, row.unqualified, row.rate)
    return Line(cells, {1: url("/o/lead", where=row.filter or None)})


def rotting(work: Work, asked: Asked) -> Sheet:
    """Open deals longer in their stage, and longer without contact, than usual."""
    found = run_report(work, "rotting", where=asked.where(work), limit=200, totals=True)
    columns = (
        Column(L("Deal", "商机"), "text"),
        Column(L("Amount", "金额"), "money"),
        Column(L("Stage", "阶段"), "text"),
        Column(L("Still for (days)", "停滞（天）"), "days"),
        Column(L("Usual (days)", "一般（天）"), "days"),
    )
    lines = [
        Line(
            (deal["name"], deal["amount__b"], deal["stage_name"], deal["idle_days"], deal["rotting_days"]),
            {0: f"{DEALS}/{deal['id']}"},
        )
        for deal in found["deals"]
    ]
    size, unit = drawing.unit_of([row["amount"] for row in found["stages"]], work.actor.language)
    bars = [
        (row["name"], round(row["amount"] / size, 2), _compact(work, row["amount"]), url(DEALS, where=row["filter"]))
        for row in found["stages"]
    ]
    worth = _compact(work, found["amount"])
    return Sheet(
        "rotting",
        findings.of_rotting(found["count"], found["stages"]),
        msg("Worth {amount} in all", amount=worth),
        columns,
        lines,
        Line((TOTAL, found["amount"], None, None, None), {0: url(DEALS, where=found["where"])}),
        drawing.lying(bars, t(work, "Amount ({unit})", unit=unit) if unit else t(work, "Amount")) if bars else None,
    )


def pareto(work: Work, asked: Asked) -> Sheet:
    """Which share of the customers brings which share of the money."""
    sheet = results(work, replace(asked, by="account"))
    amounts = sorted((line.cells[2] for line in sheet.lines if line.cells[2]), reverse=True)
    title, mark = findings.of_pareto(amounts)
    top = findings.share(sum(amounts[:3]), sum(amounts))
    return replace(
        sheet,
        title=title,
        sub=msg("The first three bring {rate}", rate=findings.percent(top)),
        lines=[line for line in sheet.lines if line.cells[2]][:50],
        chart=drawing.pareto(amounts, mark, t(work, "Share of what was won")) if amounts else None,
    )


SHEETS: Mapping[str, Callable[[Work, Asked], Sheet]] = {
    "funnel": funnel,
    "results": results,
    "outcomes": outcomes,
    "sources": sources,
    "ways": ways,
    "rotting": rotting,
    "customers": pareto,
}
