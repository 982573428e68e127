"""integer: a whole number."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.money import parse_number_text, parse_scaled
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import NUMBER_OPS, as_is, check_range, one_column, quoted

_SPARE = 4
"""Fraction digits read in order to notice that there are some."""


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    if type(raw) is str and len(raw) < 19 and raw.isascii() and raw.isdigit():
        return (check_range(field, int(raw), str),)
    if type(raw) is str:
        value, unit = parse_number_text(raw, _SPARE, example="1200")
        if unit:
            raise ParseError(
                "not_a_number",
                msg("“{value}” is not a number. Write it like {example}.", value=quoted(raw), example="1200"),
            )
    elif type(raw) is int:
        return (check_range(field, parse_scaled(raw, 0, example="1200"), str),)
    else:
        value = parse_scaled(raw, _SPARE, example="1200")
    whole, rest = divmod(value, 10**_SPARE)
    if rest:
        raise ParseError(
            "not_whole",
            msg("“{value}” is not a whole number. Write it like {example}.", value=quoted(raw), example="1200"),
        )
    return (check_range(field, whole, str),)


def show(_field: FieldLike, values: Columns, _locale: Locale) -> str:
    return "" if values[0] is None else f"{values[0]:,}"


INTEGER = FieldType(
    name="integer",
    kind="number",
    columns=one_column("INT"),
    parse=parse,
    to_json=as_is,
    show=show,
    operators=NUMBER_OPS,
    example=lambda _f: 1200,
)
