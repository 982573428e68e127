"""image and files: attachments, kept as ids of stored files."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import EMPTY_OPS, list_json, one_column, parse_ids, show_ids, split_list

EXAMPLE = "729384756102"
MOST = 100


def parse_files(_field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    return parse_ids(raw, MOST)


def parse_image(_field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    if len(split_list(raw, MOST)) > 1:
        raise ParseError("too_long", msg("Only one picture fits here."))
    return parse_ids(raw, 1)


FILES = FieldType(
    name="files",
    kind="text",
    columns=one_column("TEXT"),
    parse=parse_files,
    to_json=list_json,
    show=show_ids,
    operators=EMPTY_OPS,
    example=lambda _f: [EXAMPLE],
    sort=lambda _f: None,
)

IMAGE = FieldType(
    name="image",
    kind="text",
    columns=one_column("TEXT"),
    parse=parse_image,
    to_json=list_json,
    show=show_ids,
    operators=EMPTY_OPS,
    example=lambda _f: [EXAMPLE],
    sort=lambda _f: None,
)
