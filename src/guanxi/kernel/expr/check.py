"""Check a tree against the fields of an object: every name known, every kind fitting, constants converted."""

from __future__ import annotations

from guanxi.base.errors import msg
from guanxi.kernel.expr.calls import call
from guanxi.kernel.expr.literals import KINDS, constant, describe, rescale
from guanxi.kernel.expr.operators import arithmetic, between, compare, condition, joined, member, shrink
from guanxi.kernel.expr.problem import ExprError, unknown
from guanxi.kernel.expr.schema import Schema
from guanxi.kernel.expr.tree import COMPARISONS, OPERATORS, Lit, Name, Node, Tree
from guanxi.kernel.expr.typed import Typed, TypedKind, const, negate

ARITY = {"not": 1, "neg": 1, "between": 3, "in": 2, **dict.fromkeys((*COMPARISONS, "+", "-", "*", "/"), 2)}


def check(tree: Tree, schema: Schema) -> Typed:
    """The typed tree of any value or condition."""
    node = visit(tree, schema)
    if node.kind in ("none", "days", "null"):
        raise ExprError(msg("{a} cannot stand here.", a=describe(node)), tree.at)
    return node


def check_condition(tree: Tree, schema: Schema) -> Typed:
    """The typed tree of a condition."""
    return condition(visit(tree, schema), tree.at)


def check_formula(tree: Tree, schema: Schema, kind: TypedKind, scale: int = 0) -> Typed:
    """The typed tree of a formula whose result is of that kind and scale, rounded half-up if it has more places."""
    node = visit(tree, schema)
    if node.kind == "null":
        return const(kind, None, scale)
    if node.kind != kind:
        raise ExprError(
            msg("The result is {a}, but the formula must give {b}.", a=describe(node), b=KINDS[kind]), tree.at
        )
    if kind != "number" or (node.op == "const" and node.data is None):
        return node
    return shrink(node, scale) if node.scale > scale else rescale(node, scale, tree.at)


def visit(tree: Tree, schema: Schema) -> Typed:
    """One node with everything below it."""
    if isinstance(tree, Lit):
        return constant(tree)
    if isinstance(tree, Name):
        return named(tree, schema)
    args = tuple(visit(a, schema) for a in tree.args)
    if tree.op not in OPERATORS:
        return call(tree.op, args, tree.at)
    if any(a.op == "list" for a in args[: 1 if tree.op == "in" else None]):
        raise ExprError(msg("A list stands only after in or in has_any and has_all."), tree.at)
    if len(args) != ARITY.get(tree.op, len(args)) or (tree.op in ("and", "or") and not args):
        raise ExprError(msg("This is not a stored expression."), tree.at)
    return operator(tree, args)


def operator(tree: Node, args: tuple[Typed, ...]) -> Typed:
    """An operator with checked arguments."""
    op, at = tree.op, tree.at
    if op in ("and", "or"):
        return joined(op, args, at)
    if op == "not":
        return negate(condition(args[0], at))
    if op == "list":
        return Typed("list", "none", args)
    if op == "in":
        return member(args[0], args[1], at)
    if op == "between":
        return between(args[0], args[1], args[2], at)
    if op == "neg":
        return _negative(args[0], at)
    return compare(op, args[0], args[1], at) if op in COMPARISONS else arithmetic(op, args[0], args[1], at)


def _negative(node: Typed, at: int) -> Typed:
    if node.kind == "days":
        return Typed("days", "days", (_negative(node.args[0], at),))
    if node.kind == "null":
        return const("number", None)
    if node.kind != "number":
        raise ExprError(msg("{a} cannot have a minus sign.", a=describe(node)), at)
    return Typed("neg", "number", (node,), node.scale)


def named(tree: Name, schema: Schema) -> Typed:
    """A field, if this reader has it; unknown and forbidden are told alike."""
    var = schema.resolve(tree.path)
    if var is None:
        problem = msg("There is no field {name}, or it is not yours to read.", name=tree.path)
        raise unknown(problem, tree.path, schema.names(), tree.at)
    if var.kind == "none":
        raise ExprError(msg("{a} cannot be used in conditions.", a=var.name), tree.at)
    return Typed("var", var.kind, (), var.scale, var)
