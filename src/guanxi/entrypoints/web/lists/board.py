"""The board: one column per stage, figures of all records, the first cards of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import NotFound
from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.lists.cells import next_day
from guanxi.entrypoints.web.lists.marks import tone_of
from guanxi.entrypoints.web.lists.page import Asked
from guanxi.kernel.catalog.model import Field, Object, Steps
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.lanes import first_of_each
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import references
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Group, Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CARDS = 20
DAY = 86_400_000_000
ENDS = {"won": "won", "lost": "lost", "converted": "won", "unqualified": "lost"}


@dataclass(slots=True)
class Column:
    """One column (or closing strip): its figures and first cards."""

    key: Any
    text: str
    kind: str  # open, won, lost
    rotting_days: int | None = None
    count: int = 0
    amount: int | None = 0  # None: not for this reader
    weighted: int = 0
    mix: tuple[int, int, int, int] = (0, 0, 0, 0)
    cards: Sequence[Row] = ()

    @property
    def more(self) -> bool:
        return self.count > len(self.cards)


def steps_of(target: Object) -> Steps:
    """The object's steps; without them it has no board."""
    if target.steps is None:
        raise NotFound
    return target.steps


def pipelines(work: Work, target: Object) -> list[tuple[str, str]]:
    """Pipelines in use, first one first."""
    steps = steps_of(target)
    if steps.pipeline is None:
        return []
    name = targets_of(work.catalog.field(target, steps.pipeline))[0]
    rows = [r for r in work.catalog.config.get(name, {}).values() if r.get("active", 1)]
    rows.sort(key=lambda r: (r.get("position") or 0, r["id"]))
    english = work.actor.language == "en"
    return [(str(r["id"]), str((english and r.get("name_en")) or r["name"])) for r in rows]


def columns_of(work: Work, target: Object, pipeline: str, locale: Locale) -> list[Column]:
    """The stages of a pipeline, or the choices of the step field, in order."""
    field = work.catalog.field(target, steps_of(target).field)
    if field.type == "choice":
        return [Column(c.key, c.label.in_(locale.language), ENDS.get(c.key, "open"))
                for c in field.options["choices"] if not c.retired]  # fmt: skip
    rows = [r for r in work.catalog.config.get(targets_of(field)[0], {}).values() if r.get("active", 1)]
    rows = [r for r in rows if not pipeline or str(r.get("pipeline")) == pipeline]
    rows.sort(key=lambda r: (r.get("position") or 0, r["id"]))
    english = locale.language == "en"
    return [_column(r, english) for r in rows]


def _column(row: Mapping[str, Any], english: bool) -> Column:
    text = str((english and row.get("name_en")) or row["name"])
    return Column(row["id"], text, row.get("kind") or "open", row.get("rotting_days"))


def extra_condition(target: Object, pipeline: str) -> str:
    """Only this pipeline's records."""
    steps = steps_of(target)
    return f"{steps.pipeline} = {int(pipeline)}" if steps.pipeline and pipeline.isdigit() else ""


def rotting_condition(work: Work, target: Object, columns: Sequence[Column]) -> str:
    """Records longer in their stage, and longer without contact, than the stage allows; "" where nothing rots."""
    field = steps_of(target).field
    if not can_rot(work, target):
        return ""
    contact = "stage_since"
    if "last_activity_at" in readable(work, target):
        contact = "coalesce(last_activity_at, stage_since)"
    parts = [
        f"({field} = {c.key} and stage_since < now() - days({c.rotting_days})"
        f" and {contact} < now() - days({c.rotting_days}))"
        for c in columns
        if c.kind == "open" and c.rotting_days
    ]
    return " or ".join(parts)


def can_rot(work: Work, target: Object) -> bool:
    """Whether the object knows since when a record is in its stage."""
    return "stage_since" in readable(work, target) and steps_of(target).field in readable(work, target)


def weighted_of(work: Work, target: Object) -> str:
    """The field with the weighted amount, if there is one."""
    return "weighted" if "weighted" in readable(work, target) else ""


def figures(work: Work, asked: Asked, columns: Sequence[Column]) -> None:
    """Counts, sums and the mix of next steps of every column, in one statement."""
    target, steps = asked.target, steps_of(asked.target)
    allowed = readable(work, target)
    amount = steps.amount if steps.amount in allowed else None
    measures = [name for name in (amount, weighted_of(work, target)) if name]
    day = next_day(target)
    by = [steps.field, day] if day in allowed else [steps.field]
    found: dict[Any, list[Group]] = {}
    for group in tally(work, asked.query(), by, measures):
        found.setdefault(group.keys[0], []).append(group)
    for column in columns:
        column.amount = 0 if amount else None
        _sum_up(column, found.get(column.key, ()), amount, len(by) > 1, work.today)


def _sum_up(column: Column, groups: Sequence[Group], amount: str | None, has_day: bool, today: int) -> None:
    mix = {"red": 0, "green": 0, "later": 0, "none": 0}
    for group in groups:
        column.count += group.count
        if amount and column.amount is not None:
            column.amount += group.values.get(amount) or 0
        column.weighted += group.values.get("weighted") or 0
        mix[tone_of(group.keys[1] if has_day else None, today)] += group.count
    column.mix = (mix["red"], mix["green"], mix["later"], mix["none"]) if has_day else (0, 0, 0, 0)


def card_fields(work: Work, target: Object) -> list[str]:
    """What a card shows."""
    steps, allowed = steps_of(target), readable(work, target)
    wanted = [target.title, *target.subtitle, steps.field, steps.amount, steps.close_on, "next_step", next_day(target),
              "owner", "stage_since", "last_activity_at", "state", "account", "company"]  # fmt: skip
    titled = target.title in shown(work, target)
    return [n for n in dict.fromkeys(wanted) if n and (n in allowed or (titled and n == target.title))]


def order_of(work: Work, target: Object) -> tuple[str, ...]:
    """Largest first, else newest."""
    amount = steps_of(target).amount
    return (f"-{amount}",) if amount and amount in readable(work, target) else ("-updated_at",)


def lay_cards(work: Work, asked: Asked, columns: Sequence[Column]) -> None:
    """The first cards of each open column."""
    target = asked.target
    keys = [c.key for c in columns if c.kind == "open"]
    query = asked.query(fields=card_fields(work, target), sort=order_of(work, target))
    lanes = first_of_each(work, query, steps_of(target).field, keys, CARDS, {c.key: c.count for c in columns})
    for column in columns:
        column.cards = lanes.get(column.key, ())


@dataclass(frozen=True, slots=True)
class Facts:
    """What cards need beside their rows."""

    names: Mapping[str, Mapping[int, str]]
    fields: Mapping[str, Field]
    under: str  # the field shown below the name
    day: str
    now: int
    today: int

    def idle(self, row: Row, limit: int | None) -> int:
        """Days a record has stood still, if that is too long."""
        since = max(row.get("stage_since") or 0, row.get("last_activity_at") or 0)
        days = (self.now - since) // DAY if since else 0
        return int(days) if limit and row.get("stage_since") and days >= limit else 0


def facts_of(work: Work, target: Object, rows: Sequence[Row]) -> Facts:
    """Titles of everything the cards name, once for all."""
    names = references(work, target, rows, card_fields(work, target))
    fields = {n: shown(work, target)[n] for n in card_fields(work, target)}
    under = next((n for n in ("account", "company", *target.subtitle) if n in fields), "")
    day = next_day(target)
    return Facts(names, fields, under, day if day in fields else "", work.now, work.today)


def narrowed(asked: Asked, work: Work, columns: Sequence[Column]) -> Asked:
    """The question with the board's own switch "only rotting" applied."""
    condition = rotting_condition(work, asked.target, columns) if asked.state.stalled else ""
    both = " and ".join(f"({part})" for part in (asked.extra, condition) if part)
    return replace(asked, extra=both)
