"""The one gate for bad input: what no part of the system may ever be handed."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from guanxi.base.errors import Message, msg

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
MAX_DEPTH = 20
MAX_ITEMS = 100_000
MAX_TEXT = 1_000_000
"""Characters in one text; single fields are tighter."""


class BadValue(ValueError):
    """A raw value that cannot be taken; carries a stable code and the sentence for the user."""

    def __init__(self, code: str, message: Message) -> None:
        self.code, self.message = code, message
        super().__init__(str(message))


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Text in NFC without NUL and lone surrogates, at most `limit` characters."""
    if len(text) > limit:
        raise BadValue(
            "too_long", msg("Too long: {length} characters, at most {limit} fit.", length=len(text), limit=limit)
        )
    if "\0" in text:
        raise BadValue("bad_text", msg("The text holds a NUL character. Remove it."))
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadValue("bad_text", msg("The text holds a broken character (half of a pair). Type it again.")) from None
    if unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def clean_int(value: int) -> int:
    """The integer, if it fits 64 bits."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise BadValue("out_of_range", msg("The number is too large."))


def clean(value: Any, *, depth: int = MAX_DEPTH) -> Any:
    """A JSON-like value with every text, number and date in it checked; raises `BadValue`."""
    budget = [MAX_ITEMS]
    return _clean(value, depth, budget)


def _clean(value: Any, depth: int, budget: list[int]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int):
        return clean_int(value)
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, Decimal):
        return _finite(value)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return value  # Python's own range is the years 1 to 9999
    if depth <= 0:
        raise BadValue("too_deep", msg("The value is nested too deeply."))
    if isinstance(value, Mapping):
        _spend(budget, len(value))
        return {_key(k): _clean(v, depth - 1, budget) for k, v in value.items()}
    if isinstance(value, list | tuple):
        _spend(budget, len(value))
        return [_clean(v, depth - 1, budget) for v in value]
    raise BadValue("bad_type", msg("A value of this kind cannot be taken."))


def _finite(value: float | Decimal) -> float | Decimal:
    if math.isfinite(value) and -1e30 < value < 1e30:
        return value
    raise BadValue("out_of_range", msg("The number is not finite or too large."))


def _key(key: Any) -> str:
    if isinstance(key, str):
        return clean_text(key, 1000)
    raise BadValue("bad_type", msg("Names in an object must be text."))


def _spend(budget: list[int], items: int) -> None:
    budget[0] -= items
    if budget[0] < 0:
        raise BadValue("too_long", msg("Too many items, at most {limit} fit.", limit=MAX_ITEMS))
