"""choice: one of a list; read by its key or by its label in either language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.text import fold, nearest
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import EMPTY_OPS, one_column, wants_text

_indexes: dict[int, tuple[Sequence[Any], dict[str, Any]]] = {}
"""Choices by folded key and labels, one index for each tuple of choices (kept alive beside it)."""


def choices_of(field: FieldLike) -> Sequence[Any]:
    choices: Sequence[Any] = field.options.get("choices", ())
    return choices


def index_of(choices: Sequence[Any]) -> Mapping[str, Any]:
    kept = _indexes.get(id(choices))
    if kept is not None and kept[0] is choices:
        return kept[1]
    if len(_indexes) > 5000:
        _indexes.clear()
    index: dict[str, Any] = {}
    for choice in choices:
        index.setdefault(fold(choice.label.en).strip(), choice)
        index.setdefault(fold(choice.label.zh).strip(), choice)
    for choice in choices:
        index[fold(choice.key)] = choice
    _indexes[id(choices)] = (choices, index)
    return index


def find_choice(field: FieldLike, raw: Any) -> str:
    """The key of the choice meant; an error names the nearest, or all when they are few."""
    choices = choices_of(field)
    text = wants_text(raw, 1000).strip()
    choice = index_of(choices).get(fold(text))
    if choice is not None and not choice.retired:
        return str(choice.key)
    offered = [c.key for c in choices if not c.retired]
    if choice is not None:
        raise ParseError(
            "retired_choice",
            msg("“{value}” is no longer offered. Choose one of: {choices}.", value=text[:40], choices=_few(offered)),
        )
    names = [n for c in choices if not c.retired for n in (c.key, c.label.en, c.label.zh)]
    near = nearest(text[:100], names, at_least=0.6)
    if near:
        raise ParseError(
            "unknown_choice",
            msg("“{value}” is not one of the choices. Did you mean “{near}”?", value=text[:40], near=near),
        )
    raise ParseError(
        "unknown_choice", msg("“{value}” is not one of the choices: {choices}.", value=text[:40], choices=_few(offered))
    )


def _few(keys: Sequence[str]) -> str:
    return ", ".join(keys[:12]) + (", …" if len(keys) > 12 else "")


def label_of(field: FieldLike, key: Any, language: str) -> str:
    found = next((c for c in choices_of(field) if c.key == key), None)
    return found.label.in_(language) if found else str(key)


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    if isinstance(raw, str) and not raw.strip():
        return (None,)
    return (find_choice(field, raw),)


def show(field: FieldLike, values: Columns, locale: Locale) -> str:
    return "" if values[0] is None else label_of(field, values[0], locale.language)


def search(field: FieldLike, values: Columns) -> tuple[str, ...]:
    found = next((c for c in choices_of(field) if c.key == values[0]), None) if values[0] else None
    return (found.label.en, found.label.zh) if found else ()


def example(field: FieldLike) -> Any:
    return next((c.key for c in choices_of(field) if not c.retired), "")


CHOICE = FieldType(
    name="choice",
    kind="text",
    columns=one_column("TEXT"),
    parse=parse,
    to_json=lambda _f, v: v[0],
    show=show,
    operators=("in", "not_in", "eq", "ne", *EMPTY_OPS),
    example=example,
    search=search,
)
