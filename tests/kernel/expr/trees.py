"""Random trees of every operator and function, and random rows, for the agreement tests."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.kernel.expr.table import STAGES

BIG = 2**63 - 1
TEXTS = st.sampled_from(
    ["张", "张三", "张三丰", "a", "A", "ab", "Ab%", "é", "É", "\U0001f600x", "_", "\U0010ffff", "\ud7ff", "x y"]
)
INTS = st.one_of(
    st.integers(-20, 20),
    st.integers(-BIG - 1, BIG),
    st.sampled_from([0, 5, -5, 10**4, -BIG - 1, BIG, BIG // 100, 10**12]),
)
DAYS = st.one_of(st.integers(20_000, 21_500), st.sampled_from([-719_162, 2_932_896, 0, -1]))
TIMES = st.one_of(
    st.integers(946_684_800_000_000, 2_871_763_199_000_000),
    st.integers(1_774_000_000_000_000, 1_774_900_000_000_000),  # clocks change in Europe
    st.sampled_from([0, -1, -62_135_596_800_000_000, 253_402_300_799_999_999, 1_793_318_400_000_000]),
)
TAGS = ["vip", "new", "张", "x\"'y"]


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values, values, values)


def subset(items: list[str]) -> st.SearchStrategy[str | None]:
    return st.lists(st.sampled_from(items), unique=True).map(lambda v: json.dumps(v, ensure_ascii=False) if v else None)


rows = st.lists(
    st.fixed_dictionaries(
        {
            **{c: maybe(INTS) for c in ("amount", "qty", "cost")},
            **{c: maybe(DAYS) for c in ("close_on", "opened_on")},
            **{c: maybe(TIMES) for c in ("created_at", "next_at")},
            **{c: maybe(st.integers(0, 1)) for c in ("flag", "vip")},
            **{c: maybe(st.integers(1, 9)) for c in ("owner", "team")},
            **{c: maybe(TEXTS) for c in ("name", "note")},
            "stage": maybe(st.sampled_from(STAGES)),
            "tags": subset(TAGS),
            "contacts": subset(["1", "22", "9007199254740993"]),
        }
    ),
    min_size=1,
    max_size=8,
)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def call(name: str, *args: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*args).map(lambda found: f"{name}({', '.join(found)})")


def infix(left: st.SearchStrategy[str], ops: list[str], right: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(left, st.sampled_from(ops), right).map(lambda f: f"({f[0]} {f[1]} {f[2]})")


COMPARE = ["=", "!=", "<", "<=", ">", ">="]
literal = st.one_of(
    st.integers(-30, 30).map(str),
    st.sampled_from(["0.5", "-1.25", "0.00000001", "100000", "900000000.47"]),
)
text_literal = st.one_of(TEXTS, st.sampled_from(STAGES)).filter(lambda t: t not in STAGES).map(quoted)
date_literal = st.sampled_from(
    ['"2026-11-21"', "today()", 'date("2024-02-29")', 'start_of("month", 1)', 'start_of("week")', "today() - days(400)"]
)
time_literal = st.sampled_from(["now()", '"2026-03-29T01:30:00Z"', 'datetime("2026-10-25 02:30")', "now() - days(3)"])
condition_leaf = st.sampled_from(
    ["flag", "vip", "true", "false", "(owner = me())", "(team in my_teams())", "is_empty(tags)"]
)


def numbers(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(["amount", "qty", "cost"]), literal)
    if depth <= 0:
        return leaf
    n, d, t = numbers(depth - 1), dates(depth - 1), texts(depth - 1)
    return st.one_of(
        leaf,
        infix(n, ["+", "-", "*", "/"], n),
        n.map(lambda x: f"(-{x})" if not x.startswith("-") else f"(-({x}))"),
        call("abs", n),
        call("round", n, st.integers(0, 8).map(str)),
        call("coalesce", n, n),
        call("min", n, n),
        call("max", n, n, n),
        call("if", conditions(depth - 1), n, n),
        call("length", t),
        st.tuples(st.sampled_from(["year", "month", "quarter", "day", "weekday"]), st.one_of(d, times(depth - 1)))
        .map(lambda f: f"{f[0]}({f[1]})")
        .filter(lambda s: not s.endswith('("2026-11-21")') and 'Z")' not in s),
        infix(st.sampled_from(["close_on", "opened_on"]), ["-"], st.sampled_from(["opened_on", "today()"])),
        infix(st.just("next_at"), ["-"], st.sampled_from(["created_at", "now()"])),
    )


def dates(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(["close_on", "opened_on"]), st.sampled_from(["today()", 'date("2024-02-29")']))
    if depth <= 0:
        return leaf
    d = dates(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(d, st.sampled_from("+-"), st.one_of(st.just("qty"), st.integers(-99, 99).map(str))).map(
            lambda f: f"({f[0]} {f[1]} days({f[2]}))"
        ),
        call("date", times(depth - 1)).filter(lambda s: '"' not in s),
        call("coalesce", d, d),
        call("if", conditions(depth - 1), d, d),
        call("max", d, d),
    )


def times(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["created_at", "next_at", "now()"])
    if depth <= 0:
        return leaf
    t = times(depth - 1)
    return st.one_of(leaf, t.map(lambda x: f"({x} + days(qty))"), call("coalesce", t, t), call("min", t, t))


def texts(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["name", "note"])
    if depth <= 0:
        return leaf
    t = texts(depth - 1)
    return st.one_of(
        leaf,
        call("lower", t),
        call("upper", t),
        call("concat", t, text_literal, t),
        call("coalesce", t, text_literal),
        call("if", conditions(depth - 1), t, text_literal),
        call("max", t, t),
    )


def conditions(depth: int) -> st.SearchStrategy[str]:
    if depth <= 0:
        return condition_leaf
    c, n, t, d, m = conditions(depth - 1), numbers(depth - 1), texts(depth - 1), dates(depth - 1), times(depth - 1)
    choice = st.sampled_from(STAGES).map(quoted)
    return st.one_of(
        condition_leaf,
        st.lists(c, min_size=2, max_size=3).map(lambda f: "(" + " and ".join(f) + ")"),
        st.lists(c, min_size=2, max_size=3).map(lambda f: "(" + " or ".join(f) + ")"),
        c.map(lambda x: f"(not {x})"),
        infix(c, ["=", "!="], c),
        infix(n, COMPARE, n),
        infix(t, COMPARE, st.one_of(t, text_literal)),
        infix(d, COMPARE, st.one_of(d, date_literal)),
        infix(m, COMPARE, st.one_of(m, time_literal, date_literal, d)),
        infix(st.just("stage"), ["=", "!="], choice),
        st.tuples(st.sampled_from(["in", "not in"]), st.lists(choice, max_size=4)).map(
            lambda f: f"(stage {f[0]} [{', '.join(f[1])}])"
        ),
        st.tuples(n, st.lists(literal, max_size=5)).map(lambda f: f"({f[0]} in [{', '.join(f[1])}])"),
        st.tuples(st.sampled_from(["created_at", "close_on"]), date_literal, date_literal).map(
            lambda f: f"({f[0]} between {f[1]} and {f[2]})"
        ),
        st.tuples(n, n, n).map(lambda f: f"({f[0]} between {f[1]} and {f[2]})"),
        st.tuples(st.sampled_from(["starts_with", "ends_with", "contains"]), t, text_literal).map(
            lambda f: f"{f[0]}({f[1]}, {f[2]})"
        ),
        st.one_of(n, t, d, m).filter(lambda x: '"' not in x or "(" in x).map(lambda x: f"is_empty({x})"),
        st.tuples(
            st.sampled_from(["has_any", "has_all"]), st.lists(st.sampled_from(TAGS).map(quoted), min_size=1, max_size=3)
        ).map(lambda f: f"{f[0]}(tags, [{', '.join(f[1])}])"),
        st.sampled_from(
            [
                "has(contacts, 22)",
                'has_all(contacts, ["1", "9007199254740993"])',
                '("vip" in tags)',
                "(owner != me())",
                "(owner in [1, 2, 3])",
            ]
        ),
        call("if", c, c, c),
        call("coalesce", c, c),
    )
