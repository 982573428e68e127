"""Masks say what kind of value is there and never what it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base.i18n import L, Locale
from guanxi.kernel.catalog.declare import date, email, integer, money, phone, text
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.fields.masked import Masked, mask_of
from guanxi.kernel.fields.registry import TYPES

NAMED: dict[str, Field] = {
    "phone": phone("a", L("A", "甲")),
    "email": email("a", L("A", "甲")),
    "text": text("a", L("A", "甲")),
    "money": money("a", L("A", "甲")),
    "date": date("a", L("A", "甲")),
    "integer": integer("a", L("A", "甲")),
}


def masked(kind: str, *values: Any) -> str:
    return mask_of(TYPES[kind], NAMED[kind], values)


@pytest.mark.parametrize(
    ("kind", "value", "mask"),
    [
        ("phone", "+8613800001234", "138****1234"),
        ("phone", "+8651262881234;ext=801", "+86****34"),
        ("phone", "+49309018", "****"),
        ("email", "li@example.com", "l***@example.com"),
        ("email", "x@example.com", "***@example.com"),
        ("text", "张三丰", "张**"),
        ("text", "张", "**"),
        ("text", "Li Wei", "L**"),
        ("text", "320102199001011234", "****1234"),
        ("text", "91320594MA1", "****4MA1"),
        ("text", "12345678", "****"),
        ("money", 12345, "***"),
        ("date", 20000, "***"),
        ("integer", 7, "***"),
    ],
)
def test_a_mask_by_type(kind: str, value: Any, mask: str) -> None:
    assert masked(kind, value) == mask


@given(st.text(min_size=1, max_size=40))
def test_a_text_keeps_one_letter_or_four_digits(value: str) -> None:
    left = masked("text", value).replace("*", "")
    assert left == "" or left == value[0] or (len(value) > 8 and left == value[-4:])


@given(st.sampled_from(sorted(TYPES)), st.sampled_from(["en", "zh-CN"]))
def test_every_type_shows_a_mask_as_it_is(kind: str, language: Any) -> None:
    if kind == "formula":
        return
    field = NAMED.get(kind, NAMED["text"])
    values = (Masked("1*"), None, None)
    assert TYPES[kind].show(field, values, Locale(language)) == "1*"
    assert TYPES[kind].to_json(field, values) == "1*"
