"""What each function takes and gives."""

from __future__ import annotations

from collections.abc import Callable

from guanxi.base.errors import msg
from guanxi.kernel.expr.functions import FUNCTIONS
from guanxi.kernel.expr.literals import describe, moment, unify
from guanxi.kernel.expr.operators import condition, has, shrink
from guanxi.kernel.expr.problem import ExprError, unknown
from guanxi.kernel.expr.typed import Typed, TypedKind, const

PERIODS = ("day", "week", "month", "quarter", "year")
Args = tuple[Typed, ...]
Builder = Callable[[str, Args, int], Typed]


def call(name: str, args: Args, at: int) -> Typed:
    """The typed call; wrong names, counts and kinds are told."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise unknown(msg("There is no function {name}.", name=name), name, FUNCTIONS, at)
    if len(args) < function.least or (function.most is not None and len(args) > function.most):
        raise ExprError(msg("{name} is written {signature}.", name=name, signature=function.signature), at)
    return BUILDERS[name](name, args, at)


def _bound(kind: TypedKind) -> Builder:
    return lambda name, args, at: Typed("bound", kind, (), 0, name)


def _need(node: Typed, kind: TypedKind, name: str, at: int) -> Typed:
    if node.kind == "null":
        return const(kind, None)
    if node.kind != kind:
        raise ExprError(msg("{name} cannot be used with {a}.", name=name, a=describe(node)), at)
    return node


def _text_value(node: Typed, at: int) -> str:
    if node.op != "const" or node.kind != "text":
        raise ExprError(msg("Here a text in quotation marks is needed."), at)
    return str(node.data)


def _days(name: str, args: Args, at: int) -> Typed:
    number = _need(args[0], "number", name, at)
    if number.scale:
        raise ExprError(msg("days takes a whole number."), at)
    return Typed("days", "days", (number,))


def _date(name: str, args: Args, at: int) -> Typed:
    if args[0].kind == "datetime":
        return Typed("local_day", "date", args)
    if args[0].kind in ("date", "null"):
        return _need(args[0], "date", name, at)
    found = moment(_text_value(args[0], at), at)
    if found.kind != "date":
        raise ExprError(msg("{name} is written {signature}.", name=name, signature='date("2026-11-21")'), at)
    return found


def _datetime(name: str, args: Args, at: int) -> Typed:
    if args[0].kind == "datetime":
        return args[0]
    if args[0].kind == "date" and args[0].free:
        return Typed("midnight", "datetime", args, 0, 0)
    found = moment(_text_value(args[0], at), at)
    return Typed("midnight", "datetime", (found,), 0, 0) if found.kind == "date" else found


def _start_of(name: str, args: Args, at: int) -> Typed:
    period = _text_value(args[0], at)
    if period not in PERIODS:
        raise unknown(msg("There is no period {name}.", name=period), period, PERIODS, at)
    offset = args[1] if len(args) > 1 else const("number", 0)
    if offset.op != "const" or offset.kind != "number" or offset.scale or abs(offset.data) > 100_000:
        raise ExprError(msg("The offset is a whole number such as 1 or -1."), at)
    return Typed("start_of", "date", (), 0, (period, offset.data))


def _part(name: str, args: Args, at: int) -> Typed:
    node = args[0]
    if node.kind == "datetime":
        node = Typed("local_day", "date", (node,))
    return Typed("part", "number", (_need(node, "date", name, at),), 0, name)


def _search(name: str, args: Args, at: int) -> Typed:
    return Typed(name, "boolean", (_need(args[0], "text", name, at),), 0, _text_value(args[1], at))


def _texts(name: str, args: Args, at: int) -> Typed:
    return Typed(name, "text", tuple(_need(a, "text", name, at) for a in args))


def _length(name: str, args: Args, at: int) -> Typed:
    return Typed(name, "number", (_need(args[0], "text", name, at),))


def _is_empty(name: str, args: Args, at: int) -> Typed:
    if args[0].kind in ("none", "days"):
        raise ExprError(msg("{a} cannot stand here.", a=describe(args[0])), at)
    return Typed("empty", "boolean", args)


def _several(name: str, args: Args, at: int) -> Typed:
    found = unify(args, at)
    kind: TypedKind = "text" if found[0].kind == "null" else found[0].kind
    if name in ("min", "max") and kind in ("boolean", "ref"):
        raise ExprError(msg("{name} cannot be used with {a}.", name=name, a=describe(found[0])), at)
    return found[0] if len(found) == 1 else Typed(name, kind, tuple(found), found[0].scale)


def _if(name: str, args: Args, at: int) -> Typed:
    test = condition(args[0], at)
    found = unify((args[1], args[2] if len(args) > 2 else const("null", None)), at)
    kind: TypedKind = "text" if found[0].kind == "null" else found[0].kind
    return Typed("if", kind, (test, *found), found[0].scale)


def _round(name: str, args: Args, at: int) -> Typed:
    node = _need(args[0], "number", name, at)
    places = args[1] if len(args) > 1 else const("number", 0)
    if places.op != "const" or places.kind != "number" or places.scale or not 0 <= places.data <= 8:
        raise ExprError(msg("The number of places is a whole number from 0 to 8."), at)
    return shrink(node, places.data)


def _abs(name: str, args: Args, at: int) -> Typed:
    node = _need(args[0], "number", name, at)
    return Typed("abs", "number", (node,), node.scale)


def _has(how: str) -> Builder:
    return lambda name, args, at: has(args[0], args[1], how, at)


BUILDERS: dict[str, Builder] = {
    "today": _bound("date"),
    "now": _bound("datetime"),
    "me": _bound("ref"),
    "my_team": _bound("ref"),
    "my_teams": _bound("none"),
    "days": _days,
    "date": _date,
    "datetime": _datetime,
    "start_of": _start_of,
    **dict.fromkeys(("year", "quarter", "month", "day", "weekday"), _part),
    **dict.fromkeys(("starts_with", "ends_with", "contains"), _search),
    **dict.fromkeys(("lower", "upper", "concat"), _texts),
    "length": _length,
    "is_empty": _is_empty,
    **dict.fromkeys(("coalesce", "min", "max"), _several),
    "if": _if,
    "round": _round,
    "abs": _abs,
    "has": _has("any"),
    "has_any": _has("any"),
    "has_all": _has("all"),
}
