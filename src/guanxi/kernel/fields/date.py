"""date: a calendar day."""

from __future__ import annotations

from typing import Any

from guanxi.base.dates import iso_date, parse_date, show_date
from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv
from guanxi.kernel.fields.parts import DATE_OPS, check_range, one_column


def parse(field: FieldLike, raw: Any, env: ParseEnv) -> Columns:
    return (check_range(field, parse_date(raw, env.today), iso_date),)


def to_json(_field: FieldLike, values: Columns) -> Any:
    return None if values[0] is None else iso_date(values[0])


def show(_field: FieldLike, values: Columns, locale: Locale) -> str:
    return "" if values[0] is None else show_date(values[0], locale.language)


DATE = FieldType(
    name="date",
    kind="date",
    columns=one_column("INT"),
    parse=parse,
    to_json=to_json,
    show=show,
    operators=DATE_OPS,
    example=lambda _f: "2026-11-21",
)
