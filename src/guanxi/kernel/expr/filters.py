"""Filters put together on screen: nested groups as JSON to a tree, and back where the tree has that form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from guanxi.base.errors import msg
from guanxi.kernel.expr.parser import parse
from guanxi.kernel.expr.problem import ExprError, unknown
from guanxi.kernel.expr.schema import Schema
from guanxi.kernel.expr.tree import MAX_DEPTH, MAX_NODES, Lit, Name, Node, Tree, all_of, conjuncts
from guanxi.kernel.expr.unparse import quote, unparse
from guanxi.kernel.fields.operators import OPERATORS, PERIODS

Write = Callable[[str, str, Sequence[Any]], str]
"""(field, operator, values) -> expression; the web passes `fields.operators.write_filter` with the caller's locale."""
PLAIN = re.compile(r"-?[0-9.]{1,40}|[a-z0-9_]+")
SIGNS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
CALLS = {"starts_with": "starts_with", "is_empty": "is_empty", "has_any": "has_any", "has_all": "has_all"}
PERSONS = {"= me": "is_me", "= my_team": "is_my_team", "in my_teams": "is_my_teams"}
OPPOSITE = {"is_empty": "not_empty", "in": "not_in", "contains": "not_contains", "has_any": "has_none"}


def writer(schema: Schema) -> Write:
    """Writes the values that `groups_of` gives back; what people type goes through `fields.operators.write_filter`."""
    return lambda field, operator, values: _write(field, operator, values, schema)


def _write(field: str, operator: str, values: Sequence[Any], schema: Schema) -> str:
    found = OPERATORS.get(operator)
    if found is None:
        raise unknown(msg("There is no operator {name}.", name=operator), operator, OPERATORS, -1)
    wanted = {"nothing": 0, "two": 2, "many": max(1, len(values))}.get(found.takes, 1)
    if len(values) != wanted or (found.takes == "period" and values[0] not in PERIODS):
        raise ExprError(msg("This filter is not complete."))
    var = schema.resolve(field)
    plain = found.takes == "period" or (var is not None and var.kind == "number")
    literals = [str(v) if plain and isinstance(v, str) and PLAIN.fullmatch(v) else _literal(v) for v in values]
    return found.write(unparse(Name(field)), literals)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, (bool, int)):
        return str(value).lower()
    raise ExprError(msg("This filter is not complete."))


def tree_of(data: Any, writes: Write) -> Tree:
    """`{"all": [{"field", "op", "values"}, {"any": […]}, {"text": "…"}]}` to a tree; an empty group is true."""
    return _group(data, writes, 1, [0])


def _group(data: Any, writes: Write, level: int, count: list[int]) -> Tree:
    count[0] += 1
    if level > MAX_DEPTH or count[0] > MAX_NODES or not isinstance(data, Mapping):
        raise ExprError(msg("This filter is not complete."))
    for key, op in (("all", "and"), ("any", "or")):
        if isinstance(parts := data.get(key), list):
            trees = [_group(p, writes, level + 1, count) for p in parts]
            return all_of(*trees) if op == "and" or len(trees) < 2 else Node("or", tuple(trees))
    if isinstance(text := data.get("text"), str):
        return parse(text)
    field, operator, values = data.get("field"), data.get("op"), data.get("values", [])
    if not isinstance(field, str) or not isinstance(operator, str) or not isinstance(values, list):
        raise ExprError(msg("This filter is not complete."))
    return parse(writes(field, operator, values))


def groups_of(tree: Tree) -> dict[str, Any]:
    """The tree as groups; what no line of the builder can say comes as `{"text": …}` (advanced)."""
    group = _read(tree)
    return group if "all" in group or "any" in group else {"all": [group]}


def _read(tree: Tree) -> dict[str, Any]:
    if isinstance(tree, Lit) and tree.value is True:
        return {"all": []}
    if isinstance(tree, Node):
        if line := _line(tree):
            return line
        if tree.op == "and":
            return {"all": [_read(c) for c in _pairs(conjuncts(tree))]}
        if tree.op == "or":
            return {"any": [_read(a) for a in tree.args]}
    return {"text": unparse(tree)}


def _pairs(trees: Sequence[Tree]) -> list[Tree]:
    """Neighbours that together are one line (`x >= a and x < b` is a period or a between) joined again."""
    found: list[Tree] = []
    for tree in trees:
        pair = Node("and", (found[-1], tree)) if found else None
        if pair is not None and _line(pair):
            found[-1] = pair
        else:
            found.append(tree)
    return found


def _line(tree: Tree) -> dict[str, Any] | None:
    """One line of the builder, if this is one."""
    if not isinstance(tree, Node):
        return None
    if tree.op == "and":
        return _period(tree) or _between(tree)
    if tree.op == "not":
        inner = _line(tree.args[0])
        opposite = OPPOSITE.get(inner["op"]) if inner else None
        return {**inner, "op": opposite} if inner and opposite else None
    if not tree.args:
        return None
    return _contains(tree) if tree.op == "contains" else _simple(tree)


def _simple(tree: Node) -> dict[str, Any] | None:
    name, rest = tree.args[0], tree.args[1:]
    if not isinstance(name, Name):
        return None
    if rest and isinstance(rest[0], Node) and not rest[0].args and (op := PERSONS.get(f"{tree.op} {rest[0].op}")):
        return _entry(name, op)
    if tree.op == "=" and rest and isinstance(rest[0], Lit) and isinstance(rest[0].value, bool):
        return _entry(name, "is_true" if rest[0].value else "is_false")
    op = SIGNS.get(tree.op) or CALLS.get(tree.op) or ("in" if tree.op == "in" else None)
    items = rest[0].args if rest and isinstance(rest[0], Node) and rest[0].op == "list" else rest
    values = [_value(v) for v in items]
    if not op or None in values or (items is not rest and not values):
        return None
    return _entry(name, op, *values)


def _contains(tree: Node) -> dict[str, Any] | None:
    inner, part = tree.args if len(tree.args) == 2 else (None, None)
    if isinstance(inner, Node) and inner.op == "lower" and isinstance(part, Lit) and len(inner.args) == 1:
        name = inner.args[0]
        if isinstance(name, Name) and isinstance(part.value, str):
            return _entry(name, "contains", part.value)
    return None


def _bounds(tree: Node) -> tuple[Name, Node, Node] | None:
    low, high = tree.args if len(tree.args) == 2 else (None, None)
    if not (isinstance(low, Node) and isinstance(high, Node) and low.op == ">=" and high.op in ("<", "<=")):
        return None
    name = low.args[0]
    return (name, low, high) if isinstance(name, Name) and name == high.args[0] else None


def _period(tree: Node) -> dict[str, Any] | None:
    if found := _bounds(tree):
        text = unparse(tree)
        for period in PERIODS.values():
            if text == unparse(parse(period.write(unparse(found[0])))):
                return _entry(found[0], "in_period", period.name)
    return None


def _between(tree: Node) -> dict[str, Any] | None:
    if (found := _bounds(tree)) and found[2].op == "<=":
        values = [_value(found[1].args[1]), _value(found[2].args[1])]
        return _entry(found[0], "between", *values) if None not in values else None
    return None


def _entry(name: Name, op: str, *values: Any) -> dict[str, Any]:
    return {"field": name.path, "op": op, "values": list(values)}


def _value(tree: Tree) -> Any:
    """A constant as a raw value that fields parse; None if it is not one."""
    if isinstance(tree, Node) and tree.op in ("date", "datetime") and len(tree.args) == 1:
        tree = tree.args[0]
    if not isinstance(tree, Lit):
        return None
    if isinstance(tree.value, Decimal):
        whole = tree.value == tree.value.to_integral_value() and abs(tree.value) < 2**53
        return int(tree.value) if whole else format(tree.value, "f")
    return tree.value
