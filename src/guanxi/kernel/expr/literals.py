"""Constants become stored values when they meet a field: exact numbers, dates, keys of choices, ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from guanxi.base.errors import msg
from guanxi.base.i18n import L
from guanxi.kernel.expr.exact import HIGH, LOW, MAX_SCALE
from guanxi.kernel.expr.problem import ExprError, unknown
from guanxi.kernel.expr.schema import Var
from guanxi.kernel.expr.tree import Lit
from guanxi.kernel.expr.typed import Typed, TypedKind, const
from guanxi.kernel.expr.zones import EPOCH

KINDS = {
    "text": L("text", "文字"),
    "number": L("a number", "数字"),
    "date": L("a date", "日期"),
    "datetime": L("a time", "时间"),
    "boolean": L("yes or no", "是或否"),
    "ref": L("a record", "一条记录"),
    "set": L("a set", "一组值"),
    "none": L("a list", "列表"),
    "days": L("a number of days", "天数"),
    "null": L("no value", "空"),
}
DAY_ZERO = date(1970, 1, 1).toordinal()


def constant(lit: Lit) -> Typed:
    """The literal as it stands; the empty text is no value, as in storage."""
    if lit.value is None or lit.value == "":
        return const("null", None)
    if isinstance(lit.value, bool):
        return const("boolean", int(lit.value))
    if isinstance(lit.value, Decimal):
        return _number(lit.value, lit.at)
    return const("text", lit.value)


def _number(value: Decimal, at: int) -> Typed:
    places = -int(value.as_tuple().exponent)
    plain = value.normalize() if len(value.as_tuple().digits) <= 27 else value
    scale = max(0, min(places, -int(plain.as_tuple().exponent)))
    if scale > MAX_SCALE:
        raise ExprError(msg("A number has at most {n} decimal places.", n=MAX_SCALE), at)
    stored = int(value.scaleb(scale)) if len(value.as_tuple().digits) <= 27 else HIGH + 1
    if not LOW <= stored <= HIGH:
        raise ExprError(msg("This number is too large."), at)
    return const("number", stored, scale)


def rescale(node: Typed, scale: int, at: int) -> Typed:
    """The number with more decimal places; constants at once, so that an index stays usable."""
    if node.scale == scale or node.kind != "number":
        return node
    if node.op != "const":
        return Typed("rescale", "number", (node,), scale, scale - node.scale)
    stored = node.data * 10 ** (scale - node.scale)
    if not LOW <= stored <= HIGH:
        raise ExprError(msg("This number is too large."), at)
    return const("number", stored, scale)


def describe(node: Typed) -> object:
    """What a message calls the node."""
    return node.data.name if isinstance(node.data, Var) else KINDS[node.kind]


def fit(node: Typed, other: Typed, at: int) -> Typed:
    """The constant `node` in the kind of `other`; anything else stays as it is."""
    if node.kind == "null":
        return const(other.kind, None, other.scale)
    if node.op != "const":
        return node
    var = other.data if isinstance(other.data, Var) else None
    if var and var.choices is not None and node.kind == "text":
        return choose(node, var, at)
    if node.kind == "text" and other.kind in ("date", "datetime"):
        return moment(node.data, at)
    if other.kind == "ref" and node.kind in ("text", "number"):
        return reference(node, at)
    return node


def choose(node: Typed, var: Var, at: int) -> Typed:
    """A key of the choice field; labels are not keys."""
    if var.choices is not None and node.data not in var.choices:
        known = ", ".join(var.choices[:12])
        problem = msg("{field} has no choice {name}. It has: {known}.", field=var.name, name=node.data, known=known)
        raise unknown(problem, str(node.data), var.choices, at)
    return node


def reference(node: Typed, at: int) -> Typed:
    """The id of a record, as number or digits."""
    digits = str(node.data) if node.scale == 0 else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) <= HIGH):
        raise ExprError(msg("Here the id of a record is needed, or me()."), at)
    return const("ref", int(digits))


def moment(text: str, at: int) -> Typed:
    """A date or a time from ISO text; a time without a zone is local and known when bound."""
    try:
        if len(text) == 10:
            return const("date", date.fromisoformat(text).toordinal() - DAY_ZERO)
        found = datetime.fromisoformat(text) if text[10:11] in ("T", " ") else None
        if found is None:
            raise ValueError(text)
        if found.tzinfo:
            return const("datetime", (found.astimezone(UTC) - EPOCH) // EPOCH.resolution)
        local = (found.replace(tzinfo=UTC) - EPOCH) // EPOCH.resolution
        return Typed("local_time", "datetime", (const("number", local),))
    except (ValueError, OverflowError):
        problem = msg('{given} is not a date; write it as "2026-11-21" or "2026-11-21 18:00".', given=text[:40])
        raise ExprError(problem, at) from None


def unify(nodes: Sequence[Typed], at: int) -> list[Typed]:
    """All of one kind and scale, as the branches of `if` and `coalesce` must be."""
    model = next((n for n in nodes if isinstance(n.data, Var)), None)
    model = model or next((n for n in nodes if n.op != "const"), None)
    model = model or next((n for n in nodes if n.kind != "null"), nodes[0])
    fitted = [n if n is model else fit(n, model, at) for n in nodes]
    kind: TypedKind = "text" if model.kind == "null" else model.kind
    for node in fitted:
        if node.kind != model.kind:
            raise ExprError(msg("{a} and {b} are of different kinds.", a=describe(model), b=describe(node)), at)
    if kind in ("set", "none", "days"):
        raise ExprError(msg("{a} cannot stand here.", a=describe(model)), at)
    scale = max(n.scale for n in fitted)
    return [
        rescale(n, scale, at) if n.data is not None or n.op != "const" else const(kind, None, scale) for n in fitted
    ]
