"""Typed constructors for fields and choices: what apps write in their declarations, checked by mypy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from guanxi.base.i18n import Label
from guanxi.kernel.catalog.model import Choice, Field, Measure, OnDelete, Rollup
from guanxi.kernel.catalog.rollups import as_rollup

Tone = Literal["", "accent", "green", "amber", "red", "grey"]
Result = Literal["text", "integer", "decimal", "percent", "money", "date", "datetime", "boolean"]


class Common(TypedDict, total=False):
    """Options every field has; see `model.Field` for what each means."""

    required: bool
    unique: bool
    help: Label
    history: bool
    sensitive: bool
    read_only: bool
    hidden: bool
    copies: tuple[str, ...]
    encrypted: bool


def c(key: str, label: Label, tone: Tone = "", *, locked: bool = False, retired: bool = False) -> Choice:
    """One value of a choice: `c("new", L("New", "新建"), tone="accent")`."""
    return Choice(key, label, tone, locked, retired)


def _field(
    type_: str,
    name: str,
    label: Label,
    options: Mapping[str, Any],
    common: Common,
    default: Any = None,
) -> Field:
    kept = {key: value for key, value in options.items() if value is not None}
    plain: dict[str, Any] = {key: value for key, value in common.items() if key != "encrypted"}
    if common.get("encrypted"):
        kept |= {"encrypted": True, "sortable": False, "pinyin": False}
    return Field(name=name, type=type_, label=label, column=name, default=default, options=kept, **plain)


def text(
    name: str,
    label: Label,
    *,
    max_length: int = 255,
    sortable: bool = True,
    pinyin: bool = True,
    check: str | None = None,
    default: str | None = None,
    **common: Unpack[Common],
) -> Field:
    """
    One line of text. `sortable` keeps a sort key beside it; `pinyin` makes it findable by pinyin and initials; `check`
    names a look at its form (`fields.sealed.CHECKS`).
    """
    options = {"max_length": max_length, "sortable": sortable, "pinyin": pinyin, "check": check}
    return _field("text", name, label, options, common, default)


def long_text(
    name: str, label: Label, *, max_length: int = 100_000, default: str | None = None, **common: Unpack[Common]
) -> Field:
    """Paragraphs in Markdown."""
    return _field("long_text", name, label, {"max_length": max_length, "multiline": True}, common, default)


def integer(
    name: str,
    label: Label,
    *,
    min: int | None = None,
    max: int | None = None,
    default: int | str | None = None,
    **common: Unpack[Common],
) -> Field:
    """A whole number of 64 bits."""
    return _field("integer", name, label, {"min": min, "max": max}, common, default)


def decimal(
    name: str,
    label: Label,
    *,
    scale: int = 4,
    min: int | None = None,
    max: int | None = None,
    default: str | int | None = None,
    **common: Unpack[Common],
) -> Field:
    """An exact number with `scale` decimals; `min` and `max` are in stored form (value × 10^scale)."""
    return _field("decimal", name, label, {"scale": scale, "min": min, "max": max}, common, default)


def money(
    name: str,
    label: Label,
    *,
    min: int | None = None,
    max: int | None = None,
    default: str | None = None,
    **common: Unpack[Common],
) -> Field:
    """An amount with its currency and the amount in the base currency; `min`, `max` are amounts × 10^4."""
    return _field("money", name, label, {"min": min, "max": max}, common, default)


def percent(
    name: str,
    label: Label,
    *,
    min: int | None = None,
    max: int | None = None,
    default: str | int | None = None,
    **common: Unpack[Common],
) -> Field:
    """Percentage points with two decimals; `min`, `max` are points × 10^2."""
    return _field("percent", name, label, {"min": min, "max": max}, common, default)


def date(name: str, label: Label, *, default: str | None = None, **common: Unpack[Common]) -> Field:
    """A day without a time; `default="@today"` is the day in the actor's zone."""
    return _field("date", name, label, {}, common, default)


def datetime_(name: str, label: Label, *, default: str | None = None, **common: Unpack[Common]) -> Field:
    """A moment; `default="@now"`."""
    return _field("datetime", name, label, {}, common, default)


def boolean(name: str, label: Label, *, default: bool | None = None, **common: Unpack[Common]) -> Field:
    """Yes or no."""
    return _field("boolean", name, label, {}, common, default)


def choice(name: str, label: Label, *choices: Choice, default: str | None = None, **common: Unpack[Common]) -> Field:
    """One of the given values; the key is stored."""
    return _field("choice", name, label, {"choices": tuple(choices)}, common, default)


def multi_choice(
    name: str, label: Label, *choices: Choice, default: tuple[str, ...] | None = None, **common: Unpack[Common]
) -> Field:
    """Any of the given values."""
    return _field("multi_choice", name, label, {"choices": tuple(choices)}, common, default)


def _targets(to: str | Iterable[str]) -> tuple[str, ...]:
    return (to,) if isinstance(to, str) else tuple(to)


def lookup(
    name: str,
    label: Label,
    to: str | tuple[str, ...],
    *,
    on_delete: OnDelete | None = None,
    default: str | None = None,
    inverse: Label | None = None,
    **common: Unpack[Common],
) -> Field:
    """
    Points at one record of one object, or of one of several objects; `inverse` is what the records that point here
    are called on the page of the one they point at. `on_delete` is what happens here when that
    record goes; unless said otherwise the value is cleared, or the deletion refused if the field is required.
    """
    on_delete = on_delete or ("refuse" if common.get("required") else "clear")
    return _field(
        "lookup", name, label, {"to": _targets(to), "on_delete": on_delete, "inverse": inverse}, common, default
    )


def links(name: str, label: Label, to: str, **common: Unpack[Common]) -> Field:
    """Points at any number of records of one object (many to many)."""
    return _field("links", name, label, {"to": _targets(to)}, common)


def user(
    name: str,
    label: Label,
    *,
    on_delete: OnDelete = "refuse",
    default: str | None = None,
    **common: Unpack[Common],
) -> Field:
    """Somebody who signs in; `default="@me"` is whoever creates the record."""
    return _field("user", name, label, {"to": ("user",), "on_delete": on_delete}, common, default)


def team_(
    name: str,
    label: Label,
    *,
    on_delete: OnDelete = "refuse",
    default: str | None = None,
    **common: Unpack[Common],
) -> Field:
    """A team; `default="@my_team"`."""
    return _field("team", name, label, {"to": ("team",), "on_delete": on_delete}, common, default)


def email(name: str, label: Label, *, sortable: bool = False, **common: Unpack[Common]) -> Field:
    """An e-mail address."""
    return _field("email", name, label, {"max_length": 254, "sortable": sortable}, common)


def phone(name: str, label: Label, **common: Unpack[Common]) -> Field:
    """A phone number, kept as E.164 and shown the national way."""
    return _field("phone", name, label, {}, common)


def url(name: str, label: Label, *, sortable: bool = False, **common: Unpack[Common]) -> Field:
    """A web address."""
    return _field("url", name, label, {"max_length": 2048, "sortable": sortable}, common)


def address(name: str, label: Label, **common: Unpack[Common]) -> Field:
    """A postal address; in China province, city and district come from the official register."""
    return _field("address", name, label, {}, common)


def auto_number(
    name: str,
    label: Label,
    *,
    format: str,
    gapless: bool = False,
    sortable: bool = False,
    **common: Unpack[Common],
) -> Field:
    """A number given by the system: `format="OPP-{yyyy}-{0000}"`. `gapless` numbers wait for each other."""
    common.setdefault("read_only", True)
    options = {"format": format, "gapless": gapless, "sortable": sortable}
    return _field("auto_number", name, label, options, common)


def tags(name: str, label: Label, **common: Unpack[Common]) -> Field:
    """Free words, shared by everybody."""
    return _field("tags", name, label, {}, common)


def image(name: str, label: Label, **common: Unpack[Common]) -> Field:
    """One picture."""
    return _field("image", name, label, {}, common)


def files(name: str, label: Label, **common: Unpack[Common]) -> Field:
    """Any number of files."""
    return _field("files", name, label, {}, common)


def formula(
    name: str, label: Label, *, formula: str, result: Result, scale: int | None = None, **common: Unpack[Common]
) -> Field:
    """Computed from other fields of the record by an expression; never stored."""
    common["read_only"] = True
    return _field("formula", name, label, {"formula": formula, "result": result, "scale": scale}, common)


def rollup(
    name: str,
    label: Label,
    measure: Measure,
    *,
    of: str,
    via: str,
    field: str = "",
    where: str = "",
    type: Literal["integer", "decimal", "percent", "money", "date", "datetime"] = "integer",
    scale: int | None = None,
    sortable: bool = False,
    **common: Unpack[Common],
) -> Field:
    """
    A figure over the live records of `of` whose lookup `via` points here, kept by a follower: `type` is what `measure`
    of `field` gives. `sortable` gives it an index.
    """
    options = {"rollup": Rollup(of, via, measure, field, where), "scale": scale, "sortable": sortable or None}
    return as_rollup(_field(type, name, label, options, common))
