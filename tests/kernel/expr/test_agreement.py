"""Python, SQLite and PostgreSQL give the same answer to every expression on every row (KD 12)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guanxi.kernel.expr import (
    Dialect,
    check,
    check_formula,
    compile_python,
    compile_sql,
    compile_value,
    from_json,
    parse,
    to_json,
    unparse,
)
from tests.kernel.expr import trees
from tests.kernel.expr.table import SCHEMA, Both, bind

pytestmark = pytest.mark.postgresql
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo", "UTC"])
ENGINES: tuple[Dialect, ...] = ("sqlite", "postgresql")
PACE = settings(
    max_examples=int(os.environ.get("EXPR_EXAMPLES", "250")), deadline=None, suppress_health_check=list(HealthCheck)
)


def agree_on_condition(both: Both, text: str, zone_name: str = "Asia/Shanghai") -> list[int]:
    tree, bound = parse(text), bind(zone_name)
    run = compile_python(tree, SCHEMA)
    expected = [row["id"] for row in both.rows if run(row, bound)]
    for dialect in ENGINES:
        found = compile_sql(tree, SCHEMA, dialect, bound.zone)
        assert both.matching(dialect, found, bound) == expected, (
            dialect,
            text,
            found.text,
            found.bind(bound),
            both.rows,
        )
    return expected


def agree_on_value(both: Both, text: str, zone_name: str = "Asia/Shanghai", typed: Any = None) -> list[Any]:
    tree, bound = parse(text), bind(zone_name)
    run = compile_python(typed or tree, SCHEMA)
    expected = [run(row, bound) for row in both.rows]
    for dialect in ENGINES:
        found = compile_value(typed or tree, SCHEMA, dialect, bound.zone)
        values = both.values(dialect, found, bound)
        assert values == expected, (dialect, text, found.text, found.bind(bound), both.rows)
        assert all(v is None or type(v) in (int, str) for v in values), (dialect, text, values)
    return expected


@PACE
@given(text=trees.conditions(3), rows=trees.rows, zone_name=ZONES)
@example(text="amount != 5", rows=[{"amount": None}, {"amount": 50000}], zone_name="UTC")
@example(text="not (amount > 5 and qty > 5)", rows=[{"amount": None}, {"amount": 50001, "qty": None}], zone_name="UTC")
def test_conditions_agree(both: Both, text: str, rows: list[dict[str, Any]], zone_name: str) -> None:
    both.fill(rows)
    agree_on_condition(both, text, zone_name)


@PACE
@given(
    text=st.one_of(trees.numbers(3), trees.texts(2), trees.dates(2), trees.times(2)), rows=trees.rows, zone_name=ZONES
)
def test_values_agree(both: Both, text: str, rows: list[dict[str, Any]], zone_name: str) -> None:
    both.fill(rows)
    agree_on_value(both, text, zone_name)


@PACE
@given(text=trees.numbers(3), rows=trees.rows, scale=st.integers(0, 8))
def test_formulas_agree_at_the_scale_of_their_field(
    both: Both, text: str, rows: list[dict[str, Any]], scale: int
) -> None:
    both.fill(rows)
    typed = check_formula(parse(text), SCHEMA, "number", scale)
    agree_on_value(both, text, typed=typed)


@PACE
@given(text=trees.conditions(3))
def test_trees_survive_text_and_json(text: str) -> None:
    tree = parse(text)
    assert parse(unparse(tree)) == tree
    assert from_json(to_json(tree)) == tree
    assert check(parse(unparse(tree)), SCHEMA) == check(tree, SCHEMA)
