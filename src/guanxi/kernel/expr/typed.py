"""The checked tree: every node knows its kind and scale and whether it looks at the row at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from guanxi.base.errors import msg
from guanxi.kernel.expr.problem import ExprError

TypedKind = Literal["text", "number", "date", "datetime", "boolean", "ref", "set", "none", "days", "null"]
MAX_SIZE = 4_000
PREDICATES = {"cmp", "and", "or", "not", "in", "in_bound", "empty", "starts_with", "ends_with", "contains", "has"}
"""Nodes that are true or false and never null; other boolean nodes are values 0, 1 or null."""


@dataclass(frozen=True, slots=True)
class Typed:
    """`free` nodes do not depend on the row: they are computed once and bound. `data` depends on `op`."""

    op: str
    kind: TypedKind
    args: tuple[Typed, ...] = ()
    scale: int = 0
    data: Any = None
    free: bool = field(init=False)
    size: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        size = 1 + sum(a.size for a in self.args)
        if size > MAX_SIZE:
            raise ExprError(msg("The expression is too large; split it up."))
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "free", self.op not in ("var", "has") and all(a.free for a in self.args))

    @property
    def predicate(self) -> bool:
        return self.op in PREDICATES


def const(kind: TypedKind, value: Any, scale: int = 0) -> Typed:
    """A constant in stored form."""
    return Typed("const", kind, (), scale, value)


def cmp(op: str, left: Typed, right: Typed) -> Typed:
    """A comparison; `!=` is not(=), which is true when a side is null."""
    if op == "!=":
        return negate(cmp("=", left, right))
    return Typed("cmp", "boolean", (left, right), 0, op)


def negate(node: Typed) -> Typed:
    return Typed("not", "boolean", (node,))


def both(*nodes: Typed) -> Typed:
    return Typed("and", "boolean", nodes)
