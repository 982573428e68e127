"""A field's form: what each type asks for, and the spec that a filled-in form means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import FormData

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.posting import text_of, texts_of, ticked
from guanxi.entrypoints.web.settings.objects import label_of
from guanxi.entrypoints.web.settings.rollups import rollup_from
from guanxi.kernel.catalog.model import Choice, Field
from guanxi.kernel.catalog.rows import FieldSpec
from guanxi.kernel.catalog.snapshot import Catalog

ROLLUP = "rollup"  # on screen a type of its own; stored as a number, an amount or a date
TYPES: tuple[tuple[str, Label, str], ...] = (
    ("text", L("Text", "文字"), "abc"),
    ("integer", L("Number", "数字"), "hash"),
    ("money", L("Amount", "金额"), "currency-yuan"),
    ("date", L("Date", "日期"), "calendar"),
    ("choice", L("Choice", "单选"), "list"),
    ("multi_choice", L("Choices", "多选"), "checks"),
    ("lookup", L("Link", "关联"), "link"),
    ("boolean", L("Yes or no", "是否"), "square-check"),
    ("long_text", L("Long text", "长文字"), "align-left"),
    ("decimal", L("Decimal", "小数"), "decimal"),
    ("percent", L("Percent", "百分比"), "percentage"),
    ("datetime", L("Moment", "日期时间"), "clock"),
    ("phone", L("Phone", "电话"), "phone"),
    ("email", L("E-mail", "邮箱"), "mail"),
    ("url", L("Web address", "网址"), "world"),
    ("address", L("Address", "地址"), "map-pin"),
    ("user", L("Person", "人员"), "user"),
    ("team", L("Team", "团队"), "users"),
    ("links", L("Several links", "多个关联"), "affiliate"),
    ("tags", L("Tags", "标签"), "tags"),
    ("files", L("Files", "文件"), "paperclip"),
    ("image", L("Picture", "图片"), "photo"),
    ("formula", L("Formula", "公式"), "math-function"),
    (ROLLUP, L("Roll-up", "汇总"), "sum"),
    ("auto_number", L("Number series", "自动编号"), "list-numbers"),
)
ICONS: Mapping[str, str] = {name: icon for name, _, icon in TYPES}
LABELS: Mapping[str, Label] = {name: label for name, label, _ in TYPES}
RESULTS = ("text", "integer", "decimal", "percent", "money", "date", "datetime", "boolean")
TONES = ("", "accent", "green", "amber", "red", "grey")


def spec_from(form: FormData, kind: str, catalog: Catalog, *, before: Field | None = None) -> FieldSpec:
    """The spec of a new field, or what a form changes about one."""
    label = label_of(form, "label")
    if label is None:
        text = msg("A field needs a label.")
        raise Invalid(text, errors=[FieldError("label_zh", "required", text)])
    given: dict[str, Any] = {"label": label}
    if before is None:
        given["type"] = kind
    flags = ("required", "unique", "sensitive")
    known: Mapping[str, bool] = {f: bool(before and getattr(before, f)) for f in flags}
    given |= {f: ticked(form, f) for f in flags if ticked(form, f) != known[f]}
    help_, old_help = label_of(form, "help"), before.help if before else None
    if help_ != old_help:
        given["help"] = help_ or Label("", "")
    default = text_of(form, "default")
    if default != str((before.default if before else None) or ""):
        given["default"] = default
    if kind in ("choice", "multi_choice"):
        given["choices"] = choices_from(form, before.options.get("choices", ()) if before else ())
    if kind == ROLLUP:
        given |= rollup_from(form, catalog, before)
    elif before is None:
        given |= _fixed(form, kind)
    elif kind == "formula" and text_of(form, "formula") != before.options.get("formula"):
        given["formula"] = text_of(form, "formula")
    return FieldSpec(**given)


def _fixed(form: FormData, kind: str) -> dict[str, Any]:
    """Options that are decided when the field is made."""
    if kind in ("lookup", "links"):
        to = tuple(texts_of(form, "to"))
        if not to:
            text = msg("Choose what the field points at.")
            raise Invalid(text, errors=[FieldError("to", "required", text)])
        return {"to": to[:1] if kind == "links" else to}
    if kind == "decimal":
        scale = text_of(form, "scale")
        return {"scale": int(scale) if scale in set("0123456789") else 2}
    if kind == "formula":
        result = text_of(form, "result")
        return {"formula": text_of(form, "formula"), "result": result if result in RESULTS else "decimal"}
    if kind == "auto_number":
        return {"format": text_of(form, "format") or "{0000}"}
    return {}


def choices_from(form: FormData, before: Sequence[Choice]) -> tuple[Choice, ...]:
    """Choices in the order of the page, then those typed or pasted line by line (`中文 = English`)."""
    known = {c.key: c for c in before}
    found: dict[str, Choice] = {}
    for key in texts_of(form, "choice"):
        old = known.get(key)
        zh, en, tone = (text_of(form, f"choice.{key}.{part}") for part in ("zh", "en", "tone"))
        label = Label(en or zh or key, zh or en or key)
        retired = not ticked(form, f"choice.{key}.on")
        if old is not None and not (old.locked and retired):
            found[key] = Choice(key, label, tone if tone in TONES else "", old.locked, retired)
    for line in text_of(form, "more").splitlines():
        zh, _, en = (part.strip() for part in line.partition("="))
        if zh or en:
            key = _key(en or zh, {*known, *found})
            found[key] = Choice(key, Label(en or zh, zh or en))
    if not found and not before:
        text = msg("Write at least one choice, one on each line.")
        raise Invalid(text, errors=[FieldError("more", "required", text)])
    return tuple(found.values())


def _key(text: str, taken: set[str]) -> str:
    base = "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:32].strip("_")
    if not base or not base[0].isalpha():
        base = f"c{len(taken) + 1}"
    key, n = base, 1
    while key in taken:
        n += 1
        key = f"{base}_{n}"
    return key
