"""Sort keys and keyset cursors: nulls last in two phases, id as the last key (KD 10)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.base.errors import BadInput, msg
from guanxi.base.gate import INT_MAX, INT_MIN
from guanxi.kernel.catalog.columns import all_columns
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.fields.registry import TYPES

NEVER_NULL = {"id", "version", "created_at", "updated_at"}
MAX_KEYS = 4


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: a column and its direction."""

    column: str
    descending: bool
    nullable: bool
    whole: bool = True  # holds whole numbers, else text


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: the keys' values and id of a row, and which way to go from it."""

    values: tuple[Any, ...]
    id: int
    backwards: bool


def keys_of(
    catalog: Catalog, target: Object, sort: Sequence[str], readable: Callable[[Field], bool]
) -> tuple[Key, ...]:
    """Sort words ("-amount", "name") as keys; `readable(field)` says whether the caller may sort by it."""
    keys: list[Key] = []
    fields, kinds = catalog.fields(target), _kinds(catalog, target)
    for word in sort[:MAX_KEYS] or _usual(target, fields, readable):
        name = word.lstrip("-+")
        field = fields.get(name)
        if field is None or not readable(field):  # unknown and forbidden get the same answer
            raise BadInput(msg("There is no field «{name}».", name=name[:80]))
        suffix = TYPES[field.type].sort(field)
        if suffix is None:
            raise BadInput(msg("You cannot sort by «{field}».", field=name))
        column = field.column + suffix
        keys.append(Key(column, word.startswith("-"), name not in NEVER_NULL, kinds.get(column) == "INT"))
    if keys[-1].column == "id":
        return tuple(keys)
    return (*keys, Key("id", keys[0].descending, False))


def _kinds(catalog: Catalog, target: Object) -> Mapping[str, str]:
    key = ("kinds of columns", target.name)
    known: Mapping[str, str] | None = catalog.memo.get(key)
    if known is None:
        known = catalog.memo[key] = dict(all_columns(target))
    return known


def _usual(target: Object, fields: Mapping[str, Field], readable: Callable[[Field], bool]) -> Sequence[str]:
    """The object's own order; newest first for those who may not read the field it goes by."""
    field = fields.get(target.sort.lstrip("-+"))
    return (target.sort,) if field is not None and readable(field) else ("-id",)


def pack(sort: Sequence[str], keys: Sequence[Key], row: Any, backwards: bool, version: int) -> str:
    """The cursor of a row as URL-safe text."""
    values = [row[k.column] for k in keys]
    data = msgspec.json.encode([list(sort), values, int(backwards), version])
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpack(text: str, sort: Sequence[str], keys: Sequence[Key]) -> Cursor:
    """Back from text; BadInput if it was made for another sort or tampered with."""
    wrong = BadInput(msg("This page link does not fit the list any more. Start from the first page."))
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        words, values, backwards, _version = msgspec.json.decode(data, type=tuple[list[str], list[Any], int, int])
    except (ValueError, msgspec.MsgspecError) as error:
        raise wrong from error
    fits = list(sort) == words and len(values) == len(keys)
    if not fits or values[-1] is None or not all(map(_holds, keys, values)):
        raise wrong
    return Cursor(tuple(values), values[-1], bool(backwards))


def _holds(key: Key, value: Any) -> bool:
    """Whether the key's column could hold the value: a cursor comes back from outside."""
    if value is None:
        return key.nullable
    if key.whole:
        return isinstance(value, int) and not isinstance(value, bool) and INT_MIN <= value <= INT_MAX
    return isinstance(value, str) and "\0" not in value


def order_sql(keys: Sequence[Key], phase: int, backwards: bool, alias: str = "r") -> str:
    """ORDER BY of one phase; phase 1 (leading key is null) leaves the leading key out."""
    words = []
    for place, key in enumerate(keys):
        if place == 0 and phase == 1 and key.nullable:
            continue
        down = key.descending != backwards
        if place and key.nullable:
            words.append(f'({alias}."{key.column}" IS NULL)' + (" DESC" if backwards else ""))
        words.append(f'{alias}."{key.column}"' + (" DESC" if down else ""))
    return ", ".join(words)


def phases_of(keys: Sequence[Key], cursor: Cursor | None, backwards: bool) -> tuple[int, ...]:
    """Which phases are still to be read, in reading order."""
    if not keys[0].nullable:
        return (0,)
    order = (1, 0) if backwards else (0, 1)
    if cursor is None:
        return order
    now = 1 if cursor.values[0] is None else 0
    return order[order.index(now) :]


def after_sql(keys: Sequence[Key], phase: int, cursor: Cursor | None, alias: str = "r") -> tuple[str, list[Any]]:
    """Conditions of one phase: null or not, and beyond the cursor if it lies in this phase."""
    leading = keys[0]
    parts: list[str] = []
    params: list[Any] = []
    if leading.nullable:
        parts.append(f'{alias}."{leading.column}" IS {"NULL" if phase else "NOT NULL"}')
    here = cursor is not None and (not leading.nullable or (cursor.values[0] is None) == (phase == 1))
    if cursor is not None and here:
        start = 1 if phase == 1 and leading.nullable else 0
        compare = _beyond_nullable if start else _beyond
        text, values = compare(keys[start:], cursor.values[start:], cursor.backwards, alias)
        parts.append(text)
        params += values
    return " AND ".join(parts), params


def _beyond(keys: Sequence[Key], values: Sequence[Any], backwards: bool, alias: str) -> tuple[str, list[Any]]:
    """Lexicographic "after": a range on the first key (for the index), then ties key by key."""
    key, value = keys[0], values[0]
    column = f'{alias}."{key.column}"'
    sign = "<" if key.descending != backwards else ">"
    if len(keys) == 1:
        return f"{column} {sign} ?", [value]
    rest, more = _beyond_nullable(keys[1:], values[1:], backwards, alias)
    return f"{column} {sign}= ? AND ({column} {sign} ? OR ({rest}))", [value, value, *more]


def _beyond_nullable(keys: Sequence[Key], values: Sequence[Any], backwards: bool, alias: str) -> tuple[str, list[Any]]:
    """As `_beyond` for later keys, where null stands after every value."""
    key, value = keys[0], values[0]
    column = f'{alias}."{key.column}"'
    if not key.nullable:
        sign = "<" if key.descending != backwards else ">"
        if len(keys) == 1:
            return f"{column} {sign} ?", [value]
        rest, more = _beyond_nullable(keys[1:], values[1:], backwards, alias)
        return f"({column} {sign} ? OR ({column} = ? AND ({rest})))", [value, value, *more]
    rest, more = _beyond_nullable(keys[1:], values[1:], backwards, alias)
    if value is None:
        same = f"({column} IS NULL AND ({rest}))"
        return (f"({column} IS NOT NULL OR {same})", more) if backwards else (same, more)
    sign = "<" if key.descending != backwards else ">"
    past = f"{column} {sign} ?" + ("" if backwards else f" OR {column} IS NULL")
    return f"({past} OR ({column} = ? AND ({rest})))", [value, value, *more]
