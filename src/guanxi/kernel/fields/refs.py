"""lookup, user, team, links: pointers to other records, always by id (names are resolved above)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanxi.base.errors import msg
from guanxi.kernel.fields.base import Column, Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import (
    REF_OPS,
    SET_OPS,
    list_json,
    one_column,
    parse_id,
    parse_ids,
    quoted,
    show_ids,
    show_plain,
)

EXAMPLE = "729384756102"
_ONE = (Column("", "INT"),)
_SEVERAL = (Column("", "INT"), Column("__o", "TEXT"))


def targets_of(field: FieldLike) -> tuple[str, ...]:
    return tuple(field.options.get("to", ()))


def lookup_columns(field: FieldLike) -> tuple[Column, ...]:
    return _SEVERAL if len(targets_of(field)) > 1 else _ONE


def parse_lookup(field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    targets = targets_of(field)
    if len(targets) <= 1:
        return (parse_id(raw.get("id") if isinstance(raw, Mapping) else raw),)
    example = f"{targets[0]}:{EXAMPLE}"
    if isinstance(raw, Mapping):
        target, record = raw.get("object"), raw.get("id")
    elif isinstance(raw, str) and ":" in raw[:100]:
        target, _, record = raw.partition(":")
        target = target.strip()
    else:
        raise ParseError(
            "bad_id",
            msg(
                "“{value}” does not say which kind of record it is. Write it like {example}.",
                value=quoted(raw),
                example=example,
            ),
        )
    if not isinstance(target, str) or target not in targets:
        raise ParseError(
            "bad_target",
            msg("“{value}” cannot be linked here, only: {targets}.", value=quoted(target), targets=", ".join(targets)),
        )
    return parse_id(record, example), target


def lookup_json(field: FieldLike, values: Columns) -> Any:
    if values[0] is None:
        return None
    return {"object": values[1], "id": str(values[0])} if len(targets_of(field)) > 1 else str(values[0])


def lookup_example(field: FieldLike) -> Any:
    targets = targets_of(field)
    return {"object": targets[0], "id": EXAMPLE} if len(targets) > 1 else EXAMPLE


LOOKUP = FieldType(
    name="lookup",
    kind="ref",
    columns=lookup_columns,
    parse=parse_lookup,
    to_json=lookup_json,
    show=show_plain,
    operators=REF_OPS,
    example=lookup_example,
)


def _id_json(_field: FieldLike, values: Columns) -> Any:
    return None if values[0] is None else str(values[0])


def _parse_one(_field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    return (parse_id(raw.get("id") if isinstance(raw, Mapping) else raw),)


def _person(name: str, operators: tuple[str, ...]) -> FieldType:
    return FieldType(
        name=name,
        kind="ref",
        columns=lambda _f: _ONE,
        parse=_parse_one,
        to_json=_id_json,
        show=show_plain,
        operators=operators,
        example=lambda _f: EXAMPLE,
    )


USER = _person("user", ("is_me", *REF_OPS))
TEAM = _person("team", ("is_my_team", "is_my_teams", *REF_OPS))

LINKS = FieldType(
    name="links",
    kind="set",
    columns=one_column("TEXT"),
    parse=lambda _f, raw, _env: parse_ids(raw, 1000),
    to_json=list_json,
    show=show_ids,
    operators=SET_OPS,
    example=lambda _f: [EXAMPLE],
    sort=lambda _f: None,
)
