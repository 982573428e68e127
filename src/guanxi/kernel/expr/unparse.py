"""Tree back to text that parses to the same tree."""

from __future__ import annotations

from decimal import Decimal

from guanxi.kernel.expr.lexer import CONSTANTS, NAME, WORDS
from guanxi.kernel.expr.parser import NEG_POWER, NOT_POWER, POWER
from guanxi.kernel.expr.tree import OPERATORS, Lit, Name, Node, Tree


def unparse(tree: Tree) -> str:
    """The expression as people write it, with only the brackets it needs."""
    return _text(tree)[0]


def quote(text: str) -> str:
    """A text constant; backslash and quotation mark are escaped."""
    return '"' + text.translate({ord("\\"): "\\\\", ord('"'): '\\"', 0x201D: "\\”", 0xFF02: "\\＂"}) + '"'


def _path(path: str) -> str:
    first, *rest = path.split(".")
    plain = NAME.fullmatch(first) and first.lower() not in WORDS and first.lower() not in CONSTANTS
    return ".".join([first if plain else f"`{first}`", *rest])


def _literal(value: str | Decimal | bool | None) -> tuple[str, int]:
    if isinstance(value, str):
        return quote(value), 9
    if isinstance(value, Decimal):
        return format(value, "f"), 9 if value >= 0 else NEG_POWER
    return {None: "null", True: "true", False: "false"}[value], 9


def _wrap(tree: Tree, power: int) -> str:
    text, own = _text(tree)
    return f"({text})" if own < power else text


def _text(tree: Tree) -> tuple[str, int]:
    """The text and how tightly it binds."""
    if isinstance(tree, Lit):
        return _literal(tree.value)
    if isinstance(tree, Name):
        return _path(tree.path), 9
    op, args = tree.op, tree.args
    if op not in OPERATORS:
        return f"{op}({', '.join(unparse(a) for a in args)})", 9
    if op == "list":
        return f"[{', '.join(unparse(a) for a in args)}]", 9
    if op == "neg":
        return f"-{_wrap(args[0], 9)}", NEG_POWER
    if op == "not":
        return _negated(args[0])
    if op == "between":
        return f"{_wrap(args[0], 5)} between {_wrap(args[1], 5)} and {_wrap(args[2], 5)}", 4
    power = POWER[op]
    tight = power + (op not in ("+", "-", "*", "/"))  # left-associative; and/or are flat, comparisons do not chain
    return f" {op} ".join([_wrap(args[0], tight), *(_wrap(a, power + 1) for a in args[1:])]), power


def _negated(inner: Tree) -> tuple[str, int]:
    if isinstance(inner, Node) and inner.op == "in":
        return f"{_wrap(inner.args[0], 5)} not in {_wrap(inner.args[1], 5)}", 4
    return f"not {_wrap(inner, NOT_POWER)}", NOT_POWER
