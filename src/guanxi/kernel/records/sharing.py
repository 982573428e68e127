"""Sharing rules of an object, compiled once per catalogue: which of them a row meets, in Python (KD 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog

from guanxi.base.errors import BadInput, FieldError, Invalid, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.expr import Bind, Tree, check_condition, compile_python, conjuncts, uses
from guanxi.kernel.expr.tree import Lit, Name, Node
from guanxi.kernel.records.filters import ObjectFields, tree_of
from guanxi.kernel.records.shape import OWNED, shape_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

LEVELS = {"read": 1, "edit": 2}
KEYED = ("choice", "integer", "user", "team", "lookup")
log = structlog.get_logger("guanxi.sharing")


@dataclass(frozen=True, slots=True)
class Ruled:
    """One rule in force. `columns`: what its condition looks at; `key`: a column that must hold one of these values."""

    id: int
    principal: int
    level: int
    columns: frozenset[str]
    test: Callable[[Mapping[str, Any], Bind], Any] | None
    key: tuple[str, tuple[Any, ...]] | None = None

    @property
    def reason(self) -> str:
        return f"r{self.id}"

    def meets(self, row: Mapping[str, Any], moment: Bind) -> bool:
        return self.test is None or bool(self.test(row, moment))


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one object: most ask for a value of a choice or an owner, and are found by it."""

    rules: tuple[Ruled, ...]
    keyed: Mapping[str, Mapping[Any, Sequence[Ruled]]]
    rest: tuple[Ruled, ...]

    def met(self, row: Mapping[str, Any], moment: Bind, columns: frozenset[str] | None) -> set[Ruled]:
        """The rules this row meets; with `columns`, only those that look at one of them."""
        return {
            rule
            for rule in self._candidates(row)
            if (columns is None or rule.columns & columns) and rule.meets(row, moment)
        }

    def _candidates(self, row: Mapping[str, Any]) -> Iterable[Ruled]:
        yield from self.rest
        for column, by_value in self.keyed.items():
            yield from by_value.get(row.get(column), ())


def rules_of(work: Work, target: Object) -> RuleSet | None:
    """The rules of an object in this snapshot; None if there are none."""
    key = ("sharing rules", target.name)
    if key not in work.catalog.memo:
        work.catalog.memo[key] = _compile_all(work, target)
    found: RuleSet | None = work.catalog.memo[key]
    return found


def _compile_all(work: Work, target: Object) -> RuleSet | None:
    rows = [row for row in work.catalog.config.get("sharing_rule", {}).values() if row["object"] == target.name]
    rules = tuple(rule for row in rows if row["active"] and (rule := compile_rule(work, target, row)) is not None)
    if not rules or target.kind not in OWNED or target.access != "own":
        return None
    keyed: dict[str, dict[Any, list[Ruled]]] = {}
    for rule in rules:
        if rule.key is not None:
            for value in rule.key[1]:
                keyed.setdefault(rule.key[0], {}).setdefault(value, []).append(rule)
    return RuleSet(rules, keyed, tuple(rule for rule in rules if rule.key is None))


def compile_rule(work: Work, target: Object, row: Row) -> Ruled | None:
    """One rule; one whose condition no longer fits the object gives nothing, and the log says so."""
    ident, to, level = int(row["id"]), int(row["to"]), LEVELS.get(row["level"], 1)
    if not row["condition"]:
        return Ruled(ident, to, level, frozenset(), None)
    try:
        tree = tree_of(row["condition"])
        check_rule_condition(work, target, tree)
        test = compile_python(tree, ObjectFields(work, target, work.catalog.fields))
    except (BadInput, Invalid):
        log.warning("a sharing rule no longer fits its object", rule=ident, object=target.name)
        return None
    return Ruled(ident, to, level, _columns(work, target, tree), test, _key_of(work, target, tree))


def _columns(work: Work, target: Object, tree: Tree) -> frozenset[str]:
    shape = shape_of(work.catalog, target)
    found: set[str] = set()
    for name in uses(tree).fields:
        found.update(shape.fields[name].names if name in shape.fields else (name,))
    return frozenset(found)


def _key_of(work: Work, target: Object, tree: Tree) -> tuple[str, tuple[Any, ...]] | None:
    """A column of few values that the row must hold one of, if one of the joined conditions says so."""
    for part in conjuncts(tree):
        if isinstance(part, Node) and part.op in ("=", "in") and isinstance(part.args[0], Name):
            field = work.catalog.fields(target).get(part.args[0].path)
            listed = part.args[1:]
            if len(listed) == 1 and isinstance(listed[0], Node) and listed[0].op == "list":
                listed = listed[0].args
            if field is None or field.type not in KEYED or len(field.options.get("to", ())) > 1:
                continue
            values = [_stored(a) for a in listed]
            if None not in values:
                return field.column, tuple(dict.fromkeys(values))
    return None


def _stored(tree: Tree) -> str | int | None:
    if not isinstance(tree, Lit) or isinstance(tree.value, bool):
        return None
    if isinstance(tree.value, Decimal):
        return int(tree.value) if tree.value == int(tree.value) else None
    return tree.value


def check_rule_condition(work: Work, target: Object, tree: Tree) -> None:
    """A rule looks at stored fields of the record itself: else rows would enter and leave it without being saved."""
    used = uses(tree)
    if used.clock or used.person:
        raise BadInput(msg("A sharing rule cannot ask for the time or for who is looking."))
    fields = work.catalog.fields(target)
    for name in sorted(used.fields):
        if "." in name or (name in fields and (fields[name].type == "formula" or fields[name].rollup is not None)):
            raise BadInput(
                msg("A sharing rule looks at stored fields of the record itself; «{field}» is none.", field=name)
            )
        if name in SYSTEM_NAMES - {"owner", "team", "source", "created_by", "created_at"}:
            raise BadInput(msg("A sharing rule cannot ask for «{field}».", field=name))
    check_condition(tree, ObjectFields(work, target, work.catalog.fields))


def faults_of_rule(work: Work, row: Row) -> list[FieldError]:
    """What is wrong with a rule somebody wants to save."""
    target = work.catalog.objects.get(str(row["object"] or ""))
    if target is None or target.kind not in OWNED or target.access != "own":
        said = msg("Records of this kind cannot be shared by rules; choose one with owners of its own.")
        return [FieldError("object", "unknown_object", said)]
    try:
        if row["condition"]:
            check_rule_condition(work, target, tree_of(row["condition"]))
    except BadInput as problem:
        return [FieldError("condition", problem.code, problem.message)]
    return []
