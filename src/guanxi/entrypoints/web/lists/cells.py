"""Rows of a list: one template per object and choice of columns, with each cell's markup written out in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import Template
from markupsafe import Markup

from guanxi.base.i18n import Locale, translate
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists import marks
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.fields.registry import TYPES, result_type
from guanxi.kernel.records.filters import readable
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
MOST_KEPT = 20_000
PICK = Markup('<td class="gx-pick"><input class="gx-tick" type="checkbox" data-pick aria-label="{}"></td>')


def columns_for(work: Work, target: Object, wanted: Sequence[str] = ()) -> list[Field]:
    """Fields shown, in order: those asked for, else the object's own; what may not be read is left out."""
    allowed = readable(work, target)
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
    """All rows as `<tr>`s."""
    names = references(work, target, rows, [f.name for f in fields])
    template = row_template(work, target, fields)
    html = render.fragment(template, context_for(work, target, rows, names, locale), locale)
    return Markup(html)  # noqa: S704 - made by an autoescaping template


def cell_html(work: Work, target: Object, field: Field, row: Row, locale: Locale) -> str:
    """One cell anew, after it was edited."""
    names = references(work, target, [row], [field.name])
    key = ("cell-template", target.name, field.name, is_editable(work, target, field))
    template = work.catalog.memo.get(key)
    if template is None:
        source = "{% set r = rows[0] %}" + _cell(work, target, field, first_money(target, [field]))
        template = work.catalog.memo[key] = render.environment().from_string(source)
    return render.fragment(template, context_for(work, target, [row], names, locale), locale)


def context_for(
    work: Work, target: Object, rows: Sequence[Row], names: Mapping[str, Mapping[int, str]], locale: Locale
) -> dict[str, Any]:
    """What the generated template calls: finished badges and people, one each however often they occur."""
    return {
        "rows": [marks.Blank(row) for row in rows],
        "n": marks.Titles({name: marks.Blank(found) for name, found in names.items()}),
        "pick": PICK.format(translate("Select", locale.language)),
        "o": target.name,
        "people": marks.People(names.get("user", {})),
        "choices": marks.choices_of(work, target, locale),
        "stages": marks.Blank(marks.stages_of(work, target, locale)),
        "next": marks.next_marker(work, locale),
        "many": marks.many_marker(work, target, locale),
        "shown": lambda field, row: shown(work, target, field, row, locale),
        "today": work.today,
        "look": render.icon("eye", 14, translate("Quick look", locale.language)),
    }


def row_template(work: Work, target: Object, fields: Sequence[Field]) -> Template:
    """Compiled once per snapshot, object and columns."""
    key = ("row-template", target.name, tuple((f.name, is_editable(work, target, f)) for f in fields))
    known: Template | None = work.catalog.memo.get(key)
    if known is None:
        known = render.environment().from_string(_row_source(work, target, fields))
        if len(work.catalog.memo) < MOST_KEPT:  # anybody may ask for any order of columns
            work.catalog.memo[key] = known
    return known


def _row_source(work: Work, target: Object, fields: Sequence[Field]) -> str:
    amount = first_money(target, fields)
    total = f' data-sum="{{{{ r["{amount.column}__b"] or 0 }}}}"' if amount is not None else ""
    cells = "".join(_cell(work, target, f, amount) for f in fields)
    return (
        "{% for r in rows %}"
        f'<tr data-id="{{{{ r["id"] }}}}" data-href="/o/{target.name}/{{{{ r["id"] }}}}"'
        f' data-version="{{{{ r["version"] }}}}"{total}>'
        f"{{{{ pick }}}}{cells}</tr>\n{{% endfor %}}"
    )


def first_money(target: Object, fields: Sequence[Field]) -> Field | None:
    """The amount that stands right on cards and is added up over the selection."""
    money = [f for f in fields if f.type == "money"]
    wanted = target.steps.amount if target.steps else None
    return next((f for f in money if f.name == wanted), money[0] if money else None)


def _cell(work: Work, target: Object, field: Field, amount: Field | None) -> str:
    attributes = ""
    if result_type(field).name in NUMBERS:
        attributes += ' class="gx-num"'
    role = "name" if field.name == target.title else "amount" if field == amount else ""
    attributes += f' data-role="{role}"' if role else ""
    if is_editable(work, target, field):
        attributes += f' data-edit="{field.name}"'
    return f"<td{attributes}>{_inside(work, target, field)}</td>"


def is_editable(work: Work, target: Object, field: Field) -> bool:
    """Whether a cell of this field may be edited in place by the caller."""
    if field.name in SYSTEM_NAMES:
        return field.name == "owner" and work.actor.rights.scope(target.name, "edit") != "none"
    several = field.type == "lookup" and len(targets_of(field)) > 1
    rights = work.actor.rights
    may = rights.scope(target.name, "edit") != "none" and rights.level(target.name, field.name) == "edit"
    return may and not field.read_only and field.type in EDITABLE and not several


def _inside(work: Work, target: Object, field: Field) -> str:
    value = f'r["{field.column}"]'
    if field.name == target.title:
        name = f"{{{{ shown('{field.name}', r) or '…' }}}}" if field.type != "text" else f"{{{{ {value} or '…' }}}}"
        link = f'<a class="gx-name" href="/o/{target.name}/{{{{ r["id"] }}}}">{name}</a>'
        return f'{link}<button type="button" class="gx-peek-open" data-peek-open tabindex="-1">{{{{ look }}}}</button>'
    if field.name == "next_step" and (day := next_day(target)):
        return f"{{{{ next(r['{day}'], {value}, r['state']) }}}}"
    if target.steps and field.name == target.steps.field:
        return f"{{{{ stages[{value}] }}}}"
    known = {
        "money": f'{{{{ money({value}, r["{field.column}__c"]) }}}}',
        "choice": f"{{{{ choices['{field.name}'][{value}] }}}}" if field.type == "choice" else "",
        "user": f"{{{{ people[{value}] }}}}",
        "date": f"{{% if {value} is not none %}}{{{{ date({value}) }}}}{{% endif %}}",
        "datetime": f"{{{{ relative({value}) }}}}",
        "boolean": f"{{% if {value} %}}{{{{ icon('check', 14, t('Yes')) }}}}{{% endif %}}",
        "tags": f"{{{{ many('{field.name}', {value}) }}}}",
        "multi_choice": f"{{{{ many('{field.name}', {value}) }}}}",
        "integer": f"{{{{ number({value}) }}}}",
    }
    if target.steps and field.name == target.steps.close_on:
        late = f"{value} is not none and {value} < today and (r['state'] or 'open') == 'open'"
        return f'<span{{% if {late} %}} class="gx-red"{{% endif %}}>{known["date"]}</span>'
    if field.type in ("lookup", "team"):
        return _reference(work, field, value)
    if field.name in ("created_by", "updated_by"):
        return known["user"]
    return known.get(field.type) or f"{{{{ shown('{field.name}', r) }}}}"


def _reference(work: Work, field: Field, value: str) -> str:
    targets = targets_of(field)
    if len(targets) > 1:
        kind = f'r["{field.column}__o"]'
        name = f"n[{kind}][{value}]"
        link = f'<a class="gx-quiet" href="/o/{{{{ {kind} }}}}/{{{{ {value} }}}}">{{{{ {name} }}}}</a>'
        return f"{{% if {value} %}}{link}{{% endif %}}"
    name = f"{{{{ n['{targets[0]}'][{value}] }}}}"
    if targets[0] in work.catalog.config:
        return name
    return f'{{% if {value} %}}<a class="gx-quiet" href="/o/{targets[0]}/{{{{ {value} }}}}">{name}</a>{{% endif %}}'


def shown(work: Work, target: Object, name: str, row: Row, locale: Locale) -> str:
    """A value as plain text, for types without a form of their own in tables."""
    field = work.catalog.field(target, name)
    kind = TYPES[field.type]
    known = shape_of(work.catalog, target).fields.get(name)
    columns = known.logged if known is not None and known.logged else (field.column,)
    if field.type == "links":
        return str(len(json.loads(row[field.column] or "[]")) or "")
    if field.type in ("files", "image"):
        return "📎" * bool(row.get(field.column))
    return kind.show(field, tuple(row.get(c) for c in columns), locale)


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
