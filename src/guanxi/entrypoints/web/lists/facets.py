"""Filter words: which fields offer them, their values as people read them, and the condition they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guanxi.base.errors import Problem
from guanxi.base.gate import BadValue
from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.lists.state import State
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.operators import PERIODS, write_filter
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shape import targets_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

EMPTY, ME, YES, NO = "-", "me", "1", "0"
KINDS = ("choice", "multi_choice", "lookup", "user", "team", "boolean", "date", "datetime", "tags")
OFFERED_PERIODS = (
    "today", "yesterday", "this_week", "next_week", "this_month", "last_month", "next_month", "this_quarter",
    "this_year", "last_7_days", "last_30_days", "next_30_days",
)  # fmt: skip
MOST = 60


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet."""

    value: str
    text: str
    on: bool = False


def facet_fields(work: Work, target: Object) -> list[Field]:
    """Fields offered as filter words, the object's own choice first, then owner and the days."""
    allowed = readable(work, target)
    names_ = [*target.filters, "owner", "team"]
    names_ += [n for n in target.columns if n in allowed and allowed[n].type == "lookup"]
    if target.steps and target.steps.close_on:
        names_.append(target.steps.close_on)
    names_ += [f.name for f in target.fields if f.type in ("choice", "boolean", "tags", "multi_choice")]
    names_ += [f.name for f in target.fields if f.type in ("date", "datetime")]
    names_ += ["created_at", "updated_at"]
    found = (allowed.get(name) for name in dict.fromkeys(names_))
    return [f for f in found if f is not None and not f.hidden and f.type in KINDS]


def options_of(work: Work, field: Field, locale: Locale, chosen: Sequence[str] = ()) -> list[Option]:
    """The values of a facet; none for fields whose values are looked up (`/options/…`)."""
    zh = locale.language == "zh-CN"
    found: list[tuple[str, str]] = []
    if field.type in ("choice", "multi_choice"):
        found = [(c.key, c.label.in_(locale.language)) for c in field.options["choices"] if not c.retired]
    elif field.type == "boolean":
        found = [(YES, "是" if zh else "Yes"), (NO, "否" if zh else "No")]
    elif field.type in ("date", "datetime"):
        found = [(name, PERIODS[name].label.in_(locale.language)) for name in OFFERED_PERIODS]
    elif field.type in ("lookup", "user", "team"):
        if field.type == "user":
            found = [(ME, "我" if zh else "Me")]
        found += config_options(work, field, locale)
    if field.type != "tags":
        found.append((EMPTY, "没填" if zh else "Empty"))
    return [Option(value, text, value in chosen) for value, text in found]


def config_options(work: Work, field: Field, locale: Locale) -> list[tuple[str, str]]:
    """Rows of a configuration object as choices: id and name."""
    targets = targets_of(field)
    if len(targets) != 1 or targets[0] not in work.catalog.config:
        return []
    other = work.catalog.object(targets[0])
    title = work.catalog.field(other, other.title).column
    rows = [r for r in work.catalog.config[other.name].values() if r.get("active", 1)]
    rows.sort(key=lambda r: (r.get("pipeline") or 0, r.get("position") or 0, r["id"]))
    english = locale.language == "en"
    return [(str(r["id"]), str((english and r.get("name_en")) or r[title] or "")) for r in rows][:MOST]


def shown_values(work: Work, field: Field, values: Sequence[str], locale: Locale) -> list[str]:
    """The chosen values as words."""
    known = {o.value: o.text for o in options_of(work, field, locale)}
    missing = [int(v) for v in values if v not in known and v.isdigit()]
    targets = targets_of(field) if field.type == "lookup" else ()
    looked_up = names(work, targets[0], missing) if missing and len(targets) == 1 else {}
    return [known.get(v) or looked_up.get(int(v) if v.isdigit() else 0) or v for v in values]


def facet_condition(work: Work, field: Field, values: Sequence[str]) -> str:
    """One facet as an expression: any of its values."""
    parts = [write_filter(field, "is_empty", [], work.env)] if EMPTY in values else []
    if ME in values and field.type == "user":
        parts.append(write_filter(field, "is_me", [], work.env))
    plain = [v for v in values if v not in (EMPTY, ME)]
    if field.type in ("date", "datetime"):
        parts += [f"({write_filter(field, 'in_period', [v], work.env)})" for v in plain]
    elif field.type == "boolean":
        parts += [write_filter(field, "is_true" if v == YES else "is_false", [], work.env) for v in plain]
    elif plain:
        operator = "has_any" if field.type in ("tags", "multi_choice") else "in"
        if field.type == "choice":
            parts.append(f"({' or '.join(write_filter(field, 'eq', [v], work.env) for v in plain)})")
        else:
            parts.append(write_filter(field, operator, plain, work.env))
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One thing that leaves records out: its name, value, expression, and the state without it."""

    name: str
    value: str
    where: str
    without: str


def narrowings(work: Work, target: Object, state: State, locale: Locale, page: str = "") -> list[Narrowing]:
    """Facets of the state that the caller may use; unknown ones are refused by name."""
    allowed = readable(work, target)
    found = []
    for name, values in state.facets.items():
        field = allowed.get(name)
        if field is None or field.type not in KINDS:
            continue
        words = shown_values(work, field, values, locale)
        joined = (" 或 " if locale.language == "zh-CN" else " or ").join(words)
        try:
            where = facet_condition(work, field, values)
        except (Problem, BadValue):
            continue  # a value that is gone: its word can only be taken away
        url = state.url(page, facets=state.with_facet(name, ()))
        found.append(Narrowing(field.label.in_(locale.language), joined, where, url))
    return found


def condition_of(parts: Iterable[str]) -> str | None:
    """Expressions that must all hold, as one."""
    given = [part for part in parts if part]
    return " and ".join(f"({part})" for part in given) if given else None
