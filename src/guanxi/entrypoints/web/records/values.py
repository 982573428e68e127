"""Values as people read them on a record's page: links, people, badges, texts, pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from guanxi.base.dates import local_day
from guanxi.base.i18n import Locale, translate
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists import marks
from guanxi.entrypoints.web.masking import PLAIN, eye_for
from guanxi.entrypoints.web.records.desk import Desk
from guanxi.entrypoints.web.records.markdown import to_html
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.fields.contact import national
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.fields.registry import result_type
from guanxi.kernel.records.shape import shape_of, targets_of
from guanxi.kernel.records.types import Row

Names = Mapping[str, Mapping[int, str]]
EMPTY = Markup('<span class="gx-none">–</span>')


def columns_of(work: Work, target: Object, field: Field) -> tuple[str, ...]:
    """The columns that hold a field's value, derived ones left out."""
    known = shape_of(work.catalog, target).fields.get(field.name)
    return known.logged if known is not None and known.logged else (field.column,)


def show_field(desk: Desk, field: Field) -> Markup:
    """One field of the record on the table."""
    values = tuple(desk.row.get(c) for c in columns_of(desk.work, desk.target, field))
    if desk.is_masked(field):
        return eye_for(desk.work, desk.target, field, desk.me.locale.language).format(values[0], desk.id)
    return show_values(desk.work, desk.target, field, values, desk.names, desk.me.locale)


def show_row(work: Work, target: Object, field: Field, row: Row, names: Names, locale: Locale) -> Markup:
    """One field of any row."""
    values = tuple(row.get(c) for c in columns_of(work, target, field))
    return show_values(work, target, field, values, names, locale)


def show_values(
    work: Work, target: Object, field: Field, values: Sequence[Any], names: Names, locale: Locale
) -> Markup:
    """Column values (from a row or the log) as markup."""
    if not values or values[0] is None or values[0] == "":
        return EMPTY
    first, kind = values[0], result_type(field)
    if type(first) is Masked:
        return PLAIN.format(first)
    special: Callable[[Sequence[Any]], Markup] | None = _SHOWN.get(kind.name)
    if kind.name in ("lookup", "user", "team", "links") or field.name in ("created_by", "updated_by"):
        return _reference(work, field, values, names, locale)
    if kind.name == "choice":
        return marks.choices_of(work, target, locale).get(field.name, {}).get(first) or escape(first)
    if kind.name == "multi_choice":
        known = marks.choices_of(work, target, locale).get(field.name, {})
        return Markup(" ").join(known.get(k) or marks.badge(str(k), "") for k in json.loads(first))
    if special is not None:
        return special(values)
    if kind.name == "integer" and 0 < int(field.options.get("max") or 0) < 10_000:
        return escape(str(first))  # a year is no amount
    padded = (*values, *([None] * (3 - len(values))))
    return escape(kind.show(field, padded, locale))


def _reference(work: Work, field: Field, values: Sequence[Any], names: Names, locale: Locale) -> Markup:
    if field.type == "links":
        other = targets_of(field)[0]
        found = [_link(work, other, int(i), names, locale) for i in json.loads(values[0])]
        comma = escape("、" if locale.language == "zh-CN" else ", ")
        return comma.join(f for f in found if f) or EMPTY
    targets = targets_of(field)
    other = values[1] if len(targets) > 1 and len(values) > 1 else (targets[0] if targets else "user")
    return _link(work, other, int(values[0]), names, locale) or EMPTY


def _link(work: Work, other: str, ident: int, names: Names, locale: Locale) -> Markup:
    if other in work.catalog.config:
        row = work.catalog.config[other].get(ident)
        if other == "user" and ident == 0:
            return escape(translate("System", locale.language))
        if row is None:
            return Markup("")
        if other == "user":
            return marks.person(ident, str(row["name"]))
        english = row.get("name_en") if locale.language == "en" else None
        title = work.catalog.field(work.catalog.object(other), work.catalog.object(other).title).column
        return escape(english or row[title] or "")
    found = names.get(other, {}).get(ident)
    if found is None:
        return Markup("")
    return Markup('<a class="gx-link-plain" href="/o/{}/{}">{}</a>').format(other, ident, found or "…")


def _phone(values: Sequence[Any]) -> Markup:
    zh = render.LOCALE.get().language == "zh-CN"
    dial = str(values[0]).partition(";")[0]
    return Markup('<a class="gx-link-plain" href="tel:{}">{}</a>').format(dial, national(str(values[0]), zh))


def _url(values: Sequence[Any]) -> Markup:
    link = str(values[0])
    if not link.lower().startswith(("http://", "https://")):
        return escape(link)
    bare = link.split("://", 1)[1].rstrip("/")
    return Markup('<a href="{}" rel="noopener nofollow" target="_blank">{}</a>').format(link, bare)


def _tags(values: Sequence[Any]) -> Markup:
    return Markup(" ").join(marks.badge(str(tag), "") for tag in json.loads(values[0]))


def _files(values: Sequence[Any]) -> Markup:
    number = len(json.loads(values[0]))
    return escape(render.t(render.plural(number, "{n} file", "{n} files"), n=number))


def _image(values: Sequence[Any]) -> Markup:
    found = json.loads(values[0])
    return Markup(" ").join(
        Markup(
            '<a href="/files/{0}"><img class="gx-thumb" src="/files/{0}?inline=1" alt="" loading="lazy"></a>'
        ).format(i)
        for i in found
    )


_SHOWN: Mapping[str, Any] = {
    "phone": _phone,
    "email": lambda v: Markup('<a class="gx-link-plain" href="mailto:{0}">{0}</a>').format(v[0]),
    "url": _url,
    "tags": _tags,
    "files": _files,
    "image": _image,
    "long_text": lambda v: Markup('<div class="gx-prose">{}</div>').format(to_html(v[0])),
    "money": lambda v: escape(render.money(v[0], v[1] if len(v) > 1 else None)),
    "date": lambda v: render.relative_date(v[0]) if abs(v[0] - _today()) < 15 else escape(render.date(v[0])),
    "datetime": lambda v: escape(render.moment(v[0])),
    "boolean": lambda v: escape(render.t("Yes") if v[0] else render.t("No")),
}


def _today() -> int:
    locale = render.LOCALE.get()
    return local_day(locale.now, locale.zone)
