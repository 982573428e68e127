"""text: one line of plain text."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.fields.base import Column, Columns, FieldLike, FieldType, ParseEnv
from guanxi.kernel.fields.masked import mask_text
from guanxi.kernel.fields.parts import TEXT_OPS, as_is, searched, show_plain, wants_text

LENGTH = 255
_PLAIN = (Column("", "TEXT"),)
_SORTED = (Column("", "TEXT"), Column("__k", "TEXT", logged=False))


def text_columns(field: FieldLike) -> tuple[Column, ...]:
    return _SORTED if field.options.get("sortable") else _PLAIN


def text_sort(field: FieldLike) -> str | None:
    return "__k" if field.options.get("sortable") else None


def with_key(field: FieldLike, value: str | None) -> Columns:
    """The stored columns of a text that may be sortable; its key is made once, before it is stored (`refresh_keys`)."""
    return (value, None) if field.options.get("sortable") else (value,)


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    text = wants_text(raw, field.options.get("max_length", LENGTH)).strip()
    if not text.isprintable():
        text = " ".join(text.split())  # line ends and tabs of pasted text become blanks
    return with_key(field, text or None)


TEXT = FieldType(
    name="text",
    kind="text",
    columns=text_columns,
    parse=parse,
    to_json=as_is,
    show=show_plain,
    operators=TEXT_OPS,
    example=lambda _f: "Acme 苏州",
    search=searched,
    sort=text_sort,
    mask=mask_text,
)
