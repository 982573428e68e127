"""Folding, pinyin and sort keys as Chinese and Latin readers expect them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base import text


def test_han_sorts_among_latin_by_pinyin():
    names = ["赵云", "zhao", "张伟", "Zhang Wei", "章子", "扎西", "Li", "李雷", "Élan", "elan2", "Zhangsan"]
    expected = ["Élan", "elan2", "Li", "李雷", "扎西", "Zhang Wei", "张伟", "章子", "Zhangsan", "zhao", "赵云"]
    assert sorted(names, key=text.sort_key) == expected


@given(st.text(max_size=200))
def test_sort_keys_are_storable_and_stable(raw):
    raw = raw.encode("utf-8", "ignore").decode().replace("\0", "")
    key = text.sort_key(raw)
    assert key == text.sort_key(raw)
    assert "\0" not in key
    assert len(key) <= text.SORT_LENGTH * 60


@pytest.mark.parametrize(
    ("han", "latin"),
    [
        ("张伟", "zhang wei"),
        ("曾国藩", "zeng guo fan"),
        ("重庆长安汽车", "chong qing chang an qi che"),
        ("吕布", "lv bu"),
        ("欧阳修", "ou yang xiu"),
        ("华芯 Micro", "hua xin  Micro"),
        ("招商银行", "zhao shang yin hang"),
    ],
)
def test_readings(han, latin):
    assert text.pinyin(han) == latin


def test_initials_and_tails():
    assert text.pinyin_initials("李张伟") == "lzw"
    assert [text.name_initials(n) for n in ("欧阳娜娜", "张伟", "john smith", "Cher", "😀")] == [
        "娜娜",
        "张伟",
        "JS",
        "C",
        "?",
    ]
    assert text.phone_tail("+8613800001234;ext=9") == "1234"


def test_marks_are_united():
    assert text.mark("abcdef", [(1, 3), (2, 4)]) == [("a", False), ("bcd", True), ("ef", False)]
