"""formula: computed from other fields of the record; it is never written, only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import NUMBER_OPS

RESULTS = ("text", "integer", "decimal", "money", "percent", "date", "datetime", "boolean")


def refuse(_field: FieldLike, _raw: Any, _env: ParseEnv) -> Columns:
    raise ParseError("computed", msg("This field is computed. Change the fields it is computed from."))


def make_formula(types: Mapping[str, FieldType]) -> FieldType:
    """The formula type, which shows its result as a value of the type named by `result`."""

    def result(field: FieldLike) -> FieldType:
        return types[str(field.options.get("result", "decimal"))]

    def padded(field: FieldLike, values: Columns) -> Columns:
        return (*values, *(None for _ in range(len(result(field).columns(field)) - len(values))))

    def to_json(field: FieldLike, values: Columns) -> Any:
        return result(field).to_json(field, padded(field, values))

    def show(field: FieldLike, values: Columns, locale: Locale) -> str:
        return result(field).show(field, padded(field, values), locale)

    return FieldType(
        name="formula",
        kind="none",
        columns=lambda _f: (),
        parse=refuse,
        to_json=to_json,
        show=show,
        operators=NUMBER_OPS,
        example=lambda _f: None,
        sort=lambda _f: None,
        scale=lambda f: result(f).scale(f),
    )
