"""Typed tree to a Python function of one row: closures, two-valued, exact."""

from __future__ import annotations

import json
import operator as op
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from guanxi.kernel.expr.exact import divide, fit, fit_day, fit_time, half_up
from guanxi.kernel.expr.literals import DAY_ZERO
from guanxi.kernel.expr.schema import Bind, Var
from guanxi.kernel.expr.typed import Typed
from guanxi.kernel.expr.zones import DAY

Row = Mapping[str, Any]
Fn = Callable[[Row, Bind], Any]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": op.eq, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge,
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[int, int], int]] = {"add": op.add, "sub": op.sub, "mul": op.mul}
SMALL = str.maketrans({c: c + 32 for c in range(65, 91)})
LARGE = str.maketrans({c: c - 32 for c in range(97, 123)})


def build(node: Typed) -> Fn:
    """The function of one node."""
    return BUILDERS[node.op](node)


def build_value(node: Typed) -> Fn:
    """The same in stored form: conditions give 0 or 1."""
    fn = build(node)
    return (lambda row, bind: int(fn(row, bind))) if node.predicate else fn


def _const(node: Typed) -> Fn:
    value = node.data
    return lambda row, bind: value


def _var(node: Typed) -> Fn:
    key = node.data.key
    return lambda row, bind: row.get(key)


def _bound(node: Typed) -> Fn:
    get = op.attrgetter(node.data)
    return lambda row, bind: get(bind)


def _cmp(node: Typed) -> Fn:
    left, right, test = build_value(node.args[0]), build_value(node.args[1]), COMPARE[node.data]

    def run(row: Row, bind: Bind) -> bool:
        a = left(row, bind)
        if a is None:
            return False
        b = right(row, bind)
        return b is not None and test(a, b)

    return run


def _condition(node: Typed) -> Fn:
    """True or False, also for boolean values that may be null."""
    fn = build(node)
    return fn if node.predicate else lambda row, bind: fn(row, bind) == 1


def _and(node: Typed) -> Fn:
    tests = [_condition(a) for a in node.args]
    return lambda row, bind: all(t(row, bind) for t in tests)


def _or(node: Typed) -> Fn:
    tests = [_condition(a) for a in node.args]
    return lambda row, bind: any(t(row, bind) for t in tests)


def _not(node: Typed) -> Fn:
    test = _condition(node.args[0])
    return lambda row, bind: not test(row, bind)


def _in(node: Typed) -> Fn:
    item, values = build_value(node.args[0]), [build_value(a) for a in node.args[1:]]
    if all(a.op == "const" for a in node.args[1:]):
        known = frozenset(a.data for a in node.args[1:])
        return lambda row, bind: item(row, bind) in known

    def run(row: Row, bind: Bind) -> bool:
        a = item(row, bind)
        return a is not None and any(a == v(row, bind) for v in values)

    return run


def _in_bound(node: Typed) -> Fn:
    item, values = build(node.args[0]), build(node.args[1])
    return lambda row, bind: item(row, bind) in values(row, bind)


def _empty(node: Typed) -> Fn:
    fn = build(node.args[0])
    return lambda row, bind: fn(row, bind) is None


def _has(node: Typed) -> Fn:
    var: Var
    var, how, wanted = node.data
    key, test = var.key, any if how == "any" else all
    texts = [str(w) for w in wanted]

    def run(row: Row, bind: Bind) -> bool:
        value = row.get(key)
        found = json.loads(value) if isinstance(value, str) else value or ()
        return test(t in found for t in texts)

    return run


def _apply(node: Typed, fn: Callable[..., Any]) -> Fn:
    """A function of values that is null when one of them is."""
    if len(node.args) == 1:
        only = build(node.args[0])

        def one(row: Row, bind: Bind) -> Any:
            value = only(row, bind)
            return None if value is None else fn(value)

        return one
    first, second = build(node.args[0]), build(node.args[1])

    def two(row: Row, bind: Bind) -> Any:
        a, b = first(row, bind), second(row, bind)
        return None if a is None or b is None else fn(a, b)

    return two


def _arithmetic(node: Typed) -> Fn:
    fn = ARITHMETIC[node.op]
    return _apply(node, lambda a, b: fit(fn(a, b)))


def _shift(node: Typed) -> Fn:
    sign, unit, check = (node.data, 1, fit_day) if node.op == "day_add" else (node.data, DAY, fit_time)
    return _apply(node, lambda a, n: check(a + sign * n * unit))


def _zoned(node: Typed) -> Fn:
    """Nodes that need the zone of the asker."""
    inner, name, later = build(node.args[0]), node.op, node.data

    def run(row: Row, bind: Bind) -> Any:
        value = inner(row, bind)
        if value is None:
            return None
        if name == "local_day":
            return fit_day(bind.zone.day(value))
        return bind.zone.midnight(value + later) if name == "midnight" else bind.zone.moment(value)

    return run


def _part(node: Typed) -> Fn:
    name = node.data

    def part(day: int) -> int | None:
        if fit_day(day) is None:
            return None
        found = date.fromordinal(day + DAY_ZERO)
        if name == "quarter":
            return (found.month + 2) // 3
        return found.isoweekday() if name == "weekday" else int(getattr(found, name))

    return _apply(node, part)


def start_of(today: int, period: str, offset: int) -> int | None:
    """First day of the period `offset` away from the one `today` is in."""
    if period in ("day", "week"):
        first = today if period == "day" else today - (today + 3) % 7
        return fit_day(first + offset * (1 if period == "day" else 7))
    found = date.fromordinal(today + DAY_ZERO)
    step = {"month": 1, "quarter": 3, "year": 12}[period]
    month = (found.year * 12 + found.month - 1) // step * step + offset * step
    if not 12 <= month < 120_000:
        return None
    return date(month // 12, month % 12 + 1, 1).toordinal() - DAY_ZERO


def _start_of(node: Typed) -> Fn:
    period, offset = node.data
    return lambda row, bind: start_of(bind.today, period, offset)


def _search(node: Typed) -> Fn:
    part = node.data
    if node.op == "contains":
        return _text_test(node, lambda value: part in value)
    return _text_test(node, lambda v: v.startswith(part) if node.op == "starts_with" else v.endswith(part))


def _text_test(node: Typed, test: Callable[[str], bool]) -> Fn:
    fn = build(node.args[0])

    def run(row: Row, bind: Bind) -> bool:
        value = fn(row, bind)
        return value is not None and test(value)

    return run


def _concat(node: Typed) -> Fn:
    parts = [build(a) for a in node.args]
    return lambda row, bind: "".join(p(row, bind) or "" for p in parts) or None


def _coalesce(node: Typed) -> Fn:
    parts = [build_value(a) for a in node.args]
    return lambda row, bind: next((v for p in parts if (v := p(row, bind)) is not None), None)


def _extreme(node: Typed) -> Fn:
    parts, pick = [build(a) for a in node.args], min if node.op == "min" else max
    return lambda row, bind: pick((v for p in parts if (v := p(row, bind)) is not None), default=None)


def _if(node: Typed) -> Fn:
    test, yes, no = _condition(node.args[0]), build_value(node.args[1]), build_value(node.args[2])
    return lambda row, bind: yes(row, bind) if test(row, bind) else no(row, bind)


BUILDERS: dict[str, Callable[[Typed], Fn]] = {
    "const": _const,
    "var": _var,
    "bound": _bound,
    "cmp": _cmp,
    "and": _and,
    "or": _or,
    "not": _not,
    "in": _in,
    "in_bound": _in_bound,
    "empty": _empty,
    "has": _has,
    **dict.fromkeys(("add", "sub", "mul"), _arithmetic),
    "neg": lambda n: _apply(n, lambda a: fit(-a)),
    "abs": lambda n: _apply(n, lambda a: fit(abs(a))),
    "div": lambda n: _apply(n, lambda a, b: divide(a, b, n.data)),
    "round": lambda n: _apply(n, lambda a: half_up(a, 10**n.data)),
    "rescale": lambda n: _apply(n, lambda a: fit(a * 10**n.data)),
    **dict.fromkeys(("day_add", "time_add"), _shift),
    **dict.fromkeys(("local_day", "midnight", "local_time"), _zoned),
    "part": _part,
    "start_of": _start_of,
    **dict.fromkeys(("starts_with", "ends_with", "contains"), _search),
    "lower": lambda n: _apply(n, lambda a: a.translate(SMALL)),
    "upper": lambda n: _apply(n, lambda a: a.translate(LARGE)),
    "length": lambda n: _apply(n, len),
    "concat": _concat,
    "coalesce": _coalesce,
    **dict.fromkeys(("min", "max"), _extreme),
    "if": _if,
}
