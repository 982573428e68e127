"""Formulas and conditions written in declarations: do they parse, and name fields that are there?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guanxi.kernel.catalog.fault import Fault, fault
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.system import system_fields
from guanxi.kernel.expr.parser import parse
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.tree import uses


def check_expressions(obj: Object, objects: Mapping[str, Object]) -> Iterator[Fault]:
    """Faults of the object's formulas and of the conditions of its caps."""
    for f in obj.fields:
        if f.type == "formula":
            yield from _check(obj, objects, f.app or obj.app, f.name, f.options["formula"])
    for cap in obj.caps:
        if cap.where:
            yield from _check(obj, objects, obj.app, "", cap.where)


def _check(obj: Object, objects: Mapping[str, Object], app: str, name: str, text: str) -> Iterator[Fault]:
    try:
        paths = uses(parse(text)).fields
    except ExprError as error:
        yield Fault(app, obj.name, name, "expression", error.message)
        return
    for path in sorted(paths):
        if not _known(obj, objects, path):
            yield fault(
                app,
                obj.name,
                name,
                "expression",
                "The expression names “{name}”, and there is no such field.",
                name=path,
            )
        if path == name:
            yield fault(app, obj.name, name, "expression", "The formula names itself.")


def _known(obj: Object, objects: Mapping[str, Object], path: str) -> bool:
    head, _, rest = path.partition(".")
    f = next((f for f in (*obj.fields, *system_fields(obj.kind)) if f.name == head), None)
    if f is None or not rest:
        return f is not None
    targets = [objects[t] for t in f.options.get("to", ()) if t in objects]
    return len(targets) == 1 and _known(targets[0], objects, rest)
