"""The tree of an expression: frozen nodes, as JSON and back, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from guanxi.base.errors import msg
from guanxi.kernel.expr.problem import ExprError

MAX_DEPTH = 40
MAX_NODES = 2_000
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
OPERATORS = ("and", "or", "not", *COMPARISONS, "in", "between", "+", "-", "*", "/", "neg", "list")
CLOCK = {"today", "now", "start_of", "date", "datetime"}
PERSON = {"me", "my_team", "my_teams"}


@dataclass(frozen=True, slots=True)
class Lit:
    """A constant: text, Decimal, True/False or None."""

    value: str | Decimal | bool | None
    at: int = field(default=-1, compare=False)
    depth: int = field(default=1, init=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A field, or a field of the record a lookup points at (`account.industry`)."""

    path: str
    at: int = field(default=-1, compare=False)
    depth: int = field(default=1, init=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Node:
    """An operator or a function with its arguments."""

    op: str
    args: tuple[Tree, ...]
    at: int = field(default=-1, compare=False)
    depth: int = field(default=1, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        depth = 1 + max((a.depth for a in self.args), default=0)
        if depth > MAX_DEPTH:
            raise ExprError(msg("This is nested more than {n} levels deep; split it up.", n=MAX_DEPTH), self.at)
        object.__setattr__(self, "depth", depth)


Tree = Lit | Name | Node


@dataclass(frozen=True, slots=True)
class Uses:
    """What an expression depends on; `clock` and `person`: its value changes with time or with who asks."""

    fields: frozenset[str]
    functions: frozenset[str]
    clock: bool
    person: bool


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node, parents first."""
    yield tree
    if isinstance(tree, Node):
        for arg in tree.args:
            yield from walk(arg)


def uses(tree: Tree) -> Uses:
    """Fields, functions and moods of the expression."""
    nodes = list(walk(tree))
    functions = frozenset(n.op for n in nodes if isinstance(n, Node) and n.op not in OPERATORS)
    fields = frozenset(n.path for n in nodes if isinstance(n, Name))
    return Uses(fields, functions, bool(functions & CLOCK), bool(functions & PERSON))


def conjuncts(tree: Tree) -> tuple[Tree, ...]:
    """The conditions that must all hold, so that the reader can pick those an index serves."""
    if isinstance(tree, Node) and tree.op == "and":
        return tuple(c for arg in tree.args for c in conjuncts(arg))
    return (tree,)


def all_of(*trees: Tree) -> Tree:
    """The trees joined by `and`; none means true."""
    if not trees:
        return Lit(True)
    return trees[0] if len(trees) == 1 else Node("and", trees)


def to_json(tree: Tree) -> Any:
    """Compact lists: `["and", [">", ["@", "amount"], 10000], …]`; decimals as `["#", "1.5"]`."""
    if isinstance(tree, Name):
        return ["@", tree.path]
    if isinstance(tree, Node):
        return [tree.op, *(to_json(a) for a in tree.args)]
    if isinstance(tree.value, Decimal):
        whole = tree.value == tree.value.to_integral_value() and abs(tree.value) < 2**53
        return int(tree.value) if whole else ["#", format(tree.value, "f")]
    return tree.value


def from_json(data: Any) -> Tree:
    """Back from `to_json`; refuses anything it would not have written."""
    tree, count = _read(data, 1)
    if count > MAX_NODES:
        raise _malformed()
    return tree


def _read(data: Any, level: int) -> tuple[Tree, int]:
    if level > MAX_DEPTH:
        raise ExprError(msg("This is nested more than {n} levels deep; split it up.", n=MAX_DEPTH))
    if data is None or isinstance(data, bool):
        return Lit(data), 1
    if isinstance(data, str):
        return Lit(clean(data)), 1
    if isinstance(data, int):
        return Lit(Decimal(data)), 1
    if not isinstance(data, list) or not data or not isinstance(data[0], str) or len(data) > MAX_NODES:
        raise _malformed()
    head, rest = data[0], data[1:]
    if head == "@" and len(rest) == 1 and isinstance(rest[0], str):
        return Name(clean(rest[0])), 1
    if head == "#" and len(rest) == 1 and isinstance(rest[0], str):
        return Lit(_decimal(rest[0])), 1
    if head not in OPERATORS and not head.isidentifier():
        raise _malformed()
    read = [_read(arg, level + 1) for arg in rest]
    count = 1 + sum(n for _, n in read)
    if count > MAX_NODES:
        raise _malformed()
    return Node(head, tuple(t for t, _ in read)), count


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no lone surrogate."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ExprError(msg("The text holds a character that cannot be stored; remove it."))
    return text


def _decimal(text: str) -> Decimal:
    if len(text) > 40 or not text.lstrip("-").replace(".", "", 1).isascii() or not any(c.isdigit() for c in text):
        raise _malformed()
    if not text.lstrip("-").replace(".", "", 1).isdigit():
        raise _malformed()
    return Decimal(text)


def _malformed() -> ExprError:
    return ExprError(msg("This is not a stored expression."))
