"""Rows of a list: per column one function that makes its cells, with all that is the same for every row made before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from guanxi.base.i18n import Locale, translate
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists import marks
from guanxi.entrypoints.web.masking import eye_for
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.fields.registry import TYPES, result_type
from guanxi.kernel.records import masks
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.looks import note_rows
from guanxi.kernel.records.read import references
from guanxi.kernel.records.shape import shape_of, targets_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

NEXT_DAYS = ("next_step_on", "next_follow_up_on")
NUMBERS = ("money", "integer", "decimal", "percent")
EDITABLE = ("text", "email", "phone", "url", "integer", "decimal", "percent", "money", "date", "datetime", "boolean",
            "choice", "lookup", "user", "team", "tags", "long_text")  # fmt: skip
MOST_COLUMNS = 20
PICK = Markup('<td class="gx-pick"><input class="gx-tick" type="checkbox" data-pick aria-label="{}"></td>')
QUIET, LATE = '<a class="gx-quiet" href="/o/', ' class="gx-red"'
Content = Callable[[Row], str]


def columns_for(work: Work, target: Object, wanted: Sequence[str] = ()) -> list[Field]:
    """Fields shown, in order: those asked for, else the object's own; what may not be read is left out."""
    allowed = masks.shown(work, target)
    names = [n for n in wanted if n in allowed] or [n for n in target.columns if n in allowed]
    names = [n for n in dict.fromkeys((target.title, *names)) if n in allowed and not allowed[n].hidden]
    if not wanted:
        merged = next_day(target)
        names = [n for n in names if n != merged or "next_step" not in names]
    return [allowed[n] for n in (names or ["id"])][:MOST_COLUMNS]


def next_day(target: Object) -> str:
    """The field with the day of the next step, if the object has one."""
    names = {f.name for f in target.fields}
    return next((n for n in NEXT_DAYS if n in names and "next_step" in names), "")


def needed(work: Work, target: Object, fields: Sequence[Field]) -> tuple[str, ...]:
    """Fields to read for these columns: also those that colour a cell."""
    allowed = readable(work, target)
    extra = [next_day(target)] if any(f.name == "next_step" for f in fields) else []
    extra += ["state"] if extra or any(f.type == "date" for f in fields) else []
    return tuple(dict.fromkeys([*(f.name for f in fields), *(n for n in extra if n in allowed)]))


def rows_html(work: Work, target: Object, fields: Sequence[Field], rows: Sequence[Row], locale: Locale) -> Markup:
    """All rows as `<tr>`s: one function per column, called for each row, which costs half of a template."""
    given = _given(work, target, references(work, target, rows, [f.name for f in fields]), locale)
    amount = first_money(target, [f for f in fields if f.name in readable(work, target)])
    total = f"{amount.column}__b" if amount is not None else ""
    columns = [(f"<td{_attributes(work, target, f, amount)}>", _content(given, f)) for f in fields]
    begin, pick = f'" data-href="/o/{target.name}/', PICK.format(translate("Select", locale.language))
    note_rows(work, target, rows, [f.name for f in fields], entry="form")
    made = []
    for row in rows:
        ident, added = row["id"], f' data-sum="{row.get(total) or 0}"' if total else ""
        made.append(f'<tr data-id="{ident}{begin}{ident}" data-version="{row["version"]}"{added}>{pick}')
        made += [f"{opened}{content(row)}</td>" for opened, content in columns]
        made.append("</tr>\n")
    return Markup("".join(made))  # noqa: S704 - every cell's function escapes what it shows


def cell_html(work: Work, target: Object, field: Field, row: Row, locale: Locale) -> str:
    """One cell anew, after it was edited."""
    given = _given(work, target, references(work, target, [row], [field.name]), locale)
    attributes = _attributes(work, target, field, first_money(target, [field]))
    return f"<td{attributes}>{_content(given, field)(row)}</td>"


@dataclass(frozen=True, slots=True)
class Given:
    """What the cells of one page share: titles of other records, finished badges and people."""

    work: Work
    target: Object
    locale: Locale
    titles: Mapping[str, Mapping[int, str]]
    choices: Mapping[str, marks.Marks]
    people: marks.People
    days: marks.Days


def _given(work: Work, target: Object, names: Mapping[str, Mapping[int, str]], locale: Locale) -> Given:
    choices = marks.choices_of(work, target, locale)
    return Given(work, target, locale, names, choices, marks.People(names.get("user", {})), marks.Days(locale))


def first_money(target: Object, fields: Sequence[Field]) -> Field | None:
    """The amount that stands right on cards and is added up over the selection."""
    money = [f for f in fields if f.type == "money"]
    wanted = target.steps.amount if target.steps else None
    return next((f for f in money if f.name == wanted), money[0] if money else None)


def _attributes(work: Work, target: Object, field: Field, amount: Field | None) -> str:
    attributes = ""
    if result_type(field).name in NUMBERS:
        attributes += ' class="gx-num"'
    role = "name" if field.name == target.title else "amount" if field == amount else ""
    attributes += f' data-role="{role}"' if role else ""
    if is_editable(work, target, field):
        attributes += f' data-edit="{field.name}"'
    return attributes


def is_editable(work: Work, target: Object, field: Field) -> bool:
    """Whether a cell of this field may be edited in place by the caller."""
    if field.name in SYSTEM_NAMES:
        may = all(work.actor.rights.scope(target.name, v) != "none" for v in ("edit", "transfer"))
        return field.name == "owner" and may
    several = field.type == "lookup" and len(targets_of(field)) > 1
    rights = work.actor.rights
    may = rights.scope(target.name, "edit") != "none" and rights.level(target.name, field.name) == "edit"
    return may and not field.read_only and field.type in EDITABLE and not several


def _content(given: Given, field: Field) -> Content:
    """The function that makes the inside of a field's cells; a mask stands as it is."""
    clear = _clear_content(given, field)
    if field.name not in masks.veils(given.work, given.target) or field.name == given.target.title:
        return clear
    column, mask = field.column, eye_for(given.work, given.target, field, given.locale.language)
    return lambda row: mask.format(row[column], row["id"]) if type(row[column]) is Masked else clear(row)


def _clear_content(given: Given, field: Field) -> Content:
    target, column = given.target, field.column
    if field.name == target.title:
        return _title(given, field)
    if field.name == "next_step" and (day := next_day(target)):
        mark = marks.next_marker(given.work, given.locale)
        return lambda row: mark(row.get(day), row[column], row.get("state"))
    if target.steps and field.name == target.steps.field:
        stages = marks.stages_of(given.work, target, given.locale)
        return lambda row: stages.get(row[column], "")
    if target.steps and field.name == target.steps.close_on:
        return _close_day(given, column)
    if field.type in ("lookup", "team"):
        return _reference(given, field)
    if field.type == "choice":
        choices = given.choices[field.name]
        return lambda row: choices[row[column]]
    if field.type == "user" or field.name in ("created_by", "updated_by"):
        people = given.people
        return lambda row: people[row[column]]
    return _plain(given, field)


def _plain(given: Given, field: Field) -> Content:
    column, locale = field.column, given.locale
    if field.type == "date":
        days = given.days
        return lambda row: days[row[column]]
    if field.type == "datetime":
        return lambda row: marks.ago(row[column], locale)
    if field.type == "boolean":
        yes = render.icon("check", 14, translate("Yes", locale.language))
        return lambda row: yes if row[column] else ""
    if field.type in ("tags", "multi_choice"):
        many = marks.many_marker(given.work, given.target, locale)
        return lambda row: many(field.name, row[column])
    if field.type == "integer":
        return lambda row: render.number(row[column])
    if field.type == "money":
        own = f"{column}__c"
        return lambda row: marks.amount(row[column], row.get(own), locale)
    text = shower(given.work, given.target, field, locale)
    return lambda row: escape(text(row))


def _title(given: Given, field: Field) -> Content:
    look = render.icon("eye", 14, translate("Quick look", given.locale.language))
    begin = f'<a class="gx-name" href="/o/{given.target.name}/'
    peek = f'</a><button type="button" class="gx-peek-open" data-peek-open tabindex="-1">{look}</button>'
    column, text = field.column, shower(given.work, given.target, field, given.locale)
    if field.type == "text":
        return lambda row: f'{begin}{row["id"]}">{escape(row[column] or "…")}{peek}'
    return lambda row: f'{begin}{row["id"]}">{escape(text(row) or "…")}{peek}'


def _close_day(given: Given, column: str) -> Content:
    days, today = given.days, given.work.today

    def content(row: Row) -> str:
        day = row[column]
        late = day is not None and day < today and (row.get("state") or "open") == "open"
        return f"<span{LATE if late else ''}>{days[day]}</span>"

    return content


def _reference(given: Given, field: Field) -> Content:
    column, targets, titles = field.column, targets_of(field), given.titles
    if len(targets) > 1:
        kind = f"{column}__o"

        def any_kind(row: Row) -> str:
            if not (ident := row[column]):
                return ""
            other = row[kind]
            return f'{QUIET}{escape(other)}/{ident}">{escape(titles.get(other, {}).get(ident, ""))}</a>'

        return any_kind
    found, begin = titles.get(targets[0], {}), f"{QUIET}{targets[0]}/"
    if targets[0] in given.work.catalog.config:
        return lambda row: escape(found.get(row[column], ""))

    def one_kind(row: Row) -> str:
        ident = row[column]
        return f'{begin}{ident}">{escape(found.get(ident, ""))}</a>' if ident else ""

    return one_kind


def shown(work: Work, target: Object, name: str, row: Row, locale: Locale) -> str:
    """A value as plain text, for types without a form of their own in tables."""
    return shower(work, target, work.catalog.field(target, name), locale)(row)


def shower(work: Work, target: Object, field: Field, locale: Locale) -> Content:
    """The function that shows a field of any row as plain text."""
    column, show = field.column, TYPES[field.type].show
    known = shape_of(work.catalog, target).fields.get(field.name)
    columns = known.logged if known is not None and known.logged else (column,)
    if field.type == "links":
        return lambda row: str(len(json.loads(row[column] or "[]")) or "")
    if field.type in ("files", "image"):
        return lambda row: "📎" * bool(row.get(column))
    return lambda row: show(field, tuple([row.get(c) for c in columns]), locale)


def texts_of(
    work: Work, target: Object, fields: Sequence[Field], rows: Sequence[Row], locale: Locale
) -> list[list[str]]:
    """Rows as plain text, for files."""
    names = references(work, target, rows, [f.name for f in fields])
    return [[_text(work, target, f, row, names, locale) for f in fields] for row in rows]


def _text(
    work: Work, target: Object, field: Field, row: Row, names: Mapping[str, Mapping[int, str]], locale: Locale
) -> str:
    value = row.get(field.column)
    if value is None:
        return ""
    if field.type in ("lookup", "user", "team"):
        targets = targets_of(field)
        other = row[f"{field.column}__o"] if len(targets) > 1 else targets[0]
        return names.get(other, {}).get(value, "")
    return shown(work, target, field.name, row, locale)
