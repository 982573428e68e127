"""The input gate: everything that would break storage is refused, the rest comes through in one form."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base.gate import BadValue, clean


@pytest.mark.parametrize(
    "raw",
    [
        "a\0",
        "\ud800",
        2**63,
        -(2**63) - 1,
        math.nan,
        math.inf,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1e400"),
        {1: 2},
        object(),
        b"x",
        {"a": ["\0"]},
        {"\0": 1},
        [0] * 200_000,
        "x" * 2_000_000,
    ],
)
def test_refused(raw):
    with pytest.raises(BadValue):
        clean(raw)


def test_depth_is_limited():
    deep: list[object] = []
    for _ in range(50):
        deep = [deep]
    with pytest.raises(BadValue):
        clean(deep)


def test_text_becomes_nfc():
    assert clean({"e\u0301": ["e\u0301", 1, None, True, 1.5]}) == {"é": ["é", 1, None, True, 1.5]}


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=20,
    )
)
def test_cleaning_twice_changes_nothing(raw):
    try:
        once = clean(raw)
    except BadValue:
        return
    assert clean(once) == once
