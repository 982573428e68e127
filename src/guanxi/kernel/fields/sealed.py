"""Encrypted fields: which types may be, what their two columns are, and what equality compares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from guanxi.base.errors import msg
from guanxi.kernel.fields.base import Column, Columns, FieldLike, FieldType, ParseEnv, ParseError

SEALABLE = ("text", "long_text", "phone", "email")
INDEX = "__h"  # the blind index beside the ciphertext
COLUMNS = (Column("", "TEXT"), Column(INDEX, "TEXT"))
TOKEN = "••••"  # noqa: S105 - in a condition that is kept: what follows is a blind index, not a value
OPERATORS = ("eq", "ne", "in", "is_empty", "not_empty")
_CN_ID = re.compile(r"[0-9]{17}[0-9Xx]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_encrypted(field: FieldLike) -> bool:
    return bool(field.options.get("encrypted"))


def folded(value: str) -> str:
    """What two values have in common that count as equal: letters of any case and width, blanks aside."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def check_identity(value: str) -> None:
    """Eighteen digits are a Chinese identity number, whose date and last digit must be right; others are free."""
    plain = "".join(value.split())
    if not _CN_ID.fullmatch(plain):
        return
    total = sum(int(digit) * weight for digit, weight in zip(plain, _WEIGHTS, strict=False))
    try:
        date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
        right = "10X98765432"[total % 11] == plain[17].upper()
    except ValueError:
        right = False
    if not right:
        raise ParseError("not_an_identity_number", msg("This identity number is not right; compare its digits."))


CHECKS: Mapping[str, Callable[[str], None]] = {"identity": check_identity}
"""Values of the option `check` of a text: what is looked at beyond the type."""


def sealable(kind: FieldType) -> FieldType:
    """The type, for fields with the option `encrypted`: two columns, no order, no words to search, equality only."""
    columns, parse, search, sort = kind.columns, kind.parse, kind.search, kind.sort

    def parsed(field: FieldLike, raw: Any, env: ParseEnv) -> Columns:
        values = parse(field, raw, env)
        if values[0] is not None and (check := CHECKS.get(str(field.options.get("check", "")))) is not None:
            check(values[0])
        return (values[0], None) if is_encrypted(field) else values

    return replace(
        kind,
        columns=lambda f: COLUMNS if is_encrypted(f) else columns(f),
        parse=parsed,
        search=lambda f, v: () if is_encrypted(f) else search(f, v),
        sort=lambda f: None if is_encrypted(f) else sort(f),
    )
