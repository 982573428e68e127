"""The filter builder's groups and the tree say the same."""

from __future__ import annotations

import pytest
from hypothesis import given

from guanxi.kernel.expr import ExprError, check_condition, parse
from guanxi.kernel.expr.filters import groups_of, tree_of, writer
from guanxi.kernel.fields.operators import PERIODS
from tests.kernel.expr import trees
from tests.kernel.expr.table import SCHEMA

WRITE = writer(SCHEMA)


def line(field: str, op: str, *values: object) -> dict[str, object]:
    return {"field": field, "op": op, "values": list(values)}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("amount >= 5", [line("amount", "ge", 5)]),
        ("amount >= 5 and amount <= 7.5", [line("amount", "between", 5, "7.5")]),
        ('stage in ["won", "proposal"]', [line("stage", "in", "won", "proposal")]),
        ('stage not in ["won"]', [line("stage", "not_in", "won")]),
        (
            'not contains(lower(name), "a") and flag = true',
            [line("name", "not_contains", "a"), line("flag", "is_true")],
        ),
        ("not is_empty(name) and owner = me()", [line("name", "not_empty"), line("owner", "is_me")]),
        ("team in my_teams()", [line("team", "is_my_teams")]),
        ('close_on = date("2026-11-21")', [line("close_on", "eq", "2026-11-21")]),
        (
            'close_on >= start_of("month") and close_on < start_of("month", 1)',
            [line("close_on", "in_period", "this_month")],
        ),
        (
            "amount > 1 and (flag = true or vip = false)",
            [line("amount", "gt", 1), {"any": [line("flag", "is_true"), line("vip", "is_false")]}],
        ),
        ("amount + 1 > qty and flag = true", [{"text": "amount + 1 > qty"}, line("flag", "is_true")]),
        ("true", []),
    ],
)
def test_lines_of_the_builder(text: str, lines: list[object]) -> None:
    tree = parse(text)
    assert groups_of(tree) == {"all": lines}


@pytest.mark.parametrize("period", PERIODS)
def test_every_period_comes_back(period: str) -> None:
    data = {"all": [line("created_at", "in_period", period), line("amount", "lt", 3)]}
    tree = tree_of(data, WRITE)
    check_condition(tree, SCHEMA)
    assert groups_of(tree) == data


def test_nested_groups_come_back() -> None:
    data = {
        "all": [
            line("amount", "ge", 5),
            {"any": [line("name", "starts_with", "张"), {"all": [line("flag", "is_true"), line("vip", "is_true")]}]},
        ]
    }
    assert groups_of(tree_of(data, WRITE)) == data


@given(trees.conditions(3))
def test_what_is_read_back_means_the_same(text: str) -> None:
    tree = parse(text)
    again = tree_of(groups_of(tree), WRITE)
    assert groups_of(again) == groups_of(tree)
    check_condition(again, SCHEMA)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"all": 3},
        {"all": [3]},
        line("amount", "gee", 1),
        line("amount", "ge"),
        line("amount", "ge", {}),
        line("created_at", "in_period", "x"),
        {"field": "a", "op": "eq", "values": 3},
    ],
)
def test_broken_groups_are_refused(data: object) -> None:
    with pytest.raises(ExprError):
        tree_of(data, WRITE)
