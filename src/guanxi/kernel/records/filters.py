"""Conditions and formulas on records: which fields they may name, and their SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, msg
from guanxi.kernel.access.branches import reach
from guanxi.kernel.access.rights import CLEAR, LEVELS, FieldRight, Rights, may_ask
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.rollups import named_by
from guanxi.kernel.expr import (
    Bind,
    Link,
    SqlText,
    Tree,
    Typed,
    Var,
    check_formula,
    compile_python,
    compile_sql,
    compile_value,
    from_json,
    parse,
    uses,
    zone,
)
from guanxi.kernel.expr.tree import Name, Node
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.fields.sealed import INDEX
from guanxi.kernel.records.sealing import BLIND, blind, sealed_clear
from guanxi.kernel.records.shape import SET_TYPES, targets_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MAX_FORMULA_DEPTH = 5
MOST_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class ObjectFields:
    """The fields of one object for one reader, with one step through a lookup (`account.industry`)."""

    work: Work
    target: Object
    allowed: Callable[[Object], Mapping[str, Field]]
    alias: str = "r"

    def names(self) -> Iterable[str]:
        return self.allowed(self.target)

    def resolve(self, name: str) -> Var | None:
        if name.endswith(BLIND):
            sealed = sealed_clear(self.work, self.target).get(name.removesuffix(BLIND))
            return None if sealed is None else _blind_var(sealed, name, self.alias)
        head, dot, rest = name.partition(".")
        field = self.allowed(self.target).get(head)
        if field is None or field.type == "formula" or field.encrypted:
            return None
        return self._through(field, name, rest) if dot else self._var(field, name, self.alias, self.target.table)

    def _var(self, field: Field, name: str, alias: str, table: str) -> Var:
        kind = TYPES[field.type]
        column = field.column + ("__b" if field.type == "money" else "")
        link = None
        if field.type in SET_TYPES:
            through = self.work.session.table(f"m_{table}_{field.column}")
            link = Link(through, '"a"', '"b"', f'{alias}."id"', SET_TYPES[field.type] == "INT")
        return Var(
            name=name,
            kind=kind.kind,
            sql=f'{alias}."{column}"',
            key=column,
            scale=kind.scale(field),
            choices=tuple(c.key for c in field.options["choices"]) if field.options.get("choices") else None,
            link=link,
        )

    def _through(self, field: Field, name: str, rest: str) -> Var | None:
        """A field of the record a single-target lookup points at, as a scalar subquery on visible records."""
        targets = targets_of(field) if field.type in ("lookup", "user", "team") else ()
        if len(targets) != 1 or (other := self.work.catalog.objects.get(targets[0])) is None:
            return None
        inner = self.allowed(other).get(rest)
        if inner is None or inner.type in SET_TYPES or inner.type == "formula" or inner.encrypted:
            return None
        var = self._var(inner, name, "j", other.table)
        found = reach(self.work.session, self.work.catalog, self.work.actor, other, "read", self.work.now, "j")
        condition, params = found.condition()
        also = f" AND {_inline(condition, params)}" if condition else ""
        table = self.work.session.table(other.table)
        sql = f'(SELECT {var.sql} FROM {table} j WHERE j."id" = {self.alias}."{field.column}"{also})'
        return Var(name, var.kind, sql, name, var.scale, var.choices)


def _blind_var(field: Field, name: str, alias: str) -> Var:
    column = field.column + INDEX
    return Var(name, "text", f'{alias}."{column}"', column)


def _inline(text: str, params: Iterable[Any]) -> str:
    """Reach parameters are ids and object names only: safe to write out where no placeholder can stand."""
    for value in params:
        written = str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
        text = text.replace("?", written, 1)
    return text


def readable(work: Work, target: Object) -> Mapping[str, Field]:
    """Fields whose clear values a question may use (KD 21): formulas inherit from theirs, encrypted ones have none."""
    key = ("readable", target.name, work.actor.user, work.actor.rights.admin)
    known: Mapping[str, Field] | None = work.catalog.memo.get(key)
    if known is None:
        known = work.catalog.memo[key] = _readable(work, target)
    return known


def right_of(rights: Rights, target: Object, field: Field) -> FieldRight:
    """What roles say of a field; one that a rule copies from others is never clearer than these."""
    right = rights.field(target.name, field.name)
    for source in field.copies:
        level = rights.level(*source.split(".", 1))
        if LEVELS.index(level) < LEVELS.index(right.level):
            right = FieldRight(level)
    return right


def right_in(work: Work, target: Object, field: Field) -> FieldRight:
    """
    As `right_of`; a roll-up is hidden from whoever may not ask for what it adds up, and never clearer than the fields
    it is made of.
    """
    rights, right = work.actor.rights, right_of(work.actor.rights, target, field)
    made_of = field.rollup
    child = work.catalog.objects.get(made_of.object) if made_of is not None else None
    if rights.admin or made_of is None or child is None:
        return right
    if not may_ask(rights, child.name, child.access):
        return FieldRight("none")
    known = work.catalog.fields(child)
    levels = [right_of(rights, child, known[name]).level for name in named_by(made_of) if name in known]
    lowest = min((right.level, *levels), key=LEVELS.index)
    return right if lowest == right.level else FieldRight(lowest)


def askable(work: Work, object_name: str, *words: str) -> tuple[str, ...]:
    """Those of the sort words or field names ("-amount") that this caller's questions may use."""
    clear = readable(work, work.catalog.object(object_name))
    return tuple(word for word in words if word.lstrip("-") in clear)


def _readable(work: Work, target: Object) -> Mapping[str, Field]:
    rights = work.actor.rights
    fields = {n: f for n, f in work.catalog.fields(target).items() if not f.retired and not f.encrypted}
    if rights.admin:
        return fields
    if not may_ask(rights, target.name, target.access):
        return {}
    clear = {n: f for n, f in fields.items() if right_in(work, target, f).level in CLEAR}
    while True:  # a formula over a hidden formula is hidden too
        hidden = [n for n, f in clear.items() if f.type == "formula" and not _computable(work, target, f, clear)]
        if not hidden:
            return clear
        clear = {n: f for n, f in clear.items() if n not in hidden}


def _computable(work: Work, target: Object, field: Field, clear: Mapping[str, Field]) -> bool:
    for path in uses(parse(str(field.options["formula"]))).fields:
        head, _, rest = path.partition(".")
        if head not in clear:
            return False
        if rest:
            other = work.catalog.object(targets_of(clear[head])[0])
            if other.name != target.name and rest not in readable(work, other):
                return False
    return True


def binding(work: Work) -> Bind:
    """Clock and asker, bound once per unit of work."""
    return Bind(
        today=work.today,
        now=work.now,
        me=work.actor.user or None,
        my_team=work.actor.team,
        my_teams=work.actor.subtree,
        zone=zone(work.zone),
    )


def tree_of(where: str | Tree | Any) -> Tree:
    """An expression given as text, as its stored JSON, or as a tree."""
    if isinstance(where, str):
        return parse(where)
    return from_json(where) if isinstance(where, list) else where


def expand(work: Work, target: Object, tree: Tree, depth: int = 0) -> Tree:
    """Formula fields written out, so that they can be filtered like any other."""
    if isinstance(tree, Node):
        return Node(tree.op, tuple(expand(work, target, a, depth) for a in tree.args), tree.at)
    if not isinstance(tree, Name) or "." in tree.path:
        return tree
    field = readable(work, target).get(tree.path)
    if field is None or field.type != "formula":
        return tree
    if depth >= MAX_FORMULA_DEPTH:
        raise BadInput(msg("Formulas refer to each other too deeply at «{field}».", field=tree.path))
    return expand(work, target, parse(str(field.options["formula"])), depth + 1)


def sql_of(work: Work, target: Object, where: str | Tree | Any, alias: str = "r") -> tuple[str, list[Any]]:
    """SQL of an expression for this caller; what is asked again as text is compiled once per snapshot."""
    moment = binding(work)

    def make() -> tuple[Tree, SqlText]:
        tree = expand(work, target, blind(work, target, tree_of(where)))
        schema = ObjectFields(work, target, partial(readable, work), alias)
        return tree, compile_sql(tree, schema, work.session.dialect, moment.zone)

    compiled = _kept(work, (target.name, where, alias), make) if isinstance(where, str) else make()[1]
    return compiled.text, compiled.bind(moment)


def _kept(work: Work, key: tuple[str | Tree, ...], make: Callable[[], tuple[Tree, SqlText]]) -> SqlText:
    """
    Compiled SQL from the snapshot's memory, for each reader: what may be named depends on rights. A path through a
    lookup is never kept, because it carries what the reader reaches at this moment.
    """
    texts: dict[Any, SqlText] = work.catalog.memo.setdefault("sql", {})
    full = (*key, work.actor.user, work.actor.rights.admin, work.zone)
    known = texts.get(full)
    if known is None:
        tree, known = make()
        if not any("." in path for path in uses(tree).fields):
            if len(texts) >= MOST_KEPT:
                texts.clear()
            texts[full] = known
    return known


def value_sql(work: Work, target: Object, tree: Tree | Typed | str) -> tuple[str, list[Any]]:
    """SQL of a value for this caller: group keys, formulas."""
    schema = ObjectFields(work, target, partial(readable, work))
    moment = binding(work)
    wanted = tree if isinstance(tree, Typed) else expand(work, target, blind(work, target, tree_of(tree)))
    compiled = compile_value(wanted, schema, work.session.dialect, moment.zone)
    return compiled.text, compiled.bind(moment)


def condition_sql(work: Work, target: Object, where: str | Tree | Any) -> tuple[str, list[Any]]:
    """A condition on alias `r` for the kernel's own use (caps, gates): every field may be named."""
    schema = ObjectFields(work, target, work.catalog.fields)
    moment = binding(work)
    compiled = compile_sql(tree_of(where), schema, work.session.dialect, moment.zone)
    return compiled.text, compiled.bind(moment)


def right_sql(work: Work, target: Object, tree: Tree) -> tuple[str, list[Any]]:
    """As `condition_sql`, for conditions of rights: asked with every list, compiled once per snapshot."""
    moment = binding(work)

    def make() -> tuple[Tree, SqlText]:
        schema = ObjectFields(work, target, work.catalog.fields)
        return tree, compile_sql(tree, schema, work.session.dialect, moment.zone)

    compiled = _kept(work, (target.name, tree, "right"), make)
    return compiled.text, compiled.bind(moment)


def formula_sql(work: Work, target: Object, field: Field) -> tuple[str, list[Any]]:
    """SQL of a virtual formula field."""
    moment = binding(work)

    def make() -> tuple[Tree, SqlText]:
        tree, schema, typed = _formula(work, target, field)
        return tree, compile_value(typed, schema, work.session.dialect, moment.zone)

    compiled = _kept(work, (target.name, field.name, "formula"), make)
    return compiled.text, compiled.bind(moment)


def _formula(work: Work, target: Object, field: Field) -> tuple[Tree, ObjectFields, Typed]:
    result = TYPES[str(field.options["result"])]
    schema = ObjectFields(work, target, partial(readable, work))
    tree = expand(work, target, parse(str(field.options["formula"])))
    kind = "boolean" if result.kind == "none" else result.kind
    return tree, schema, check_formula(tree, schema, kind, result.scale(field))


def with_formulas(work: Work, target: Object, fields: Sequence[Field], row: Row) -> Row | None:
    """The stored row with the formulas among `fields` worked out; None where one looks beyond the row."""
    formulas = [f for f in fields if f.type == "formula"]
    if not formulas:
        return row
    moment, whole = binding(work), dict(row)
    for field in formulas:
        key = ("formula", target.name, field.name, work.actor.user, work.actor.rights.admin)
        if key not in work.catalog.memo:
            tree, schema, typed = _formula(work, target, field)
            beyond = any("." in path for path in uses(tree).fields)
            work.catalog.memo[key] = None if beyond else compile_python(typed, schema)
        run = work.catalog.memo[key]
        if run is None:
            return None
        whole[field.column] = run(row, moment)
    return whole


def test_of(work: Work, target: Object, where: str | Tree | Any) -> Callable[[Mapping[str, Any]], bool]:
    """The condition as a Python test of one row."""
    schema = ObjectFields(work, target, work.catalog.fields)
    run = compile_python(tree_of(where), schema)
    moment = binding(work)
    return lambda row: bool(run(row, moment))
