"""tags: free words, as many as wanted."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import Locale
from guanxi.base.text import fold
from guanxi.kernel.fields.base import Columns, FieldLike, FieldType, ParseEnv, ParseError
from guanxi.kernel.fields.parts import NONE, SET_OPS, dump, joined, list_json, load, one_column, split_list, wants_text

LENGTH, MOST = 50, 100


def parse(_field: FieldLike, raw: Any, _env: ParseEnv) -> Columns:
    tags: dict[str, str] = {}
    for item in split_list(raw, MOST):
        tag = " ".join(wants_text(item, 10_000).split()).lstrip("#").strip()
        if len(tag) > LENGTH:
            raise ParseError(
                "too_long",
                msg(
                    "The tag “{value}” is too long, at most {limit} characters fit.", value=tag[:20] + "…", limit=LENGTH
                ),
            )
        if any(c in tag for c in ",，;；、|\n") or tag.startswith("["):
            raise ParseError(
                "bad_tag",
                msg(
                    "The tag “{value}” holds a separator. Write tags like {example}.",
                    value=tag[:40],
                    example="VIP, 展会",
                ),
            )
        if tag:
            tags.setdefault(fold(tag), tag)
    return (dump([tags[key] for key in sorted(tags)]),) if tags else NONE


def show(_field: FieldLike, values: Columns, locale: Locale) -> str:
    return joined(load(values[0]), locale.language)


TAGS = FieldType(
    name="tags",
    kind="set",
    columns=one_column("TEXT"),
    parse=parse,
    to_json=list_json,
    show=show,
    operators=SET_OPS,
    example=lambda _f: ["VIP", "展会"],
    search=lambda _f, v: tuple(load(v[0])),
    sort=lambda _f: None,
)
