"""The one language of conditions and formulas: text, tree, Python, SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guanxi.kernel.expr.check import check, check_condition, check_formula
from guanxi.kernel.expr.parser import parse
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.python import build_value
from guanxi.kernel.expr.schema import SHANGHAI, Bind, Fields, Link, Schema, Var, fields
from guanxi.kernel.expr.sql import Dialect, SqlText, condition_sql, value_sql
from guanxi.kernel.expr.tree import Tree, Uses, all_of, conjuncts, from_json, to_json, uses
from guanxi.kernel.expr.typed import Typed, TypedKind
from guanxi.kernel.expr.unparse import unparse
from guanxi.kernel.expr.zones import Zone, zone

__all__ = [
    "Bind",
    "Dialect",
    "ExprError",
    "Fields",
    "Link",
    "Schema",
    "SqlText",
    "Tree",
    "Typed",
    "TypedKind",
    "Uses",
    "Var",
    "Zone",
    "all_of",
    "check",
    "check_condition",
    "check_formula",
    "compile_python",
    "compile_sql",
    "compile_value",
    "conjuncts",
    "fields",
    "from_json",
    "parse",
    "to_json",
    "unparse",
    "uses",
    "zone",
]

Compiled = Callable[[Mapping[str, Any], Bind], Any]


def compile_python(tree: Tree | Typed, schema: Schema) -> Compiled:
    """The expression as a function of a row of stored values; conditions give 0 or 1."""
    return build_value(tree if isinstance(tree, Typed) else check(tree, schema))


def compile_sql(tree: Tree | Typed, schema: Schema, dialect: Dialect, zone: Zone = SHANGHAI) -> SqlText:
    """The condition as SQL for WHERE; `zone` is the one of the `Bind` it will get."""
    return condition_sql(tree if isinstance(tree, Typed) else check_condition(tree, schema), dialect, zone)


def compile_value(tree: Tree | Typed, schema: Schema, dialect: Dialect, zone: Zone = SHANGHAI) -> SqlText:
    """The expression as SQL for SELECT or ORDER BY; formulas come checked by `check_formula`."""
    return value_sql(tree if isinstance(tree, Typed) else check(tree, schema), dialect, zone)
