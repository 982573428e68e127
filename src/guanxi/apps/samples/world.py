"""What all makers of samples share: the day, the dice, ids, and how moments are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

Row = dict[str, Any]
Batch = tuple[str, list[Row]]
EPOCH = date(1970, 1, 1)
DAY = 86_400_000_000
HOUR = 3_600_000_000
SHANGHAI = 8 * HOUR
YEARS_BACK = 730
SEASON = (0.85, 0.45, 1.15, 1.0, 1.0, 1.25, 0.95, 0.9, 1.2, 1.0, 1.25, 1.3)  # by month; spring festival, year's end


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the sample company who sells: how busy and how good decides how the figures look."""

    id: int
    name: str
    team: int
    region: str
    busy: float
    skill: float


@dataclass(slots=True)
class World:
    """Mutable on purpose: makers add what the next ones point at. `config` maps known config rows to ids."""

    today: int  # days since 1970-01-01
    new_id: Callable[[], int]
    config: Mapping[str, Mapping[str, int]]
    dice: Random
    size: float = 1.0
    people: list[Person] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    renewal: list[int] = field(default_factory=list)  # stages of the second pipeline
    teams: dict[str, int] = field(default_factory=dict)
    products: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    contacts: dict[int, list[Row]] = field(default_factory=dict)  # by account
    deals: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    by_seller: dict[int, list[Row]] = field(default_factory=dict)
    touched: dict[int, int] = field(default_factory=dict)  # record -> last contact, µs

    @property
    def stages(self) -> list[int]:
        """Open stages of the standard pipeline, in order."""
        return list(self.config["stage"].values())[:-2]

    @property
    def won(self) -> int:
        return list(self.config["stage"].values())[-2]

    @property
    def lost(self) -> int:
        return list(self.config["stage"].values())[-1]

    @property
    def now(self) -> int:
        """Nothing that has happened lies after nine in the morning of the day."""
        return self.today * DAY - SHANGHAI + 9 * HOUR

    def pick_account(self) -> Row:
        """Busy sellers' accounts more often, large ones too."""
        if not self.weights:
            total = 0.0
            for row in self.accounts:
                total += row["_person"].busy * (1.5 if row["employees"] > 300 else 1)
                self.weights.append(total)
        return self.dice.choices(self.accounts, cum_weights=self.weights)[0]

    def count(self, number: int) -> int:
        return max(1, round(number * self.size))

    def pick(self, pairs: Sequence[tuple[Any, float]]) -> Any:
        """One of the values by weight."""
        return self.dice.choices([p[0] for p in pairs], [p[1] for p in pairs])[0]

    def at(self, day: int, least: float = 9, most: float = 18) -> int:
        """A moment of the working day in Shanghai, µs UTC."""
        return day * DAY - SHANGHAI + round(self.dice.uniform(least, most) * 12) * (HOUR // 12)

    def work_day(self, day: int) -> int:
        """The day, or the Monday after a week-end."""
        weekday = (EPOCH + timedelta(days=day)).weekday()
        return day + (7 - weekday) if weekday > 4 else day

    def some_day(self) -> int:
        """A day of the last two years: more lately, and by season."""
        while True:
            back = self.dice.randrange(YEARS_BACK)
            day = self.today - back
            month = (EPOCH + timedelta(days=day)).month
            trend = 1.6 - 0.8 * back / YEARS_BACK
            if self.dice.random() < trend * SEASON[month - 1] / 2.1:
                return self.work_day(day) if self.work_day(day) <= self.today else day

    def touch(self, moment: int, *records: int | None) -> None:
        """Remembers the last contact with each record."""
        for ident in records:
            if ident is not None and moment > self.touched.get(ident, 0):
                self.touched[ident] = moment


def iso_day(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def iso(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()


def ref(ident: int | None) -> str | None:
    return None if ident is None else str(ident)


def link(name: str, ident: int) -> dict[str, str]:
    return {"object": name, "id": str(ident)}
