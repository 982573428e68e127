"""multi_choice: several of a list."""

from __future__ import annotations

from typing import Any

from guanxi.base.i18n import Locale
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv
from guanxi.kernel.fields.choice import choices_of, example, find_choice, label_of
from guanxi.kernel.fields.parts import NONE, SET_OPS, dump, joined, list_json, load, one_column, split_list


def parse(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    chosen = {find_choice(field, item) for item in split_list(raw)}
    keys = [c.key for c in choices_of(field) if c.key in chosen]
    return (dump(keys),) if keys else NONE


def show(field: FieldLike, values: Columns, locale: Locale) -> str:
    return joined([label_of(field, key, locale.language) for key in load(values[0])], locale.language)


MULTI_CHOICE = FieldType(
    name="multi_choice",
    kind="set",
    columns=one_column("TEXT"),
    parse=parse,
    to_json=list_json,
    show=show,
    operators=SET_OPS,
    example=lambda f: [example(f)],
    sort=lambda _f: None,
)
