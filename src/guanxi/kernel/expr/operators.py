"""What comparisons, `in`, `between` and arithmetic mean for each pair of kinds."""

from __future__ import annotations

from collections.abc import Sequence

from guanxi.base.errors import msg
from guanxi.kernel.expr.exact import MAX_SCALE
from guanxi.kernel.expr.literals import choose, describe, fit, reference, rescale
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.schema import Var
from guanxi.kernel.expr.typed import Typed, both, cmp, const, negate

FLIP = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
EQUALITY_ONLY = ("boolean", "ref")


def compare(op: str, left: Typed, right: Typed, at: int) -> Typed:
    """A comparison of two values of one kind; a date against a time compares local days."""
    if "null" in (left.kind, right.kind):
        return _with_nothing(op, left if right.kind == "null" else right, at)
    left, right = _moments(fit(left, right, at), fit(right, left, at), at)
    if (left.kind, right.kind) == ("date", "datetime"):
        return days(FLIP[op], right, left)
    if (left.kind, right.kind) == ("datetime", "date"):
        return days(op, left, right)
    if left.kind != right.kind:
        problem = msg("{a} and {b} are of different kinds and cannot be compared.", a=describe(left), b=describe(right))
        raise ExprError(problem, at)
    if left.kind in ("set", "none", "days"):
        raise ExprError(msg("{a} cannot be compared; use has(set, value).", a=describe(left)), at)
    if left.kind in EQUALITY_ONLY and op not in ("=", "!="):
        raise ExprError(msg("{a} can only be compared with = and !=.", a=describe(left)), at)
    scale = max(left.scale, right.scale)
    return cmp(op, rescale(left, scale, at), rescale(right, scale, at))


def _moments(left: Typed, right: Typed, at: int) -> tuple[Typed, Typed]:
    """Fitting may have turned a text into a date only now; nothing else changes here."""
    return fit(left, right, at), fit(right, left, at)


def _with_nothing(op: str, node: Typed, at: int) -> Typed:
    if op not in ("=", "!="):
        raise ExprError(msg("Nothing is larger or smaller than an empty value; use is_empty(…)."), at)
    empty = Typed("empty", "boolean", (node,))
    return empty if op == "=" else negate(empty)


def days(op: str, moment: Typed, day: Typed) -> Typed:
    """A time against a day: two bounds an index can use when the day is known before the row."""
    if op == "!=":
        return negate(days("=", moment, day))
    if not day.free or moment.op != "var":
        return cmp(op, Typed("local_day", "date", (moment,)), day)
    first = Typed("midnight", "datetime", (day,), 0, 0)
    following = Typed("midnight", "datetime", (day,), 0, 1)
    if op == "=":
        return both(cmp(">=", moment, first), cmp("<", moment, following))
    return {
        ">=": cmp(">=", moment, first),
        ">": cmp(">=", moment, following),
        "<": cmp("<", moment, first),
        "<=": cmp("<", moment, following),
    }[op]


def member(item: Typed, values: Typed, at: int) -> Typed:
    """`x in [..]`, `x in my_teams()`, `"vip" in tags`."""
    if values.kind == "set":
        return has(values, item, "any", at)
    if values.op == "bound" and values.kind == "none":
        if item.kind != "ref":
            raise ExprError(msg("{a} is not a team.", a=describe(item)), at)
        return Typed("in_bound", "boolean", (item, values))
    if values.op != "list":
        raise ExprError(msg("After in a list is needed: [1, 2]."), at)
    if not values.args:
        return const("boolean", 0)
    if item.kind in ("set", "none", "days", "null"):
        raise ExprError(msg("{a} cannot stand here.", a=describe(item)), at)
    if any(v.kind == "null" for v in values.args):
        raise ExprError(msg("A list holds no empty values; use is_empty(…)."), at)
    tests = [compare("=", item, v, at) for v in values.args]
    if all(t.op == "cmp" and t.args[0] == item and t.args[1].free for t in tests):
        return Typed("in", "boolean", (item, *(t.args[1] for t in tests)))
    return Typed("or", "boolean", tuple(tests))


def has(values: Typed, wanted: Typed, how: str, at: int) -> Typed:
    """Whether the set holds any or all of the wanted constants; `data` = (var, how, wanted)."""
    var = values.data
    if values.kind != "set" or not isinstance(var, Var) or var.link is None:
        raise ExprError(msg("{a} is not a set.", a=describe(values)), at)
    nodes = wanted.args if wanted.op == "list" else (wanted,)
    if not nodes or any(n.op != "const" or n.kind not in ("text", "number") for n in nodes):
        raise ExprError(msg("Here a value in quotation marks is needed, or a list of them."), at)
    found: list[object] = []
    for node in nodes:
        value = reference(node, at) if var.link.numbers else choose(node, var, at)
        if value.kind == "number":
            raise ExprError(msg("Here a value in quotation marks is needed, or a list of them."), at)
        found.append(value.data)
    return Typed("has", "boolean", (), 0, (var, how, tuple(dict.fromkeys(found))))


def between(item: Typed, low: Typed, high: Typed, at: int) -> Typed:
    """Both ends count."""
    return both(compare(">=", item, low, at), compare("<=", item, high, at))


def arithmetic(op: str, left: Typed, right: Typed, at: int) -> Typed:
    """Numbers with numbers; days with dates and times; the distance of two dates or times."""
    left, right = _nothing_is_a_number(left, right), _nothing_is_a_number(right, left)
    kinds = (left.kind, right.kind)
    if kinds == ("number", "number"):
        return _numbers(op, left, right, at)
    if op == "+" and left.kind == "days":
        left, right, kinds = right, left, (right.kind, left.kind)
    if right.kind == "days" and left.kind in ("date", "datetime") and op in ("+", "-"):
        name = "day_add" if left.kind == "date" else "time_add"
        return Typed(name, left.kind, (left, right.args[0]), 0, 1 if op == "+" else -1)
    if op == "-" and kinds == ("date", "date"):
        return Typed("sub", "number", (left, right))
    if op == "-" and kinds == ("datetime", "datetime"):
        return _divide(Typed("sub", "number", (left, right)), const("number", 86_400_000_000))
    if right.kind == "number" and left.kind in ("date", "datetime"):
        raise ExprError(msg("Write days({n}) to add days to a date.", n="n"), at)
    problem = msg("{a} {sign} {b} cannot be computed.", a=describe(left), sign=op, b=describe(right))
    raise ExprError(problem, at)


def _nothing_is_a_number(node: Typed, other: Typed) -> Typed:
    return const("number", None) if node.kind == "null" and other.kind in ("number", "null") else node


def _numbers(op: str, left: Typed, right: Typed, at: int) -> Typed:
    if op == "/":
        return _divide(left, right)
    if op == "*":
        scale = left.scale + right.scale
        return shrink(Typed("mul", "number", (left, right), scale), MAX_SCALE)
    scale = max(left.scale, right.scale)
    sides = (_up(left, scale, at), _up(right, scale, at))
    return Typed("add" if op == "+" else "sub", "number", sides, scale)


def _up(node: Typed, scale: int, at: int) -> Typed:
    return const("number", None, scale) if node.op == "const" and node.data is None else rescale(node, scale, at)


def _divide(left: Typed, right: Typed) -> Typed:
    return Typed("div", "number", (left, right), MAX_SCALE, MAX_SCALE - left.scale + right.scale)


def shrink(node: Typed, scale: int) -> Typed:
    """The number half-up with fewer decimal places."""
    if node.scale <= scale:
        return node
    return Typed("round", "number", (node,), scale, node.scale - scale)


def condition(node: Typed, at: int) -> Typed:
    """The node where yes or no is needed."""
    if node.kind == "null":
        return const("boolean", 0)
    if node.kind != "boolean":
        raise ExprError(msg("Here a condition is needed, {a} is none.", a=describe(node)), at)
    return node


def joined(op: str, nodes: Sequence[Typed], at: int) -> Typed:
    """`and`, `or`."""
    return Typed(op, "boolean", tuple(condition(n, at) for n in nodes))
