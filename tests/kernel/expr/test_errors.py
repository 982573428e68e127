"""What is wrong is said in words, at the character; hostile input is refused, quickly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.base.i18n import render
from guanxi.kernel.expr import ExprError, check, check_condition, check_formula, compile_sql, from_json, parse
from tests.kernel.expr.table import SCHEMA


def error(text: str) -> ExprError:
    with pytest.raises(ExprError) as caught:
        check_condition(parse(text), SCHEMA)
    return caught.value


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("amount > ", 9, "ends too early"),
        ("amount >> 3", 8, "Before >"),
        ("(amount > 3", 11, ") is missing"),
        ("amount 3", 7, "operator"),
        ('name = "x', 7, "closing quotation mark"),
        ("amount # 3", 7, "# has no meaning"),
        ("1 < amount < 3", 11, "chained"),
        ("amont > 3", 0, "Did you mean amount?"),
        ("amount > 3 and nme = 4", 15, "name"),
        ("today(1) = close_on", 0, "today()"),
        ("tody() = close_on", 0, "Did you mean today"),
        ('stage = "proposl"', 6, "proposal"),
        ('stage in ["won", "x"]', 6, "no choice x"),
        ('amount > "5"', 7, "different kinds"),
        ("amount", 0, "condition"),
        ("close_on + 30 > today()", 9, "days(n)"),
        ('close_on = "21.11.2026"', 9, "is not a date"),
        ("owner > 3", 6, "only be compared with ="),
        ('start_of("mnth") = close_on', 0, "Did you mean month?"),
        ("amount > 0.123456789", 9, "at most 8"),
        ("amount > 9999999999999999999", 9, "too large"),
        ("amount > 922337203685477580", 7, "too large"),
        ("name between 1", 14, "two values"),
        ("", 0, "empty"),
    ],
)
def test_errors_point_at_the_character(text: str, at: int, words: str) -> None:
    found = error(text)
    assert words in str(found.message)
    assert found.at == at


def test_the_caret_stands_under_the_character_also_after_chinese() -> None:
    found = error("金额 > 1\n  and 金额 > > 2")
    line, caret = found.extra["excerpt"].split("\n")
    assert line == "  and 金额 > > 2"
    assert caret.index("^") == len("  and 金额 > ") + 2


def test_errors_are_chinese_for_chinese_readers() -> None:
    assert "你" in render(error("amont > 3").message, "zh-CN")


def test_every_sentence_is_translated() -> None:
    import re
    from pathlib import Path

    import guanxi.kernel.expr as package
    from guanxi.base.i18n import catalogue

    known = catalogue("zh-CN")
    for path in Path(package.__file__).parent.glob("*.py"):
        source = path.read_text()
        for _, sentence in re.findall(r"""\bmsg\(\s*(["'])(.+?)\1[,)]""", source):
            assert sentence in known, (path.name, sentence)


def test_one_name_too_few_is_the_same_answer_as_a_forbidden_one() -> None:
    assert "not yours to read" in str(error("salary > 3").message)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000_000,
        "(" * 4000,
        "-" * 3999 + "1",
        "not " * 900 + "flag",
        "if(" * 900,
        "[" * 900,
        "amount > 1 and (" * 100 + "flag" + ")" * 100,
        "+".join(["1"] * 1500) + " > 0",
        "name = 'a\0b'",
        "name = '\ud800'",
        "amount > 1e999",
        "amount.__class__ = 1",
        "__import__('os')",
        "(lambda: 1)()",
        "name = 'x'; drop table t",
    ],
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(ExprError):
        check_condition(parse(text), SCHEMA)


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        ["and"],
        ["@"],
        ["@", 1],
        ["#", "1e5"],
        ["#", "inf"],
        1.5,
        ["list"],
        ["=", 1],
        ["not"],
        [["a"]],
        ["x y", 1],
        ["in", ["@", "amount"], 3],
    ],
)
def test_hostile_json_is_refused(data: object) -> None:
    with pytest.raises(ExprError):
        check_condition(from_json(data), SCHEMA)


def test_json_deeper_than_the_limit_is_refused() -> None:
    data: object = True
    for _ in range(5000):
        data = ["not", data]
    with pytest.raises(ExprError):
        from_json(data)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        check(parse(text), SCHEMA)
    except ExprError as found:
        json.dumps(found.extra)
        render(found.message, "zh-CN")


@given(
    st.lists(
        st.sampled_from(
            [
                "amount",
                "name",
                "close_on",
                "tags",
                "(",
                ")",
                "[",
                "]",
                ",",
                "+",
                "-",
                "*",
                "/",
                "=",
                "<",
                "in",
                "not",
                "and",
                "or",
                "between",
                "1",
                '"x"',
                "today()",
                "if(",
                "has(",
            ]
        ),
        max_size=12,
    )
)
def test_any_words_check_or_are_refused(words: list[str]) -> None:
    try:
        node = check(parse(" ".join(words)), SCHEMA)
    except ExprError:
        return
    if node.kind == "boolean":
        compile_sql(node, SCHEMA, "sqlite")
        compile_sql(node, SCHEMA, "postgresql")


@pytest.mark.parametrize("op", ["+", "-", "*", "/"])
def test_long_sums_fit_both_databases(op: str) -> None:
    text = f" {op} ".join(["amount"] * 30) + " > 1"
    assert compile_sql(parse(text), SCHEMA, "sqlite").text
    assert compile_sql(parse(text), SCHEMA, "postgresql").text


def test_a_formula_must_give_the_kind_of_its_field() -> None:
    with pytest.raises(ExprError, match="must give a number"):
        check_formula(parse("name"), SCHEMA, "number", 4)
