"""What stands in place of a value that its reader may know of but not read: `138****1234`, `l***@example.com`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType

STARS = "***"
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z -]{6,}", re.ASCII)


class Masked(str):
    """A mask where a value would be. No type parses or encodes it by accident: it is text to be shown, nothing else."""

    __slots__ = ()


def mask_text(_field: FieldLike, values: Columns) -> str:
    """A name keeps its first letter, a number its last four; how long it is stays unsaid."""
    text = str(values[0])
    if _NUMBER.fullmatch(text) and any(c.isdigit() for c in text):
        return f"****{text[-4:]}" if len(text) > 8 else "****"
    return f"{text[0]}**" if len(text) > 1 else "**"


def mask_email(_field: FieldLike, values: Columns) -> str:
    """The first letter and the domain."""
    local, _, domain = str(values[0]).partition("@")
    return f"{local[:1] if len(local) > 1 else ''}***@{domain}"


def mask_phone(_field: FieldLike, values: Columns) -> str:
    """A Chinese mobile as everybody knows it; other numbers keep their country code or area and two digits."""
    number, _, _ = str(values[0]).partition(";")
    if number.startswith("+861") and len(number) == 14:
        return f"{number[3:6]}****{number[-4:]}"
    return f"{number[:3]}****{number[-2:]}" if len(number) > 9 else "****"


def mask_of(kind: FieldType, field: FieldLike, values: Columns) -> Masked:
    """The mask of a value that is not empty."""
    return Masked(kind.mask(field, values))


def tolerant(kind: FieldType) -> FieldType:
    """The type with `show` and `to_json` that give a mask as it is: whoever shows values need not ask."""
    show, to_json = kind.show, kind.to_json

    def shown(field: FieldLike, values: Columns, locale: Locale) -> str:
        return str(values[0]) if type(values[0]) is Masked else show(field, values, locale)

    def as_json(field: FieldLike, values: Columns) -> Any:
        return str(values[0]) if type(values[0]) is Masked else to_json(field, values)

    return replace(kind, show=shown, to_json=as_json)
