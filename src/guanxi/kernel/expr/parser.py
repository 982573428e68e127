"""Tokens to tree: a small Pratt parser whose errors point at the character."""

from __future__ import annotations

from decimal import Decimal

from guanxi.base.errors import msg
from guanxi.kernel.expr.lexer import Token, normalise, tokens
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.tree import COMPARISONS, MAX_DEPTH, Lit, Name, Node, Tree

POWER = {"or": 1, "and": 2, "in": 4, "between": 4, **dict.fromkeys(COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6}
NOT_POWER, NEG_POWER = 3, 7
MAX_LEVEL = 100  # brackets and operators open at once, so that Python's own limit is never met; the tree has MAX_DEPTH


def parse(text: str) -> Tree:
    """The tree of an expression; ExprError says where and what is wrong."""
    text = normalise(text)
    try:
        return Parser(tokens(text)).whole()
    except ExprError as error:
        raise error.within(text) from None


class Parser:
    """One pass over the tokens; `level` counts open brackets so that deep nesting never meets Python's own limit."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens, self.i, self.level = found, 0, 0

    @property
    def next(self) -> Token:
        return self.tokens[self.i]

    def ended(self) -> bool:
        return self.next.kind == "end"

    def whole(self) -> Tree:
        if self.ended():
            raise ExprError(msg("The expression is empty."), 0)
        tree = self.expression(0)
        if not self.ended():
            raise self.surprise(self.next)
        return tree

    def take(self) -> Token:
        token = self.tokens[self.i]
        self.i += token.kind != "end"
        return token

    def sign(self, value: str) -> bool:
        if self.next.kind == "sign" and self.next.value == value:
            self.i += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.sign(value):
            raise ExprError(msg("Here a {sign} is missing.", sign=value), self.next.at)

    def surprise(self, token: Token) -> ExprError:
        if token.kind == "end":
            return ExprError(msg("The expression ends too early."), token.at)
        if token.kind in ("name", "text", "number", "constant"):
            return ExprError(msg("Before this an operator such as = or and is missing."), token.at)
        return ExprError(msg("{sign} does not fit here.", sign=token.value), token.at)

    def expression(self, power: int) -> Tree:
        self.level += 1
        if self.level > MAX_LEVEL:
            raise ExprError(msg("This is nested more than {n} levels deep; split it up.", n=MAX_DEPTH), self.next.at)
        left = self.prefix()
        while (found := self.infix()) and POWER[found[0]] > power:
            left = self.continued(left, *found)
        self.level -= 1
        return left

    def infix(self) -> tuple[str, bool] | None:
        """The operator that comes next and whether `not` stands before it (`not in`)."""
        token = self.next
        if token.kind == "word" and token.value == "not":
            after = self.tokens[self.i + 1]
            if after.kind == "word" and after.value in ("in", "between"):
                return str(after.value), True
        if token.kind in ("sign", "word") and token.value in POWER:
            return str(token.value), False
        return None

    def continued(self, left: Tree, op: str, negated: bool) -> Tree:
        at = self.take().at
        if negated:
            self.take()
        if op == "between":
            low = self.expression(POWER["between"])
            if not (self.next.kind == "word" and self.next.value == "and"):
                raise ExprError(msg("between needs two values: between 1 and 5."), self.next.at)
            self.take()
            node = Node("between", (left, low, self.expression(POWER["between"])), at)
            return Node("not", (node,), at) if negated else node
        right = self.expression(POWER[op])
        if op in COMPARISONS and (following := self.infix()) and following[0] in COMPARISONS:
            raise ExprError(msg("Comparisons cannot be chained; join them with and."), self.next.at)
        if op in ("and", "or") and isinstance(left, Node) and left.op == op:
            return Node(op, (*left.args, right), at)
        node = Node(op, (left, right), at)
        return Node("not", (node,), at) if negated else node

    def prefix(self) -> Tree:
        token = self.take()
        if token.kind == "number" and isinstance(token.value, Decimal):
            return Lit(token.value, token.at)
        if token.kind in ("text", "constant"):
            return Lit(token.value, token.at)
        if token.kind == "name":
            return self.named(token)
        if token.kind == "word" and token.value == "not":
            return Node("not", (self.expression(NOT_POWER),), token.at)
        if token.kind == "sign" and token.value in ("-", "+"):
            return self.signed(token)
        if token.kind == "sign" and token.value == "(":
            inner = self.expression(0)
            self.expect(")")
            return inner
        if token.kind == "sign" and token.value == "[":
            return Node("list", self.arguments("]"), token.at)
        if token.kind == "end":
            raise self.surprise(token)
        raise ExprError(msg("Before {sign} a field or a value is missing.", sign=token.value), token.at)

    def signed(self, token: Token) -> Tree:
        inner = self.expression(NEG_POWER)
        if token.value == "+":
            return inner
        if isinstance(inner, Lit) and isinstance(inner.value, Decimal) and inner.value:
            return Lit(-inner.value, token.at)
        return Node("neg", (inner,), token.at)

    def named(self, token: Token) -> Tree:
        path = str(token.value)
        if self.sign("("):
            return Node(path.lower(), self.arguments(")"), token.at)
        while self.sign("."):
            part = self.take()
            if part.kind not in ("name", "word", "constant"):
                raise ExprError(msg("After the dot the name of a field is missing."), part.at)
            path += f".{part.value}"
        return Name(path, token.at)

    def arguments(self, closing: str) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while not self.sign(closing):
            if found:
                self.expect(",")
            found.append(self.expression(0))
        return tuple(found)
