"""Fixed examples: reading text, nulls, rounding, overflow, local days, prefixes, sets, indexes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guanxi.kernel.expr import compile_python, compile_sql, conjuncts, parse, to_json, unparse, uses, zone
from guanxi.kernel.expr.functions import FUNCTIONS
from tests.kernel.expr.table import SCHEMA, Both, bind
from tests.kernel.expr.test_agreement import agree_on_condition, agree_on_value

pytestmark = pytest.mark.postgresql
GUIDE = Path(__file__).parents[3] / "docs/guide/conditions.md"


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000


def test_a_chinese_keyboard_writes_the_same_tree() -> None:
    assert parse("金额＞１０００ 且（name ＝ “张” 或 非 flag）") == parse('金额 > 1000 and (name = "张" or not flag)')
    assert parse("「a」 <> name") == parse('"a" != name')


def test_names_that_are_words_of_the_language_go_in_backticks() -> None:
    tree = parse("`and` = 1 and class = 2 and from = 3")
    assert uses(tree).fields == {"and", "class", "from"}
    assert parse(unparse(tree)) == tree


def test_dependencies_and_json() -> None:
    found = uses(parse('amount > 1.5 and owner = me() and close_on < today() and account.industry = "x"'))
    assert found.fields == {"amount", "owner", "close_on", "account.industry"}
    assert found.clock
    assert found.person
    assert to_json(parse("amount > 1.5 and flag")) == ["and", [">", ["@", "amount"], ["#", "1.5"]], ["@", "flag"]]
    assert len(conjuncts(parse("flag and (vip and amount > 1) and (vip or flag)"))) == 4


def test_two_valued_logic(both: Both) -> None:
    both.fill([{"amount": None}, {"amount": 60_000}, {"amount": 40_000}])
    assert agree_on_condition(both, "amount > 5") == [1]
    assert agree_on_condition(both, "not amount > 5") == [0, 2]
    assert agree_on_condition(both, "amount != 6") == [0, 2]
    assert agree_on_condition(both, "amount not in [6, 7]") == [0, 2]
    assert agree_on_condition(both, "amount = null") == [0]
    assert agree_on_condition(both, 'name = "" and amount != null') == [1, 2]


@pytest.mark.parametrize(
    ("text", "amount", "result"),
    [
        ("round(amount, 2)", 10_050, 101),  # 1.0050 → 1.01
        ("round(amount, 2)", -10_050, -101),
        ("round(amount, 0)", 5_000, 1),
        ("amount / 3", 10_000, 33_333_333),
        ("amount / 3", 20_000, 66_666_667),
        ("amount / -3", 20_000, -66_666_667),
        ("amount / 0", 10_000, None),
        ("amount / 0.00000001", 10_000, 10**16),
        ("amount * 0.1", 3, 3),
        ("amount + amount", 2**62, None),
        ("amount - 1", -(2**63), None),
        ("(amount + amount) - amount", 2**62, None),
        ("-amount", -(2**63), None),
        ("abs(amount)", -(2**63), None),
        ("amount * amount", 2**32, None),
        ("amount / amount", 9 * 10**16, 10**8),
        ("amount / amount", 10**17, None),
        ("max(amount, null)", 7, 7),
    ],
)
def test_arithmetic_is_exact_and_overflow_is_null(both: Both, text: str, amount: int, result: int | None) -> None:
    both.fill([{"amount": amount}])
    assert agree_on_value(both, text) == [result]


def test_divided_by_hand_with_decimal(both: Both) -> None:
    pairs = [(10**16 + 7, 3), (-(10**16) - 7, 977), (999_999_999_999, 10**12 + 1), (5, 8), (1, 2), (2**53 + 1, 7919)]
    both.fill([{"qty": a, "owner": 1, "cost": b * 100} for a, b in pairs])
    found = agree_on_value(both, "qty / cost")
    exact = [int((Decimal(a) / b * 10**8).quantize(Decimal(1), "ROUND_HALF_UP")) for a, b in pairs]
    assert found == [e if abs(e) < 2**63 else None for e in exact]


def test_local_days_around_changes_of_the_clock(both: Both) -> None:
    moments = [
        "2026-03-28T23:30+01:00",
        "2026-03-29T00:00+01:00",
        "2026-03-29T23:59+02:00",
        "2026-03-30T00:00+02:00",
        "2026-10-25T02:30+02:00",
        "2026-10-25T02:30+01:00",
        "2026-10-25T23:59+01:00",
    ]
    both.fill([{"created_at": micros(m), "close_on": 20541} for m in moments])  # 2026-03-29
    assert agree_on_condition(both, 'created_at = "2026-03-29"', "Europe/Berlin") == [1, 2]
    assert agree_on_condition(both, "date(created_at) = close_on", "Europe/Berlin") == [1, 2]
    assert agree_on_condition(both, "day(created_at) = 25 and month(created_at) = 10", "Europe/Berlin") == [4, 5, 6]
    assert agree_on_condition(both, 'created_at > "2026-03-29"', "Europe/Berlin") == [3, 4, 5, 6]


@pytest.mark.parametrize(
    "name", ["Asia/Shanghai", "Europe/Berlin", "America/Havana", "Africa/Casablanca", "Asia/Beirut"]
)
def test_midnight_is_the_first_moment_of_the_day(name: str) -> None:
    here = zone(name)
    for day in range(20_400, 20_900):
        first = here.midnight(day)
        assert here.day(first) == day
        assert here.day(first - 1) == day - 1


def test_prefixes_in_byte_order(both: Both) -> None:
    both.fill(
        [{"name": n} for n in ["张", "张三", "弡", "\U0010ffff", "\U0010ffffx", "\ud7ffa", "\ue000", "a%b", "A", None]]
    )
    assert agree_on_condition(both, 'starts_with(name, "张")') == [0, 1]
    assert agree_on_condition(both, 'starts_with(name, "\U0010ffff")') == [3, 4]
    assert agree_on_condition(both, 'starts_with(name, "\ud7ff")') == [5]
    assert agree_on_condition(both, 'contains(name, "%")') == [7]
    assert agree_on_condition(both, 'not starts_with(name, "a")') == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_sets(both: Both) -> None:
    both.fill([{"tags": '["vip", "new"]'}, {"tags": '["vip"]'}, {}, {"contacts": '["22"]'}])
    assert agree_on_condition(both, 'has(tags, "vip")') == [0, 1]
    assert agree_on_condition(both, 'has_all(tags, ["vip", "new"])') == [0]
    assert agree_on_condition(both, 'not has_any(tags, ["new", "x"])') == [1, 2, 3]
    assert agree_on_condition(both, "has(contacts, 22)") == [3]


def test_the_text_depends_on_the_shape_only() -> None:
    for dialect in ("sqlite", "postgresql"):
        a = compile_sql(parse('amount > 1 and stage in ["won", "proposal", "negotiation"]'), SCHEMA, dialect)
        b = compile_sql(parse('amount > 2 and stage in ["won", "won", "proposal", "won"]'), SCHEMA, dialect)
        assert a.shape == b.shape
        assert a.bind(bind()) == [10_000, "won", "proposal", "negotiation", "negotiation"]


def test_indexes_serve_plain_conditions(both: Both) -> None:
    for column in ("amount", "created_at", "name", "stage"):
        both.lite.execute(f'CREATE INDEX IF NOT EXISTS "i_{column}" ON "t" ("{column}")')
    for text, column in [
        ("amount > 10000", "amount"),
        ('starts_with(name, "张")', "name"),
        ("created_at >= today() - days(7)", "created_at"),
        ('stage in ["won", "proposal"]', "stage"),
    ]:
        found = compile_sql(parse(text), SCHEMA, "sqlite")
        plan = both.lite.execute(
            f'EXPLAIN QUERY PLAN SELECT 1 FROM "t" AS "r" WHERE {found.text}', found.bind(bind())
        ).fetchall()
        assert f"i_{column}" in str(plan), plan


def test_the_example_of_the_plan(both: Both) -> None:
    text = 'amount > 10000 and stage in ["proposal", "negotiation"] and starts_with(name, "张")'
    text += " and close_on <= today() + days(30)"
    today = bind().today
    rows: list[dict[str, Any]] = [
        {"amount": 100_010_000, "stage": "proposal", "name": "张三", "close_on": today + 30},
        {"amount": 100_010_000, "stage": "proposal", "name": "张三", "close_on": today + 31},
        {"amount": 100_000_000, "stage": "proposal", "name": "张三", "close_on": today},
    ]
    both.fill(rows)
    assert agree_on_condition(both, text) == [0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_of_all_functions_hold_together(both: Both, name: str) -> None:
    both.fill([{}, {"amount": 10_000, "name": "IBM", "close_on": 20_778, "tags": '["vip"]', "owner": 7, "team": 3}])
    agree_on_condition(both, FUNCTIONS[name].example)


def test_the_guide_lists_every_function_and_its_examples_work() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for function in FUNCTIONS.values():
        assert f"| `{function.signature}` | {function.label.en} | `{function.example}` |" in guide, function.name
    blocks = re.findall(r"```\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) >= 3
    for line in "".join(blocks).strip().splitlines():
        compile_python(parse(line), SCHEMA)
