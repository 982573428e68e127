"""Kept figures as their reader may see them: own records, the team's, or all; never of fields that stand as masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.quality.checks import DIMENSIONS, Check, checks_of, measured
from guanxi.kernel.quality.keep import DETAIL, OWNERS, TOTAL
from guanxi.kernel.quality.measure import ALL
from guanxi.kernel.records.filters import readable

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

By = Literal["owner", "team", "source"]
TREND_DAYS = 92


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by the name of their check."""

    records: int
    counts: Mapping[str, tuple[int, int]]  # looked, good

    def score(self, checks: Iterable[Check]) -> float | None:
        """Weighted share of what is good, 0 to 100; None where nothing was looked at."""
        looked = good = 0
        for check in checks:
            n, fine = self.counts.get(check.name, (0, 0))
            looked, good = looked + check.weight * n, good + check.weight * fine
        return 100 * good / looked if looked else None


@dataclass(frozen=True, slots=True)
class Quality:
    """One object on its newest day: the tally, the checks this reader may be told, and a score per dimension."""

    object: Object
    day: int
    checks: tuple[Check, ...]
    tally: Tally
    scores: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def overall(self) -> float | None:
        """The mean of the dimensions there are."""
        known = [s for s in self.scores.values() if s is not None]
        return sum(known) / len(known) if known else None


def objects_for(work: Work) -> list[Object]:
    """The measured objects this reader sees any records of."""
    return [o for o in measured(work.catalog) if work.actor.rights.scope(o.name, "read") != "none"]


def told(work: Work, target: Object) -> tuple[Check, ...]:
    """Checks over fields that are clear for this reader on every row (KD 21)."""
    clear = readable(work, target)
    return tuple(c for c in checks_of(work.catalog, target) if all(name in clear for name in c.fields))


def quality_of(work: Work, target: Object) -> Quality | None:
    """The newest figures; None before the first measuring."""
    table = work.session.table("quality_day")
    day = work.session.value(f"SELECT max(day) FROM {table} WHERE object = ? AND cut = ?", (target.id, TOTAL))
    if day is None:
        return None
    checks = told(work, target)
    (found,) = _tallies(work, target, TOTAL if _sees_all(work, target) else DETAIL, "0", int(day)).values() or (EMPTY,)
    return Quality(target, int(day), checks, found, scores_of(found, checks))


def scores_of(tally: Tally, checks: Sequence[Check]) -> dict[str, float | None]:
    """The score of each dimension."""
    return {d: tally.score(c for c in checks if c.dimension == d) for d in DIMENSIONS}


def grouped(work: Work, target: Object, by: By, day: int) -> dict[Any, Tally]:
    """The newest figures by owner, team or source, most records first."""
    found = _tallies(work, target, DETAIL, f"q.{by}", day)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].records))


def trend(work: Work, target: Object, checks: Sequence[Check]) -> list[tuple[int, dict[str, float | None]]]:
    """The scores by day, oldest first."""
    cut = TOTAL if _sees_all(work, target) else OWNERS
    found = _tallies(work, target, cut, "q.day", None, since=work.today - TREND_DAYS)
    return [(day, scores_of(tally, checks)) for day, tally in sorted(found.items())]


EMPTY = Tally(0, {})


def _sees_all(work: Work, target: Object) -> bool:
    return work.actor.rights.admin or work.actor.rights.scope(target.name, "read") == "all"


def _tallies(
    work: Work, target: Object, cut: str, key: str, day: int | None, *, since: int | None = None
) -> dict[Any, Tally]:
    where, params = ["q.object = ?", "q.cut = ?"], list[Any]([target.id, cut])
    if day is not None:
        where, params = [*where, "q.day = ?"], [*params, day]
    if since is not None:
        where, params = [*where, "q.day >= ?"], [*params, since]
    if not _sees_all(work, target):
        text, more = _reach(work, target)
        where, params = [*where, text], [*params, *more]
    sql = f"SELECT {key}, q.name, sum(q.looked), sum(q.good) FROM {work.session.table('quality_day')} q"
    sql += f" WHERE {' AND '.join(where)} GROUP BY 1, 2"
    counts: dict[Any, dict[str, tuple[int, int]]] = {}
    for group, name, looked, good in work.session.rows(sql, params):
        counts.setdefault(group, {})[name] = (int(looked), int(good))
    return {group: Tally(names.get(ALL, (0, 0))[0], names) for group, names in counts.items()}


def _reach(work: Work, target: Object) -> tuple[str, list[Any]]:
    """Own records and those of one's teams; what was shared besides is its owner's to mend."""
    actor = work.actor
    scope = actor.rights.scope(target.name, "read")
    teams = actor.subtree if scope == "subtree" else ((actor.team,) if scope == "team" and actor.team else ())
    if not teams:
        return "q.owner = ?", [actor.user]
    padded = pad(teams)
    return f"(q.owner = ? OR q.team IN ({', '.join('?' * len(padded))}))", [actor.user, *padded]
