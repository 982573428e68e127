"""long_text: several lines, written as Markdown."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv
from guanxi.kernel.fields.parts import EMPTY_OPS, as_is, one_column, searched, show_plain, wants_text

LENGTH = 100_000


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    text = wants_text(raw, field.options.get("max_length", LENGTH)).replace("\r\n", "\n").replace("\r", "\n")
    return (text.strip("\n") if text.strip() else None,)


LONG_TEXT = FieldType(
    name="long_text",
    kind="text",
    columns=one_column("TEXT"),
    parse=parse,
    to_json=as_is,
    show=show_plain,
    operators=("contains", "not_contains", *EMPTY_OPS),
    example=lambda _f: "Met **Mr Li**.\n\n- wants a quote",
    search=searched,
    sort=lambda _f: None,
)
