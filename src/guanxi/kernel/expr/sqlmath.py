"""Exact 64-bit arithmetic in SQL, one set of pieces per database; what does not fit is null (see `exact`)."""

from __future__ import annotations

from collections.abc import Callable

from guanxi.kernel.expr.exact import DAY_HIGH, DAY_LOW, HIGH, MAX_DIVISOR, TIME_HIGH, TIME_LOW

LEAST = f"(-{HIGH} - 1)"
RANGE = {"date": (DAY_LOW - 1, DAY_HIGH + 1), "datetime": (TIME_LOW - 1, TIME_HIGH + 1)}


def clamp(text: str, low: str, high: str, smallest: str, largest: str) -> str:
    """Null outside (low, high), without writing `text` twice."""
    return f"nullif(nullif({largest}({smallest}({text}, {high}), {low}), {high}), {low})"


class Sqlite:
    """Overflow turns integers into REAL, and REAL stays REAL through + - *, so a chain is checked once, at its end."""

    def __init__(self, let: Callable[[str, bool], str]) -> None:
        self.let = let  # writes a step of the WITH around the value and gives its name

    def operand(self, text: str) -> str:
        return text if text.startswith("\0") else f"({text})"

    def step(self, text: str) -> str:
        return text

    def guard(self, text: str) -> str:
        return self.first(f"SELECT CASE typeof(v) WHEN 'integer' THEN v END AS v FROM (SELECT {text} AS v)")

    def flat(self, text: str) -> str:
        return self.first(f"SELECT {text} AS v")

    def first(self, select: str) -> str:
        return f"(SELECT v FROM {self.let(select, True)})"

    def absolute(self, text: str) -> str:
        return f"abs(nullif({text}, {LEAST}))"

    def rounded(self, text: str, digits: int) -> str:
        by = 10**digits
        return self.first(f"SELECT v / {by} + (v % {by}) * 2 / {by} AS v FROM (SELECT {text} AS v)")

    def divided(self, left: str, right: str, digits: int) -> str:
        """Long division, two digits a step, so that no step leaves 64 bits."""
        divisor = f"CASE WHEN b BETWEEN -{MAX_DIVISOR} AND {MAX_DIVISOR} THEN b END"
        last = self.let(
            f"SELECT nullif(a, {LEAST}) AS n, {divisor} AS d FROM (SELECT {left} AS a, {right} AS b)", False
        )
        last = self.let(f"SELECT n / d AS q, n % d AS r, d FROM {last}", False)
        for size in [100] * (digits // 2) + [10] * (digits % 2):
            last = self.let(f"SELECT q * {size} + r * {size} / d AS q, r * {size} % d AS r, d FROM {last}", False)
        last = self.let(f"SELECT q + r * 2 / d AS v FROM {last}", False)
        return self.first(f"SELECT CASE typeof(v) WHEN 'integer' THEN v END AS v FROM {last}")

    def clamped(self, text: str, kind: str) -> str:
        low, high = RANGE[kind]
        return clamp(text, str(low), str(high), "min", "max")

    def part(self, text: str, name: str) -> str:
        if name == "weekday":
            return weekday(text)
        letter = {"year": "Y", "month": "m", "quarter": "m", "day": "d"}[name]
        found = f"CAST(strftime('%{letter}', ({text}) * 86400, 'unixepoch') AS INTEGER)"
        return f"(({found} + 2) / 3)" if name == "quarter" else found

    def extreme(self, name: str, texts: list[str]) -> str:
        rows = " UNION ALL ".join(f"SELECT {t} AS v" for t in texts)
        return self.first(f"SELECT {name}(v) AS v FROM ({rows})")


class Postgres:
    """bigint raises on overflow, so arithmetic is done in numeric and each step is cut to 64 bits."""

    def operand(self, text: str) -> str:
        return f"CAST({text} AS numeric)"

    def step(self, text: str) -> str:
        return clamp(text, f"-{HIGH + 2}", str(HIGH + 1), "least", "greatest")

    def guard(self, text: str) -> str:
        return text

    def flat(self, text: str) -> str:
        return text

    def absolute(self, text: str) -> str:
        return self.step(f"abs({self.operand(text)})")

    def rounded(self, text: str, digits: int) -> str:
        return f"round({self.operand(text)} * 0.{'0' * (digits - 1)}1)"

    def divided(self, left: str, right: str, digits: int) -> str:
        sides = f"SELECT {self.operand(left)} AS n, {self.operand(right)} AS d OFFSET 0"
        exact = f"sign(n) * sign(d) * div(abs(n) * 2{'0' * digits} + abs(d), 2 * abs(d))"
        test = f"n <> -{HIGH + 1} AND d <> 0 AND d BETWEEN -{MAX_DIVISOR} AND {MAX_DIVISOR}"
        return f"(SELECT CASE WHEN {test} THEN {self.step(exact)} END FROM ({sides}) AS gx_q)"

    def clamped(self, text: str, kind: str) -> str:
        low, high = RANGE[kind]
        return f"CAST({clamp(text, str(low), str(high), 'least', 'greatest')} AS bigint)"

    def part(self, text: str, name: str) -> str:
        if name == "weekday":
            return weekday(text)
        return f"CAST(extract({name} FROM DATE '1970-01-01' + CAST({text} AS integer)) AS bigint)"

    def extreme(self, name: str, texts: list[str]) -> str:
        return f"{'least' if name == 'min' else 'greatest'}({', '.join(texts)})"


def weekday(text: str) -> str:
    """Monday is 1; day 0 was a Thursday; 7,000,000 keeps the sum positive."""
    return f"((({text}) + 7000003) % 7 + 1)"
