"""What a field type is: a small frozen record of functions, never a class hierarchy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from guanxi.base.gate import BadValue

if TYPE_CHECKING:
    from guanxi.base.i18n import Locale

Storage = Literal["INT", "TEXT"]
Kind = Literal["text", "number", "date", "datetime", "boolean", "ref", "set", "none"]
"""How the expression language sees a value. `number` covers integer, decimal, percent and money."""


class FieldLike(Protocol):
    """The part of `catalog.model.Field` that field types may look at (fields lie below the catalogue)."""

    @property
    def name(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def options(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Column:
    """One physical column: `suffix` is added to the field's column name (`""`, `"__c"`)."""

    suffix: str
    storage: Storage
    logged: bool = True  # derived columns (sort keys) are recomputed, not logged


ParseError = BadValue
"""A raw value that the type cannot take; carries the sentence for the user. One class with the input gate's."""


@dataclass(frozen=True, slots=True)
class ParseEnv:
    """What parsing may depend on besides the raw value: the caller's locale and the workspace's defaults."""

    locale: str = "en"  # "en" | "zh-CN"
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"  # workspace base currency
    country: str = "CN"  # national phone numbers are read as of this country
    rates: Mapping[str, int] = field(default_factory=dict)  # currency -> base units per unit × 10^8
    today: int = 0  # days since 1970-01-01 in `zone`


Columns = tuple[Any, ...]
"""Values for the type's columns in order; a type with one column gives a 1-tuple."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """
    name       as used in declarations and in JSON (`"money"`)
    kind       how expressions see it
    columns    physical columns for a field
    parse      raw (form text, CSV cell, JSON value; never None or "") -> column values; ParseError
    to_json    column values -> JSON value
    show       column values -> text for people (plain, not HTML)
    operators  names of the filter operators it offers (see `fields.operators`)
    example    a raw value `parse` accepts, for docs, API examples and generated tests
    search     column values -> text pieces for the search index (empty: not searchable)
    sort       suffix of the column to sort by, None if not sortable
    scale      10^scale of numbers stored as scaled integers, given the field
    mask       column values (not empty) -> what people see who may not read the value
    """

    name: str
    kind: Kind
    columns: Callable[[FieldLike], tuple[Column, ...]]
    parse: Callable[[FieldLike, Any, ParseEnv], Columns]
    to_json: Callable[[FieldLike, Columns], Any]
    show: Callable[[FieldLike, Columns, Locale], str]
    operators: tuple[str, ...]
    example: Callable[[FieldLike], Any]
    search: Callable[[FieldLike, Columns], tuple[str, ...]] = lambda _f, _v: ()
    sort: Callable[[FieldLike], str | None] = lambda _f: ""
    scale: Callable[[FieldLike], int] = lambda _f: 0
    mask: Callable[[FieldLike, Columns], str] = lambda _f, _v: "***"
