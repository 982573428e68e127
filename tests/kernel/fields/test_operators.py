"""Filters put together on screen become expressions."""

import pytest

from guanxi.base import dates
from guanxi.base.errors import BadInput
from guanxi.kernel import expr
from guanxi.kernel.fields.operators import OPERATORS, PERIODS, offered, write_filter
from guanxi.kernel.fields.registry import STORED, TYPES, kind_of
from tests.kernel.fields.samples import ENV, sample


@pytest.mark.parametrize(
    ("kind", "operator", "given", "text"),
    [
        ("money", "ge", ["1万"], "x >= 10000"),
        ("money", "between", ["$1", 20], "x >= 7.15 and x <= 20"),
        ("text", "starts_with", ["张"], "x starts"),
        ("text", "contains", ['ACME "1"'], 'contains(lower(x), "acme \\"1\\"")'),
        ("choice", "in", ["赢单", "new"], 'x in ["won", "new"]'),
        ("choice", "not_in", ["new"], 'not (x in ["new"])'),
        ("date", "in_period", ["this_month"], 'x >= start_of("month") and x < start_of("month", 1)'),
        ("datetime", "in_period", ["last_7_days"], "x >= today() - days(6) and x < today() + days(1)"),
        ("date", "lt", ["2026/11/21"], 'x < date("2026-11-21")'),
        ("boolean", "is_true", [], "x = true"),
        ("tags", "has_any", ["VIP", "a"], 'has_any(x, ["VIP", "a"])'),
        ("links", "has_none", ["7"], "not has_any(x, [7])"),
        ("user", "is_me", [], "x = me()"),
        ("team", "is_my_teams", [], "x in my_teams()"),
        ("lookup", "in", ["7", 8], "x in [7, 8]"),
        ("address", "in_region", ["320500"], r'contains(x, "\"region\":\"3205")'),
        ("percent", "gt", ["12.5%"], "x > 12.5"),
        ("email", "is_empty", [], "is_empty(x)"),
        ("phone", "eq", ["138 0000 1234"], 'x = "+8613800001234"'),
    ],
)
def test_expressions(kind, operator, given, text):
    written = write_filter(sample(kind), operator, given, ENV)
    assert written == ('starts_with(x, "张")' if text == "x starts" else text)


def test_what_does_not_fit_is_refused():
    for kind, operator, given in [
        ("text", "gt", ["1"]),
        ("money", "ge", []),
        ("date", "in_period", ["someday"]),
        ("choice", "in", []),
        ("address", "in_region", ["1"]),
        ("text", "contains", [" "]),
        ("money", "between", ["1"]),
    ]:
        with pytest.raises(BadInput):
            write_filter(sample(kind), operator, given, ENV)


def test_every_operator_is_named_in_both_languages():
    for label in [o.label for o in OPERATORS.values()] + [p.label for p in PERIODS.values()]:
        assert label.en
        assert label.zh
    for kind in STORED:
        assert offered(sample(kind))
    assert TYPES["formula"].operators


@pytest.mark.parametrize("name", STORED)
def test_the_expression_language_takes_all_of_them(name):
    field, kind = sample(name), TYPES[name]
    link = expr.Link("t", "a", "b", "id", numbers=name == "links") if kind.kind == "set" else None
    schema = expr.fields(expr.Var("x", kind_of(field), '"x"', "x", kind.scale(field), link=link))
    example = kind.example(field)
    value = example[0] if isinstance(example, list) else example
    given = {"nothing": [], "period": list(PERIODS)[:1], "region": ["320500"], "text": ["张"], "two": [value, value]}
    for operator in offered(field):
        written = write_filter(field, operator.name, given.get(operator.takes, [value]), ENV)
        assert expr.check_condition(expr.parse(written), schema).kind == "boolean"


@pytest.mark.parametrize("period", PERIODS.values(), ids=lambda p: p.name)
def test_periods_mean_what_dates_say(period):
    today = 20_778
    schema, bind = expr.fields(expr.Var("x", "date", '"x"', "x")), expr.Bind(today=today, now=today * dates.DAY)
    holds = expr.compile_python(expr.parse(period.write("x")), schema)
    first, after = dates.period(period.name, today)
    assert [holds({"x": day}, bind) for day in (first - 1, first, after - 1, after)] == [False, True, True, False]


def test_a_region_holds_its_own_addresses_only():
    field = sample("address")
    schema, bind = expr.fields(expr.Var("x", "text", '"x"', "x")), expr.Bind(today=0, now=0)
    holds = expr.compile_python(expr.parse(write_filter(field, "in_region", ["320500"], ENV)), schema)
    typed = ["江苏省苏州市姑苏区", "江苏省南京市", {"street": 'x "region":"3205 y'}, "1 Main St"]
    stored = [TYPES["address"].parse(field, raw, ENV)[0] for raw in typed]
    assert [holds({"x": value}, bind) for value in stored] == [True, False, False, False]
