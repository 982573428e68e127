"""percent: percentage points; 12.5 and "12.5%" are the same."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.money import grouped, parse_number_text, parse_scaled, plain
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import NUMBER_OPS, check_range, one_column, quoted

DIGITS = 2


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    if isinstance(raw, str):
        value, unit = parse_number_text(raw, DIGITS, example="12.5%")
        if unit not in ("", "%"):
            raise ParseError(
                "not_a_number",
                msg("“{value}” is not a percentage. Write it like {example}.", value=quoted(raw), example="12.5%"),
            )
    else:
        value = parse_scaled(raw, DIGITS, example="12.5%")
    return (check_range(field, value, lambda v: plain(v, DIGITS) + "%"),)


def to_json(_field: FieldLike, values: Columns) -> Any:
    return None if values[0] is None else plain(values[0], DIGITS)


def show(_field: FieldLike, values: Columns, _locale: Locale) -> str:
    return "" if values[0] is None else grouped(values[0], DIGITS) + "%"


PERCENT = FieldType(
    name="percent",
    kind="number",
    columns=one_column("INT"),
    parse=parse,
    to_json=to_json,
    show=show,
    operators=NUMBER_OPS,
    example=lambda _f: "12.5%",
    scale=lambda _f: DIGITS,
)
