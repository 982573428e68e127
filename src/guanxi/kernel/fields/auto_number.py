"""auto_number: a running number such as OPP-2026-0042, given by the system when a record is created."""

from __future__ import annotations

import re
from typing import Any

from guanxi.base.dates import from_day
from guanxi.base.errors import msg
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import TEXT_OPS, as_is, searched, show_plain, wants_text
from guanxi.kernel.fields.text import text_columns, text_sort, with_key

FORMAT = "{0000}"
_GAP = re.compile(r"\{(yyyy|yy|mm|dd|0+)\}")


def render(pattern: str, number: int, day: int) -> str:
    """The number in its format: `OPP-{yyyy}-{0000}` → OPP-2026-0042."""
    date = from_day(day)
    values = {
        "yyyy": f"{date.year:04d}",
        "yy": f"{date.year % 100:02d}",
        "mm": f"{date.month:02d}",
        "dd": f"{date.day:02d}",
    }
    return _GAP.sub(lambda m: values.get(m[1]) or f"{number:0{len(m[1])}d}", pattern)


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    """Numbers from another system come in by import and are kept as they are."""
    text = wants_text(raw, 64).strip()
    if not text.isprintable():
        raise ParseError("bad_text", msg("A number like {example} is one line of text.", example=example(field)))
    return with_key(field, text or None)


def example(field: FieldLike) -> Any:
    return render(str(field.options.get("format", FORMAT)), 42, 20_778)


AUTO_NUMBER = FieldType(
    name="auto_number",
    kind="text",
    columns=text_columns,
    parse=parse,
    to_json=as_is,
    show=show_plain,
    operators=TEXT_OPS,
    example=example,
    search=searched,
    sort=lambda f: text_sort(f) or "",
)
