"""Typed tree to SQL for SQLite and PostgreSQL; everything that does not look at the row becomes one bound value."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from guanxi.base.errors import msg
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.python import build, build_value
from guanxi.kernel.expr.schema import Bind, Link
from guanxi.kernel.expr.sqlmath import Postgres, Sqlite
from guanxi.kernel.expr.typed import Typed, TypedKind
from guanxi.kernel.expr.zones import DAY, Zone

Dialect = Literal["sqlite", "postgresql"]
Param = Callable[[Bind], Any]
SHIFT = 1_000_000  # days added before, taken off after, so that whole division never meets a negative number
MAX_TEXT = 200_000
FLAT = 5  # SQLite: what is nested deeper becomes a step of its own
BRACKET = re.compile(r"[()]|\bCASE\b|\bEND\b")
OPENING = ("(", "CASE")
T = TypeVar("T")
NO_ROW: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class SqlText:
    """SQL with `?` for each of `params`; `text` depends on the shape of the expression only, so it is the cache key."""

    text: str
    params: tuple[Param, ...]

    @property
    def shape(self) -> str:
        return self.text

    def bind(self, bind: Bind) -> list[Any]:
        """The values for the question marks."""
        return [p(bind) for p in self.params]


def condition_sql(node: Typed, dialect: Dialect, zone: Zone) -> SqlText:
    """
    For WHERE: true where the condition holds, otherwise false or unknown; `NOT` inside is safe. In brackets, so that
    an `OR` in it never swallows what is joined to it with `AND`: the reach of the reader, the trash.
    """
    writer = Writer(dialect, zone)
    return writer.done(f"({writer.condition(node)})")


def value_sql(node: Typed, dialect: Dialect, zone: Zone) -> SqlText:
    """For SELECT and ORDER BY: the stored form of the value; conditions give 0 or 1."""
    writer = Writer(dialect, zone)
    text = writer.value(node)
    if dialect == "postgresql" and node.kind == "number" and node.op != "var":
        text = f"CAST({text} AS bigint)"
    return writer.done(text)


class Writer:
    """
    Writes text in which `\0n\0` stands for parameter n until the end. SQLite's parser has a small stack, so there
    intermediate results are not nested: each becomes one line of a flat WITH around the value (`steps`).
    """

    def __init__(self, dialect: Dialect, zone: Zone) -> None:
        self.dialect, self.zone = dialect, zone
        self.params: list[Param] = []
        self.steps: list[str] | None = None  # None outside a value
        self.count = 0
        self.math: Sqlite | Postgres = Sqlite(self.step) if dialect == "sqlite" else Postgres()

    def done(self, text: str) -> SqlText:
        pieces = text.split("\0")
        text = "?".join(pieces[::2])
        if len(text) > MAX_TEXT or (self.dialect == "sqlite" and not fits(text)):
            raise ExprError(msg("The expression is too large; split it up."))
        return SqlText(text, tuple(self.params[int(i)] for i in pieces[1::2]))

    def step(self, select: str, once: bool = True) -> str:
        """A line of the WITH; returns its name. Lines read more than once are computed once."""
        assert self.steps is not None
        self.count += 1
        self.steps.append(f"gx_{self.count} AS {'' if once else 'MATERIALIZED '}({select})")
        return f"gx_{self.count}"

    # -- parameters ---------------------------------------------------------------------------------------

    def param(self, fn: Param, kind: TypedKind) -> str:
        mark = self.mark(fn)
        if self.dialect == "sqlite":
            return mark
        return f"CAST({mark} AS {'text' if kind == 'text' else 'bigint'})"

    def mark(self, fn: Param) -> str:
        self.params.append(fn)
        return f"\0{len(self.params) - 1}\0"

    def constant(self, value: Any, kind: TypedKind = "number") -> str:
        return self.param(lambda _bind: value, kind)

    def free(self, node: Typed) -> str:
        if node.op == "const":
            return self.constant(node.data, node.kind)
        fn = build_value(node)
        return self.param(lambda bind: fn(NO_ROW, bind), node.kind)

    # -- conditions ---------------------------------------------------------------------------------------

    def condition(self, node: Typed) -> str:
        """A predicate that may be unknown instead of false."""
        if node.free:
            return f"{self.free(node)} = 1"
        if not node.predicate:
            return f"{self.value(node)} = 1"
        return CONDITIONS[node.op](self, node)

    def joined(self, node: Typed) -> str:
        word = " AND " if node.op == "and" else " OR "
        return word.join(f"({self.condition(a)})" if a.op in ("and", "or") else self.condition(a) for a in node.args)

    def negated(self, node: Typed) -> str:
        inner = node.args[0]
        if inner.op == "empty":
            return f"{self.value(inner.args[0])} IS NOT NULL"
        return f"({self.condition(inner)}) IS NOT TRUE"

    def compared(self, node: Typed) -> str:
        left = self.value(node.args[0])
        return f"{left} {node.data} {self.value(node.args[1])}"

    def in_list(self, node: Typed) -> str:
        item, values = self.value(node.args[0]), node.args[1:]
        return f"{item} IN ({', '.join(self.free(v) for v in padded(values))})"

    def in_bound(self, node: Typed) -> str:
        item, fn = self.value(node.args[0]), build(node.args[1])
        if self.dialect == "sqlite":
            ids = self.mark(lambda bind: json.dumps(list(fn(NO_ROW, bind))))
            return f"{item} IN (SELECT value FROM json_each({ids}))"
        ids = self.mark(lambda bind: list(fn(NO_ROW, bind)))
        return f"{item} = ANY(CAST({ids} AS bigint[]))"

    def empty(self, node: Typed) -> str:
        return f"{self.value(node.args[0])} IS NULL"

    def has(self, node: Typed) -> str:
        var, how, wanted = node.data
        groups = [wanted] if how == "any" else [(w,) for w in padded(wanted)]
        return "(" + " AND ".join(self.exists(var.link, g) for g in groups) + ")"

    def exists(self, link: Link, values: Sequence[Any]) -> str:
        kind: TypedKind = "number" if link.numbers else "text"
        marks = ", ".join(self.constant(v, kind) for v in padded(values))
        test = f"gx_l.{link.b} = {marks}" if len(values) == 1 else f"gx_l.{link.b} IN ({marks})"
        return f"EXISTS (SELECT 1 FROM {link.table} AS gx_l WHERE gx_l.{link.a} = {link.id} AND {test})"

    def starts(self, node: Typed) -> str:
        part, item = node.data, node.args[0]
        if item.op == "var" and (end := successor(part)):
            low = f"{self.value(item)} >= {self.constant(part, 'text')}"
            return f"({low} AND {self.value(item)} < {self.constant(end, 'text')})"
        text = self.value(item)
        return f"substr({text}, 1, {self.length(len(part))}) = {self.constant(part, 'text')}"

    def ends(self, node: Typed) -> str:
        part, text = node.data, self.value(node.args[0])
        if self.dialect == "sqlite":
            return f"substr({text}, {self.constant(-len(part))}) = {self.constant(part, 'text')}"
        return f"right({text}, {self.length(len(part))}) = {self.constant(part, 'text')}"

    def length(self, n: int) -> str:
        mark = self.constant(n)
        return mark if self.dialect == "sqlite" else f"CAST({mark} AS integer)"

    def contains(self, node: Typed) -> str:
        name = "instr" if self.dialect == "sqlite" else "strpos"
        return f"{name}({self.value(node.args[0])}, {self.constant(node.data, 'text')}) > 0"

    # -- values -------------------------------------------------------------------------------------------

    def value(self, node: Typed) -> str:
        """The value in stored form, null where there is none."""
        if node.free:
            return self.free(node)
        if node.op == "var":
            return str(node.data.sql)
        if node.predicate:
            return f"CASE WHEN {self.condition(node)} THEN 1 ELSE 0 END"
        if self.steps is not None:
            text = VALUES[node.op](self, node)
            return self.math.flat(text) if nesting(text) > FLAT else text
        self.steps = []
        text = VALUES[node.op](self, node)
        steps, self.steps = self.steps, None
        return f"(WITH {', '.join(steps)} SELECT {text})" if steps else text

    def arithmetic(self, node: Typed) -> str:
        return self.math.guard(self.chain(node))

    def chain(self, node: Typed) -> str:
        """One or several of + - * in a row; the dialect says where it looks for overflow."""
        if node.free or node.op not in CHAIN:
            return self.math.operand(self.value(node))
        sides = [self.chain(a) for a in node.args]
        if node.op == "neg":
            return self.math.step(f"(- {sides[0]})")
        if node.op == "rescale":
            return self.math.step(f"({sides[0]} * {10**node.data})")
        return self.math.step(f"({f' {CHAIN[node.op]} '.join(sides)})")

    def absolute(self, node: Typed) -> str:
        return self.math.absolute(self.value(node.args[0]))

    def rounded(self, node: Typed) -> str:
        return self.math.rounded(self.value(node.args[0]), node.data)

    def divided(self, node: Typed) -> str:
        left = self.value(node.args[0])
        return self.math.divided(left, self.value(node.args[1]), node.data)

    def shifted(self, node: Typed) -> str:
        left = self.math.operand(self.value(node.args[0]))
        right = self.math.operand(self.value(node.args[1]))
        unit = "" if node.op == "day_add" else f" * {DAY}"
        return self.math.clamped(f"{left} {'+' if node.data > 0 else '-'} {right}{unit}", node.kind)

    def local_day(self, node: Typed) -> str:
        inner = node.args[0]
        text = self.value(inner)
        if not self.zone.moments:
            offset = self.constant(self.zone.offsets[0] + SHIFT * DAY)
        else:
            offset = self.offset(inner)
        return self.math.clamped(f"({text} + {offset}) / {DAY} - {SHIFT}", "date")

    def offset(self, moment: Typed) -> str:
        """The zone's offset at that moment, newest change of the clock first."""
        changes = list(zip(self.zone.moments, self.zone.offsets[1:], strict=True))
        cases: list[str] = []
        for at, offset in reversed(changes):
            test = f"WHEN {self.value(moment)} >= {self.constant(at)}"
            cases.append(f"{test} THEN {self.constant(offset + SHIFT * DAY)}")
        return f"CASE {' '.join(cases)} ELSE {self.constant(self.zone.offsets[0] + SHIFT * DAY)} END"

    def part(self, node: Typed) -> str:
        return self.math.part(self.value(node.args[0]), node.data)

    def text_function(self, node: Typed) -> str:
        text = self.value(node.args[0])
        if self.dialect == "postgresql" and node.op != "length":
            text += ' COLLATE "C"'
        return f"{node.op}({text})"

    def concatenated(self, node: Typed) -> str:
        parts = [f"coalesce({self.value(a)}, '')" for a in node.args]
        return f"nullif({' || '.join(parts)}, '')"

    def coalesced(self, node: Typed) -> str:
        return f"coalesce({', '.join(self.value(a) for a in node.args)})"

    def extreme(self, node: Typed) -> str:
        return self.math.extreme(node.op, [self.value(a) for a in node.args])

    def chosen(self, node: Typed) -> str:
        test = self.condition(node.args[0])
        yes = self.value(node.args[1])
        return f"CASE WHEN {test} THEN {yes} ELSE {self.value(node.args[2])} END"


CHAIN = {"add": "+", "sub": "-", "mul": "*", "neg": "-", "rescale": "*"}
CONDITIONS: dict[str, Callable[[Writer, Typed], str]] = {
    "and": Writer.joined,
    "or": Writer.joined,
    "not": Writer.negated,
    "cmp": Writer.compared,
    "in": Writer.in_list,
    "in_bound": Writer.in_bound,
    "empty": Writer.empty,
    "has": Writer.has,
    "starts_with": Writer.starts,
    "ends_with": Writer.ends,
    "contains": Writer.contains,
}
VALUES: dict[str, Callable[[Writer, Typed], str]] = {
    **dict.fromkeys(CHAIN, Writer.arithmetic),
    "abs": Writer.absolute,
    "round": Writer.rounded,
    "div": Writer.divided,
    **dict.fromkeys(("day_add", "time_add"), Writer.shifted),
    "local_day": Writer.local_day,
    "part": Writer.part,
    **dict.fromkeys(("lower", "upper", "length"), Writer.text_function),
    "concat": Writer.concatenated,
    "coalesce": Writer.coalesced,
    **dict.fromkeys(("min", "max"), Writer.extreme),
    "if": Writer.chosen,
}


def nesting(text: str) -> int:
    """How deep the brackets go; CASE counts as one."""
    level = deepest = 0
    for sign in BRACKET.findall(text):
        level += 1 if sign in OPENING else -1
        deepest = max(deepest, level)
    return deepest


def padded(values: Sequence[T]) -> list[T]:
    """As many values as the next power of two, the last one repeated, so that few texts serve all lists."""
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (size - len(values))]


def successor(text: str) -> str | None:
    """The least text after all that start with `text`, in byte order; None if there is none."""
    while text:
        point = ord(text[-1]) + 1
        if point <= 0x10FFFF:
            return text[:-1] + chr(0xE000 if point == 0xD800 else point)
        text = text[:-1]
    return None


def fits(text: str) -> bool:
    """Whether SQLite's parser, whose stack is small, takes the text inside a query; it parses before it resolves."""
    if text.count("(") + text.count("CASE") < 8:
        return True
    with closing(sqlite3.connect(":memory:")) as probe:
        try:
            probe.execute(f"SELECT {'(' * 20}{text}{')' * 20} AS x WHERE 0", [None] * text.count("?"))
        except sqlite3.OperationalError as error:
            return not any(word in str(error) for word in ("overflow", "too large", "too many", "depth", "too deep"))
    return True
