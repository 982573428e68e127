"""Formulas and conditions written in declarations: do they parse, name fields that are there, and fit in kind?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from guanxi.kernel.catalog.fault import Fault, fault
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import system_fields
from guanxi.kernel.expr.check import check_condition, check_formula
from guanxi.kernel.expr.parser import parse
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.schema import Var
from guanxi.kernel.expr.tree import Tree, uses
from guanxi.kernel.fields.registry import kind_of, result_type

MAX_CHAIN = 5  # formulas may name formulas, this deep


@dataclass(frozen=True, slots=True)
class DeclaredFields:
    """The fields of an object as its own declarations may name them, rights aside."""

    obj: Object
    objects: Mapping[str, Object]

    def names(self) -> Iterable[str]:
        """Every field, system columns included."""
        return [f.name for f in (*self.obj.fields, *system_fields(self.obj.kind))]

    def resolve(self, name: str) -> Var | None:
        """A field, or one behind a lookup with one target."""
        head, dot, rest = name.partition(".")
        f = _field(self.obj, head)
        if f is None or f.encrypted:  # conditions and formulas of declarations are kept as they are written
            return None
        if not dot:
            return _var(f, name)
        targets = [self.objects[t] for t in f.options.get("to", ()) if t in self.objects]
        far = _field(targets[0], rest) if len(targets) == 1 and f.type != "links" else None
        return _var(far, name) if far is not None and far.type != "formula" and not far.encrypted else None


def _field(obj: Object, name: str) -> Field | None:
    return next((f for f in (*obj.fields, *system_fields(obj.kind)) if f.name == name), None)


def _var(f: Field, name: str) -> Var:
    found = f.options.get("choices")
    choices = tuple(c.key for c in found) if found else None
    return Var(name, kind_of(f), f'"{f.column}"', f.column, result_type(f).scale(f), choices)


def check_expressions(obj: Object, objects: Mapping[str, Object]) -> Iterator[Fault]:
    """Faults of the object's formulas and of the conditions of its caps."""
    schema = DeclaredFields(obj, objects)
    trees: dict[str, Tree] = {}
    for f in obj.fields:
        if f.type != "formula":
            continue
        try:
            trees[f.name] = parse(f.options["formula"])
            check_formula(trees[f.name], schema, kind_of(f), result_type(f).scale(f))
        except ExprError as error:
            yield Fault(f.app or obj.app, obj.name, f.name, "expression", error.message)
    for name in trees:
        if _depth(name, trees, ()) > MAX_CHAIN:
            yield fault(obj.app, obj.name, name, "expression", "The formula comes back to itself, or names too many.")
    for cap in obj.caps:
        try:
            if cap.where:
                check_condition(parse(cap.where), schema)
        except ExprError as error:
            yield Fault(obj.app, obj.name, "", "expression", error.message)


def _depth(name: str, trees: Mapping[str, Tree], above: tuple[str, ...]) -> int:
    """How many formulas stand behind one another; one that names itself counts as too many."""
    if name in above:
        return MAX_CHAIN + 1
    inner = [n for n in uses(trees[name]).fields if n in trees]
    return 1 + max((_depth(n, trees, (*above, name)) for n in inner), default=0)
