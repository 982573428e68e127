"""Charts as ECharts options: bars lying and standing, two years as lines, a Pareto curve. Colours are theme names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

UNITS = {
    "zh-CN": ((10**12, "亿"), (10**8, "万"), (10**4, "")),
    "en": ((10**13, "bn"), (10**10, "m"), (10**7, "k"), (10**4, "")),
}
LABEL = {"color": "var:text-2", "fontSize": 11}


def unit_of(amounts: Sequence[int], language: str) -> tuple[int, str]:
    """What to divide stored amounts by so that axes stay short, and how that unit is called."""
    top = max((abs(a) for a in amounts), default=0)
    units = UNITS["en" if language == "en" else "zh-CN"]
    return next(((size, name) for size, name in units if top >= size * 2), units[-1])


def scaled(amounts: Sequence[int], divisor: int) -> list[float]:
    """Amounts in that unit, to two decimals."""
    return [round(amount / divisor, 2) for amount in amounts]


def lying(rows: Sequence[tuple[str, float, str, str]], name: str, *, colour: str = "var:s3") -> dict[str, Any]:
    """Bars from left to right, the largest on top; (label, value, how it is written, address)."""
    turned = list(reversed(rows))
    data = [{"value": value, "url": url, "label": {"formatter": shown}} for _, value, shown, url in turned]
    return {
        "xAxis": {"type": "value", "splitNumber": 3},
        "yAxis": {"type": "category", "data": [row[0] for row in turned], "axisLine": {"show": False},
                  "axisLabel": {"width": 110, "overflow": "truncate"}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "grid": {"top": 4, "right": 64},
        "series": [{"type": "bar", "name": name, "data": data, "barMaxWidth": 16, "itemStyle": {"color": colour},
                    "label": {"show": True, "position": "right", **LABEL}}],
    }  # fmt: skip


def standing(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None], str]]) -> dict[str, Any]:
    """Bars side by side; (name, values, colour)."""
    return {
        "xAxis": {"type": "category", "data": list(labels)},
        "yAxis": {"type": "value", "splitNumber": 4},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "right": 0, "itemWidth": 12, "itemHeight": 4, "textStyle": LABEL},
        "grid": {"top": 32},
        "series": [
            {"type": "bar", "name": name, "data": list(values), "barMaxWidth": 18, "itemStyle": {"color": colour}}
            for name, values, colour in series
        ],
    }


def years(labels: Sequence[str], now: tuple[str, Sequence[Any]], before: tuple[str, Sequence[Any]]) -> dict[str, Any]:
    """This year as bars, the year before as a line."""
    option = standing(labels, [(now[0], now[1], "var:s4")])
    option["series"].append(
        {"type": "line", "name": before[0], "data": list(before[1]), "symbol": "none",
         "lineStyle": {"color": "var:text-3", "type": "dashed", "width": 1.5}, "itemStyle": {"color": "var:text-3"}}
    )  # fmt: skip
    return option


def bars_and_line(
    labels: Sequence[str], bars: tuple[str, Sequence[Any]], line: tuple[str, Sequence[Any]]
) -> dict[str, Any]:
    """Counts as bars, a rate or number of days as a line on its own axis."""
    option = standing(labels, [(bars[0], bars[1], "var:s2")])
    option["yAxis"] = [{"type": "value", "splitNumber": 4}, {"type": "value", "splitLine": {"show": False}}]
    option["series"].append(
        {"type": "line", "name": line[0], "data": list(line[1]), "yAxisIndex": 1, "connectNulls": True,
         "symbolSize": 5, "lineStyle": {"color": "var:s5", "width": 2}, "itemStyle": {"color": "var:s5"}}
    )  # fmt: skip
    return option


def pareto(amounts: Sequence[int], mark: int, name: str) -> dict[str, Any]:
    """The share of the money over the share of the customers; `mark` customers bring four fifths."""
    total, running, points = sum(amounts) or 1, 0, [[0.0, 0.0]]
    for n, amount in enumerate(amounts, 1):
        running += amount
        points.append([round(100 * n / len(amounts), 1), round(100 * running / total, 1)])
    at = round(100 * mark / len(amounts), 1) if amounts else 0
    step = max(1, len(points) // 120)
    drawn = [p for n, p in enumerate(points) if n % step == 0 or n == len(points) - 1]
    axis = {"type": "value", "min": 0, "max": 100, "axisLabel": {"formatter": "{value}%"}}
    return {
        "xAxis": {**axis, "splitLine": {"show": False}},
        "yAxis": axis,
        "tooltip": {"trigger": "axis"},
        "series": [
            {"type": "line", "name": name, "data": drawn, "symbol": "none",
             "lineStyle": {"color": "var:s5", "width": 2}, "areaStyle": {"color": "var:accent-soft"},
             "markPoint": {"symbol": "circle", "symbolSize": 8, "itemStyle": {"color": "var:s5"},
                           "label": {"show": False}, "data": [{"coord": [at, 80]}] if mark else []},
             "markLine": {"symbol": "none", "label": {"show": False}, "lineStyle": {"color": "var:text-3"},
                          "data": [[{"coord": [at, 0]}, {"coord": [at, 80]}]] if mark else []}}
        ],
    }  # fmt: skip
