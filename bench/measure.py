"""Measuring: two ways of doing the same thing, taken in turns, medians of many repeats, written as ratios."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: ours beside the limit it is measured against. Times in ms; `goal` says what is aimed at."""

    name: str
    ours: float
    raw: float | None = None
    unit: str = "ms"
    p95: float | None = None
    goal: str = ""
    note: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to raw; None where nothing is compared."""
        return self.ours / self.raw if self.raw else None


@dataclass(slots=True)
class Report:
    """What one benchmark found on one data set."""

    bench: str
    database: str
    rows: int
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def as_json(self) -> dict[str, Any]:
        return {"bench": self.bench, "database": self.database, "rows": self.rows} | {
            "lines": [asdict(line) | {"ratio": line.ratio} for line in self.lines]
        }


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds of one run."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def alternate(ours: Callable[[], Any], raw: Callable[[], Any], repeats: int = 40) -> tuple[list[float], list[float]]:
    """Both in turns, so that the machine's moods hit them alike; the first two rounds warm up."""
    gc.collect()
    pairs = [(timed(ours), timed(raw)) for _ in range(repeats + 2)][2:]
    return [a for a, _ in pairs], [b for _, b in pairs]


def compare(
    name: str, ours: Callable[[], Any], raw: Callable[[], Any], *, repeats: int = 40, goal: str = "", note: str = ""
) -> Line:
    """A line of both medians."""
    first, second = alternate(ours, raw, repeats)
    return Line(name, median(first), median(second), p95=at(first, 0.95), goal=goal, note=note)


def at(values: Sequence[float], part: float) -> float:
    """The value below which that part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def table(report: Report) -> str:
    """The report as text for people."""
    head = f"{report.bench}, {report.rows:,} rows, {report.database}"
    lines = [head, f"{'':44}{'ours':>11}{'p95':>9}{'raw':>11}{'ratio':>8}  goal"]
    for line in report.lines:
        p95 = f"{line.p95:.2f}" if line.p95 is not None else ""
        raw = f"{line.raw:.2f}" if line.raw is not None else ""
        ratio = f"{line.ratio:.2f}" if line.ratio is not None else ""
        shown = f"{line.ours:.2f} {line.unit}"
        lines.append(f"{line.name:44}{shown:>11}{p95:>9}{raw:>11}{ratio:>8}  {line.goal} {line.note}".rstrip())
    return "\n".join(lines)
