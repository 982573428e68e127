"""boolean: yes or no."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.text import fold
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import EMPTY_OPS, one_column, quoted

_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "y", "on", "t", "是", "有", "对", "真", "√", "✓", "1.0"), 1),
    **dict.fromkeys(("0", "false", "no", "n", "off", "f", "否", "无", "没有", "不", "不是", "假", "×", "✗", "0.0"), 0),
}


def parse(_field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    if isinstance(raw, bool):
        return (int(raw),)
    if isinstance(raw, int | float) and raw in (0, 1):
        return (int(raw),)
    if isinstance(raw, str) and len(raw) < 20:
        found = _WORDS.get(fold(raw.strip()))
        if found is not None:
            return (found,)
    raise ParseError(
        "not_a_boolean",
        msg("“{value}” is neither yes nor no. Write {example}.", value=quoted(raw), example="yes / no, 是 / 否, 1 / 0"),
    )


def to_json(_field: FieldLike, values: Columns) -> Any:
    return None if values[0] is None else bool(values[0])


def show(_field: FieldLike, values: Columns, locale: Locale) -> str:
    if values[0] is None:
        return ""
    return ("是" if values[0] else "否") if locale.language == "zh-CN" else ("Yes" if values[0] else "No")


BOOLEAN = FieldType(
    name="boolean",
    kind="boolean",
    columns=one_column("INT"),
    parse=parse,
    to_json=to_json,
    show=show,
    operators=("is_true", "is_false", *EMPTY_OPS),
    example=lambda _f: True,
)
