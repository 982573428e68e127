"""Small parts that several field types share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.gate import MAX_TEXT, clean_text
from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import Column, Columns, FieldLike, ParseError, Storage

NONE: Columns = (None,)


def one_column(storage: Storage) -> Callable[[FieldLike], tuple[Column, ...]]:
    columns = (Column("", storage),)
    return lambda _field: columns


def quoted(raw: Any) -> str:
    """A raw value for an error sentence: short, and safe to print."""
    if isinstance(raw, str):
        text = raw
    else:
        text = type(raw).__name__ if isinstance(raw, list | dict | tuple | set | bytes) else f"{raw!s:.45}"
    text = text[:41].replace("\0", "␀").encode("utf-8", "replace").decode()
    return text[:40] + "…" if len(text) > 40 else text


def wants_text(raw: Any, limit: int = MAX_TEXT) -> str:
    """The raw value as clean text; numbers from spreadsheets and JSON count as text, other kinds do not."""
    if isinstance(raw, str):
        return clean_text(raw, limit)
    if isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() <= 64:
        return str(raw)
    if isinstance(raw, float) and raw == raw and abs(raw) < 1e15:  # noqa: PLR0124 - NaN is unlike itself
        return str(int(raw)) if raw.is_integer() else repr(raw)
    raise ParseError("bad_type", msg("Text is wanted here, not a list or another kind of value."))


def parse_id(raw: Any, example: str = "729384756102") -> int:
    """A record id: a positive 64-bit integer, or its decimal text."""
    if isinstance(raw, str) and len(raw) <= 25:
        text = raw.strip()
        number = int(text) if text.isascii() and text.isdigit() else 0
    else:
        number = raw if isinstance(raw, int) and not isinstance(raw, bool) else 0
    if 0 < number < 2**63:
        return number
    raise ParseError(
        "bad_id", msg("“{value}” is not a record id. Write it like {example}.", value=quoted(raw), example=example)
    )


def split_list(raw: Any, limit: int = 1000) -> list[Any]:
    """Items of a JSON array, a JSON array as text, or text separated by commas, semicolons or line ends."""
    if isinstance(raw, str):
        text = clean_text(raw, 100_000)
        if text.startswith("["):
            raw = _array(text)
        else:
            for separator in "，；;、|\n\r":
                text = text.replace(separator, ",")
            raw = [item for part in text.split(",") if (item := part.strip())]
    elif isinstance(raw, int) and not isinstance(raw, bool):
        raw = [raw]
    if not isinstance(raw, list | tuple):
        raise ParseError("bad_type", msg("A list is wanted here."))
    if len(raw) > limit:
        raise ParseError("too_long", msg("Too many items, at most {limit} fit.", limit=limit))
    return [item for item in raw if item not in (None, "")]


def _array(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ParseError("bad_json", msg("“{value}” is not a list.", value=quoted(text))) from None


def dump(value: Any) -> str:
    """The one JSON form of stored lists and objects: compact, Chinese readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def load(value: Any) -> Any:
    return json.loads(value) if value else []


def as_is(_field: FieldLike, values: Columns) -> Any:
    return values[0]


def show_plain(_field: FieldLike, values: Columns, _locale: Locale) -> str:
    return "" if values[0] is None else str(values[0])


def searched(_field: FieldLike, values: Columns) -> tuple[str, ...]:
    return (values[0],) if values[0] else ()


def parse_ids(raw: Any, limit: int) -> Columns:
    """A list of ids, stored ascending and once each."""
    ids: set[int] = {parse_id(item) for item in split_list(raw, limit)}
    return (dump([str(i) for i in sorted(ids)]),) if ids else NONE


def show_ids(_field: FieldLike, values: Columns, _locale: Locale) -> str:
    return ", ".join(load(values[0]))


def list_json(_field: FieldLike, values: Columns) -> Any:
    return load(values[0])


def check_range(field: FieldLike, value: int, shown: Callable[[int], str]) -> int:
    """`min` and `max` of the field, given in stored form."""
    least, most = field.options.get("min"), field.options.get("max")
    if least is not None and value < least:
        raise ParseError(
            "too_small",
            msg("{value} is too small, at least {limit} is wanted.", value=shown(value), limit=shown(least)),
        )
    if most is not None and value > most:
        raise ParseError(
            "too_large", msg("{value} is too large, at most {limit} fits.", value=shown(value), limit=shown(most))
        )
    return value


EMPTY_OPS = ("is_empty", "not_empty")
TEXT_OPS = ("contains", "not_contains", "starts_with", "eq", "ne", "in", *EMPTY_OPS)
NUMBER_OPS = ("eq", "ne", "gt", "ge", "lt", "le", "between", *EMPTY_OPS)
DATE_OPS = ("in_period", "eq", "lt", "le", "gt", "ge", "between", *EMPTY_OPS)
SET_OPS = ("has_any", "has_all", "has_none", *EMPTY_OPS)
REF_OPS = ("in", "not_in", "eq", "ne", *EMPTY_OPS)


def joined(parts: Sequence[str], language: str) -> str:
    return ("、" if language.startswith("zh") else ", ").join(parts)
