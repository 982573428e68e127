"""What a list page shows, gathered in one unit of work with few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, NotFound, Problem
from guanxi.base.i18n import L, Label, Locale
from guanxi.entrypoints.web.lists.facets import Narrowing, condition_of, narrowings
from guanxi.entrypoints.web.lists.state import State, apply_view, from_spec
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.expr import ExprError
from guanxi.kernel.fields.registry import TYPES, result_type
from guanxi.kernel.records.filters import readable, sql_of
from guanxi.kernel.records.read import count, target_of
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.views import View, views_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

SIZE = 50
GROUPABLE = ("choice", "lookup", "user", "team", "boolean", "date", "datetime")
PRIVATE = ("view",)  # shown by their own pages only
ALL, MINE = "all", "mine"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A view every object has without anybody saving it."""

    name: str
    label: Label
    spec: Mapping[str, Any]


def target_for(work: Work, name: str) -> Object:
    """The object of a list; lines of documents and private things have none."""
    target = target_of(work, name)
    if target.name in PRIVATE:
        raise NotFound
    return target


def built_in(work: Work, target: Object) -> list[BuiltIn]:
    """Mine (and open), all, and what closes soon."""
    allowed = readable(work, target)
    found: list[BuiltIn] = []
    state = allowed.get("state")
    is_open = state is not None and any(c.key == "open" for c in state.options.get("choices", ()))
    if "owner" in allowed:
        if is_open:
            spec = {"facets": {"owner": ["me"], "state": ["open"]}}
            found.append(BuiltIn(MINE, L("My open ones", "我的进行中"), spec))
        elif "done" in allowed and allowed["done"].type == "boolean":
            spec = {"facets": {"owner": ["me"], "done": ["0"]}}
            found.append(BuiltIn(MINE, L("Mine to do", "我的待办"), spec))
        else:
            found.append(BuiltIn(MINE, L("Mine", "我的"), {"facets": {"owner": ["me"]}}))
    plural = target.plural
    found.append(BuiltIn(ALL, L(f"All {plural.en.lower()}", f"全部{plural.zh}"), {}))
    if target.steps and target.steps.close_on and is_open and target.steps.close_on in allowed:
        facets = {"state": ["open"], target.steps.close_on: ["this_month"]}
        found.append(BuiltIn("closing", L("Closing this month", "本月要签"), {"facets": facets}))
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A list question: the object, its state with the view applied, saved views, what narrows it, the condition."""

    target: Object
    state: State
    views: Sequence[View]
    tabs: Sequence[BuiltIn]
    saved: View | None
    narrowed: Sequence[Narrowing]
    extra: str = ""  # a condition of the page itself (boards: the pipeline)

    @property
    def where(self) -> str | None:
        return condition_of([self.extra, *(n.where for n in self.narrowed), self.state.where])

    def query(self, **more: Any) -> Query:
        """The question for the records themselves."""
        return Query(self.target.name, self.where, text=self.state.q or None, **more)

    @property
    def spec(self) -> Mapping[str, Any]:
        """What the open view keeps."""
        if self.saved is not None:
            return self.saved.spec
        return next((t.spec for t in self.tabs if t.name == self.state.view), {})


def ask(work: Work, state: State, locale: Locale, *, page: str = "", extra: str = "") -> Asked:
    """The state with its view applied; a view that is gone is left out."""
    target = target_for(work, state.object)
    views = views_of(work, target.name)
    tabs = built_in(work, target)
    saved = next((v for v in views if str(v.id) == state.view), None)
    if saved is not None:
        state = apply_view(state, saved)
    elif tab := next((t for t in tabs if t.name == state.view), None):
        state = state if state.edited else from_spec(state, tab.spec)
    elif state.view or not state.narrowed:
        state = replace(state, view=ALL) if page else _first(work, target, state, tabs, locale)
    return Asked(target, state, views, tabs, saved, narrowings(work, target, state, locale, page), extra)


def _first(work: Work, target: Object, state: State, tabs: Sequence[BuiltIn], locale: Locale) -> State:
    """Where a list starts: with one's own open ones if there are any, else with all."""
    mine = next((t for t in tabs if t.name == MINE and len(t.spec["facets"]) > 1), None)
    if mine is not None and not state.view:
        asked = from_spec(replace(state, view=MINE), mine.spec)
        where = condition_of(n.where for n in narrowings(work, target, asked, locale))
        if count(work, Query(target.name, where), 1)[0]:
            return asked
    return replace(state, view=ALL)


def sort_of(work: Work, asked: Asked) -> tuple[str, ...]:
    """The order asked for, if it is possible."""
    allowed = readable(work, asked.target)
    wanted = [w for w in asked.state.sort if (f := allowed.get(w.lstrip("-"))) and TYPES[f.type].sort(f) is not None]
    return tuple(wanted)


def sortable(field: Field) -> bool:
    """Whether a click on the head sorts."""
    return TYPES[field.type].sort(field) is not None and field.type not in ("lookup", "user", "team", "tags", "links")


def groupable(work: Work, target: Object) -> list[Field]:
    """Fields rows can be grouped by."""
    return [f for f in readable(work, target).values() if f.type in GROUPABLE and not f.hidden]


def summable(fields: Sequence[Field]) -> list[str]:
    """Columns added up in group heads."""
    return [f.name for f in fields if f.type == "money"][:3]


def is_number(field: Field) -> bool:
    """Whether the column stands right-aligned."""
    return result_type(field).name in ("money", "integer", "decimal", "percent")


@dataclass(frozen=True, slots=True)
class Blame:
    """The one rule without which there would be results."""

    rule: str
    count: str
    without: str


def blame(work: Work, asked: Asked) -> Blame | None:
    """For an empty list: which single rule keeps most records out. A few capped counts, only when needed."""
    rules = [
        (f"{n.name} {n.value}", n.without, replace(asked, narrowed=[m for m in asked.narrowed if m is not n]))
        for n in asked.narrowed
    ]
    state = asked.state
    if state.where:
        rules.append((state.where, state.url(where=""), replace(asked, state=replace(state, where=""))))
    if state.q:
        rules.append((state.q, state.url(q=""), replace(asked, state=replace(state, q=""))))
    best: tuple[int, Blame] | None = None
    for rule, without, freer in rules[:8]:
        found, more = count(work, freer.query())
        if found and (best is None or found > best[0]):
            best = (found, Blame(rule[:80], f"{found:,}{'+' if more else ''}", without))
    return best[1] if best else None


def check_where(work: Work, asked: Asked) -> Problem | None:
    """A condition in the address that cannot be used is told, not thrown at the reader."""

    if not asked.state.where:
        return None
    try:
        sql_of(work, asked.target, asked.state.where)
    except ExprError as problem:
        return problem.within(asked.state.where)  # with a caret below the place
    except BadInput as problem:
        return problem
    return None
