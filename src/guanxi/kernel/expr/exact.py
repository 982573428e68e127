"""Exact arithmetic on scaled 64-bit integers, the same on every engine: what does not fit is null."""

from __future__ import annotations

LOW, HIGH = -(2**63), 2**63 - 1
DAY_LOW, DAY_HIGH = -719_162, 2_932_896  # 0001-01-01 … 9999-12-31
TIME_LOW, TIME_HIGH = DAY_LOW * 86_400_000_000, (DAY_HIGH + 1) * 86_400_000_000 - 1
MAX_SCALE = 8
MAX_DIVISOR = HIGH // 100
"""SQLite divides two digits at a time within 64 bits; a larger divisor gives null everywhere."""


def fit(value: int) -> int | None:
    """The value, or null when it does not fit 64 bits."""
    return value if LOW <= value <= HIGH else None


def fit_day(value: int) -> int | None:
    return value if DAY_LOW <= value <= DAY_HIGH else None


def fit_time(value: int) -> int | None:
    return value if TIME_LOW <= value <= TIME_HIGH else None


def half_up(value: int, by: int) -> int:
    """`value / by` rounded half away from zero; `by` > 0."""
    quotient, rest = divmod(abs(value), by)
    quotient += rest * 2 >= by
    return -quotient if value < 0 else quotient


def divide(value: int, by: int, digits: int) -> int | None:
    """`value × 10^digits / by`, half-up; null for 0 and for what does not fit."""
    if by == 0 or abs(by) > MAX_DIVISOR or value == LOW:
        return None
    quotient = half_up(abs(value) * 10**digits, abs(by))
    return fit(-quotient if (value < 0) != (by < 0) else quotient)
