"""The sentence above each chart, worked out from its data: what stands out, never a mere name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guanxi.base.errors import Message, msg
from guanxi.base.i18n import Label


def percent(value: int | None) -> str:
    """Of 1/10000: 38%, 4.5%."""
    if value is None:
        return "–"
    return f"{value / 100:.0f}%" if value >= 1000 or value % 100 == 0 else f"{value / 100:.1f}%"


def share(part: int, whole: int) -> int:
    """In 1/10000."""
    return (part * 20_000 + whole) // (whole * 2) if whole else 0


def of_funnel(steps: Sequence[Any], won: int) -> Message:
    """Where most is lost."""
    weak = next((n for n, step in enumerate(steps) if step.weakest), None)
    if not steps or not steps[0].reached:
        return msg("No deals have begun here yet")
    if weak is None:
        return msg("{won} of {n} deals were won so far", won=won, n=steps[0].reached)
    step = steps[weak]
    name = Label(step.name_en, step.name)
    return msg("The leak is at «{stage}»: {rate} move on", stage=name, rate=percent(step.conversion))


def of_groups(rows: Sequence[Any], total: int) -> Message:
    """Who or what brings most."""
    if not rows or not total:
        return msg("Nothing was won in this time")
    first = rows[0]
    rate = percent(share(first.won_amount, total))
    if not first.name:
        return msg("{rate} of what was won belongs to no group", rate=rate)
    return msg("{name} leads with {rate} of what was won", name=first.name, rate=rate)


def of_change(now: int, before: int) -> Message:
    """More or less than the year before."""
    if not before:
        return msg("There is nothing yet to compare with") if now else msg("Nothing was won in this time")
    change = share(now - before, before) if now >= before else -share(before - now, before)
    if abs(change) < 200:
        return msg("As much won as in the same time last year")
    if change > 0:
        return msg("{rate} more won than in the same time last year", rate=percent(change))
    return msg("{rate} less won than in the same time last year", rate=percent(-change))


def of_pareto(amounts: Sequence[int]) -> tuple[Message, int]:
    """How few customers bring four fifths; also how many they are."""
    total, running = sum(amounts), 0
    for n, amount in enumerate(amounts, 1):
        running += amount
        if running * 5 >= total * 4:
            rate = percent(share(n, len(amounts)))
            return msg("{rate} of the customers bring 80% of what was won", rate=rate), n
    return msg("Nothing was won in this time"), 0


def of_outcomes(rows: Sequence[Any], total: Any) -> Message:
    """Win rate of the last three periods against all."""
    recent = rows[-3:]
    closed = sum(row.won + row.lost for row in recent)
    if not closed or total.win_rate is None:
        return msg("No deals were closed in this time")
    rate, usual = share(sum(row.won for row in recent), closed), percent(total.win_rate)
    if rate >= total.win_rate + 200:
        return msg("The win rate is rising: {now} lately, {all} in all", now=percent(rate), all=usual)
    if rate + 200 <= total.win_rate:
        return msg("The win rate is falling: {now} lately, {all} in all", now=percent(rate), all=usual)
    return msg("The win rate is steady at {all}", all=usual)


def of_sources(rows: Sequence[Any]) -> Message:
    """Where most leads come from, and which source turns into customers best."""
    if not rows:
        return msg("No leads came in this time")
    most = rows[0].name
    able = [row for row in rows if row.count >= 10 and row.converted]
    best = max(able, key=lambda row: (row.rate, row.count), default=None)
    if best is None or best.name == most:
        return msg("Most leads come from {most}", most=most)
    return msg("Most leads come from {most}; {best} turns into customers best", most=most, best=best.name)


def of_rotting(count: int, stages: Sequence[Any]) -> Message:
    """How many stand still and where most of the money stands."""
    if not count:
        return msg("No deal stands still")
    if count == 1:
        return msg("One deal stands still, in «{stage}»", stage=stages[0]["name"])
    return msg("{n} deals stand still, most of the money in «{stage}»", n=count, stage=stages[0]["name"])
