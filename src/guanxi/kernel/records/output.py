"""Rows as JSON: one generated struct and converter per object and set of fields, kept on the snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from guanxi.base.dates import iso_date, iso_datetime
from guanxi.base.money import plain, plain_money
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.fields.registry import TYPES, result_type, type_of
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.types import Row

Converter = Callable[[Row], Any]
PLAIN = frozenset({"text", "email", "url", "long_text", "phone", "auto_number", "integer", "choice"})
STORED_JSON = frozenset({"multi_choice", "tags", "links", "files", "image"})  # kept in the very form of the answer
IDS = frozenset({"user", "team", "lookup"})
ALWAYS = ("id", "version")
MOST_KEPT = 1_000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def converter(
    catalog: Catalog, target: Object, names: Sequence[str], *, raw: bool = True, veiled: Collection[str] = ()
) -> Converter:
    """
    Row -> struct whose JSON is the answer; id and version come first. `raw` puts stored JSON in as it is (fastest,
    for encoding only); without it the result is a dict of plain Python values, as exports and webhooks want it.
    `veiled`: fields that may hold a mask, which is given as text.
    """
    kept: dict[Any, Converter] = catalog.memo.setdefault("output", {})
    masked = frozenset(veiled).intersection(names)
    key = (target.name, tuple(names), raw, masked)
    known = kept.get(key)
    if known is None:
        if len(kept) >= MOST_KEPT:  # callers may ask for any combination of fields
            kept.clear()
        known = kept[key] = _build(catalog, target, tuple(dict.fromkeys((*ALWAYS, *names))), raw, masked)
    return known


def values_of(catalog: Catalog, target: Object, row: Row, names: Sequence[str]) -> dict[str, Any]:
    """One record as plain JSON values by field name."""
    fields = catalog.fields(target)
    veiled = [name for name in names if type(row.get(fields[name].column)) is Masked]
    found: dict[str, Any] = converter(catalog, target, names, raw=False, veiled=veiled)(row)
    return found


def json_value(catalog: Catalog, field: Field, values: Sequence[Any] | None) -> Any:
    """Column values of one field (from the log, from a tally) as their JSON value; money without currency is base."""
    if values is None:
        return None
    if type(values[0]) is Masked:
        return str(values[0])
    if values[0] is None:
        return [] if field.type in STORED_JSON else None
    if field.name == "id" or (field.type in IDS and len(values) == 1):
        return str(values[0]) if values[0] else None
    if result_type(field).name == "money" and (len(values) == 1 or values[1] is None):
        return {"amount": plain_money(values[0]), "currency": base_currency(catalog)}
    return type_of(field).to_json(field, (*values, *([None] * (3 - len(values)))))


def base_currency(catalog: Catalog) -> str:
    """The currency that sums are in."""
    return str(catalog.settings.get("currency", "CNY"))


def _build(catalog: Catalog, target: Object, names: Sequence[str], raw: bool, veiled: Collection[str]) -> Converter:
    fields = catalog.fields(target)
    scope: dict[str, Any] = {"Raw": msgspec.Raw, "iso_date": iso_date, "iso_datetime": iso_datetime, "plain": plain}
    scope |= {"EPOCH": EPOCH, "FIRST": EPOCH.toordinal(), "day": dt.date.fromordinal, "delta": dt.timedelta}
    scope |= {"plain_money": plain_money, "EMPTY": msgspec.Raw(b"[]"), "Masked": Masked}
    cells = [_cell(catalog, target, fields[name], place, scope, raw) for place, name in enumerate(names)]
    for place, name in enumerate(names):
        if name in veiled or fields[name].encrypted:  # an encrypted value that does not open is shown as a mask
            cells[place] = f"(str(m) if type(m := row[{fields[name].column!r}]) is Masked else {cells[place]})"
    if raw:  # a field may be called like a keyword of Python: attributes are numbered, their JSON names are not
        attributes = [f"a{place}" for place in range(len(names))]
        renamed = dict(zip(attributes, names, strict=True))
        scope["Struct"] = msgspec.defstruct(f"{target.name}_json", attributes, rename=renamed, gc=False)
        text = f"lambda row: Struct({', '.join(cells)})"
    else:
        pairs = ", ".join(f"{name!r}: {cell}" for name, cell in zip(names, cells, strict=True))
        text = f"lambda row: {{{pairs}}}"
    made: Converter = eval(text, scope)  # noqa: S307 - made of catalogue names and constants, never of input
    return made


def _cell(catalog: Catalog, target: Object, field: Field, place: int, scope: dict[str, Any], raw: bool) -> str:
    """The expression that gives one value, with what it needs put into `scope`."""
    get = f"row[{field.column!r}]"
    if field.name == "id":
        return f"str({get})"
    if field.name == "version" or field.type in PLAIN:
        return get
    known = shape_of(catalog, target).fields.get(field.name)
    columns = known.logged if known is not None and known.columns else (field.column,)
    if field.type in IDS and len(columns) == 1:  # user 0 is the system: nobody one could look up
        return f"(str(v) if (v := {get}) else None)"
    if raw and field.type in STORED_JSON:
        return f"(EMPTY if (v := {get}) is None else Raw(v.encode()))"
    guard = f"None if (v := {get}) is None else "
    if raw and field.type == "address":
        return f"({guard}Raw(v.encode()))"
    simple = (_ENCODED if raw else _PLAIN).get(field.type)
    if simple is not None:
        return f"({guard}{simple})"
    if field.type in ("decimal", "percent"):
        return f"({guard}plain(v, {TYPES[field.type].scale(field)}))"
    if field.type == "money":
        return f"({guard}{{'amount': plain_money(v), 'currency': row[{field.column + '__c'!r}]}})"
    scope[f"cell{place}"] = lambda *values: json_value(catalog, field, values)
    return f"cell{place}({', '.join(f'row[{c!r}]' for c in columns)})"


_PLAIN = {"boolean": "v != 0", "date": "iso_date(v)", "datetime": "iso_datetime(v)"}
_ENCODED = {"boolean": "v != 0", "date": "day(v + FIRST)", "datetime": "EPOCH + delta(0, 0, v)"}
"""The encoder writes dates and moments itself, in the same form and twice as fast."""


def references_json(found: Mapping[str, Mapping[int, str]]) -> dict[str, dict[str, str]]:
    """Titles of records pointed at, by object and id."""
    return {name: {str(ident): title for ident, title in titles.items()} for name, titles in found.items() if titles}
