"""decimal: a number with a fixed count of decimals, exact."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.money import grouped, parse_number_text, parse_scaled, plain
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import NUMBER_OPS, check_range, one_column, quoted

DIGITS = 4


def digits_of(field: FieldLike) -> int:
    return int(field.options.get("scale", DIGITS))


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    digits = digits_of(field)
    if type(raw) is str and not (raw.isascii() and raw.replace(".", "", 1).isdigit()):
        value, unit = parse_number_text(raw, digits, example="12.5")
        if unit:
            raise ParseError(
                "not_a_number",
                msg("“{value}” is not a number. Write it like {example}.", value=quoted(raw), example="12.5"),
            )
    else:
        value = parse_scaled(raw, digits, example="12.5")
    return (check_range(field, value, lambda v: plain(v, digits)),)


def to_json(field: FieldLike, values: Columns) -> Any:
    return None if values[0] is None else plain(values[0], digits_of(field))


def show(field: FieldLike, values: Columns, _locale: Locale) -> str:
    return "" if values[0] is None else grouped(values[0], digits_of(field))


DECIMAL = FieldType(
    name="decimal",
    kind="number",
    columns=one_column("INT"),
    parse=parse,
    to_json=to_json,
    show=show,
    operators=NUMBER_OPS,
    example=lambda _f: "12.5",
    scale=digits_of,
)
