"""Roll-ups as fields of the catalogue: what they may be made of, which type they have, what their readers must see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from guanxi.base.i18n import Label
from guanxi.kernel.catalog.columns import LINKED, link_table
from guanxi.kernel.catalog.fault import Fault, fault
from guanxi.kernel.catalog.model import Field, Object, Rollup
from guanxi.kernel.catalog.system import SYSTEM_NAMES, system_fields
from guanxi.kernel.expr.check import check_condition
from guanxi.kernel.expr.parser import parse
from guanxi.kernel.expr.problem import ExprError
from guanxi.kernel.expr.schema import Link, Var
from guanxi.kernel.expr.tree import uses
from guanxi.kernel.fields.registry import TYPES

Wrong = Callable[..., Fault]
NUMBERS = ("integer", "decimal", "percent", "money")
DATES = ("date", "datetime")
UNSTEADY = frozenset({"id", "version", "updated_by", "trashed_at", "merged_into"})
"""System columns that change without a word in the log, or say nothing about a live record."""


HELP = Label(
    "Counts all live records, whoever may see them; worked out a moment after each change.",
    "统计全部有效记录，不论谁能看到；每次改动后稍等片刻就会更新。",
)


def result_of(measure: str, kind: str) -> str | None:
    """The type of the field for a measure over a field of that type; None if it cannot be measured so."""
    if measure == "count":
        return "integer"
    if measure in ("min", "max") and kind in (*NUMBERS, *DATES):
        return kind
    if measure == "sum" and kind in NUMBERS:
        return kind
    if measure == "avg" and kind in NUMBERS:
        return "decimal" if kind == "integer" else kind
    return None


def as_rollup(field: Field) -> Field:
    """Read-only, and never clearer to anybody than the fields it is made of (KD 21)."""
    made_of = field.rollup
    if made_of is None:
        return field
    sources = tuple(f"{made_of.object}.{name}" for name in named_by(made_of))
    copies = tuple(dict.fromkeys((*field.copies, *sources)))
    return replace(field, read_only=True, history=False, copies=copies, help=field.help or HELP)


def named_by(rollup: Rollup) -> tuple[str, ...]:
    """Fields of the counted object that the figure depends on, besides the lookup."""
    try:
        asked = sorted(uses(parse(rollup.where)).fields) if rollup.where.strip() else []
    except ExprError:  # told by the check
        asked = []
    return tuple(dict.fromkeys((*((rollup.field,) if rollup.field else ()), *asked)))


@dataclass(frozen=True, slots=True)
class OwnFields:
    """The stored fields of the counted object itself, as a condition may name them; `table` quotes a link table."""

    child: Object
    table: Mapping[str, str]

    def names(self) -> Iterable[str]:
        """Every field a condition may name."""
        return [f.name for f in _all(self.child) if usable(f)]

    def resolve(self, name: str) -> Var | None:
        """The field of that name on alias `r`."""
        f = next((f for f in _all(self.child) if f.name == name), None)
        if f is None or not usable(f):
            return None
        kind, column = TYPES[f.type], value_column(f)
        choices = f.options.get("choices")
        link = None
        if f.type in LINKED:
            far = self.table.get(name, f'"{link_table(self.child, f)}"')
            link = Link(far, '"a"', '"b"', 'r."id"', LINKED[f.type] == "INT")
        keys = tuple(c.key for c in choices) if choices else None
        return Var(name, kind.kind, f'r."{column}"', column, kind.scale(f), keys, link)


def usable(f: Field) -> bool:
    """A field that is stored in the record itself and whose every change is in the log."""
    own = f.type != "formula" and f.rollup is None and not f.options.get("encrypted")
    return own and not (f.name in SYSTEM_NAMES and f.name in UNSTEADY)


def value_column(f: Field) -> str:
    """The column that is added up or compared: money in base currency."""
    return f.column + ("__b" if f.type == "money" else "")


def field_named(obj: Object, name: str) -> Field | None:
    """A declared or system field."""
    return next((f for f in _all(obj) if f.name == name), None)


def _all(obj: Object) -> tuple[Field, ...]:
    own = {f.name for f in obj.fields}
    return (*obj.fields, *(f for f in system_fields(obj.kind) if f.name not in own))


def check_rollups(obj: Object, objects: Mapping[str, Object]) -> Iterator[Fault]:
    """Faults of the object's roll-ups."""
    for f in obj.fields:
        yield from faults_of(obj, f, objects)


def faults_of(obj: Object, f: Field, objects: Mapping[str, Object]) -> Iterator[Fault]:
    """Faults of one field, if it is a roll-up."""
    if f.rollup is not None:
        yield from _check(obj, f, f.rollup, objects)


def measurable(child: Object) -> list[Field]:
    """Fields of an object that some measure fits, but for the count."""
    return [f for f in _all(child) if usable(f) and not f.hidden and result_of("max", f.type) is not None]


def _check(obj: Object, f: Field, made_of: Rollup, objects: Mapping[str, Object]) -> Iterator[Fault]:
    def wrong(text: str, /, **params: object) -> Fault:
        return fault(f.app or obj.app, obj.name, f.name, "rollup", text, **params)

    child = objects.get(made_of.object)
    if child is None:
        yield wrong("It adds up “{name}”, and there is no such object.", name=made_of.object)
        return
    via = next((v for v in child.fields if v.name == made_of.via), None)
    if via is None or via.type != "lookup" or obj.name not in via.options.get("to", ()):
        yield wrong("“{via}” of {object} is no lookup that points here.", via=made_of.via, object=child.label)
    if obj.kind == "config" or child.access == "personal":
        yield wrong("Settings have no roll-ups, and what is personal is not added up.")
    if f.required or f.unique or f.default is not None:
        yield wrong("A roll-up is worked out: it cannot be required, unique or have a default.")
    yield from _measured(f, made_of, child, wrong)
    yield from _condition(made_of, child, wrong)


def _measured(f: Field, made_of: Rollup, child: Object, wrong: Wrong) -> Iterator[Fault]:
    source = field_named(child, made_of.field) if made_of.measure != "count" else None
    if made_of.measure == "count":
        if made_of.field:
            yield wrong("A count needs no field; say in the condition which records count.")
    elif source is None or not usable(source):
        text = "{object} has no stored field “{name}” that could be added up; a roll-up of a roll-up is not possible."
        yield wrong(text, object=child.label, name=made_of.field)
        return
    wanted = result_of(made_of.measure, source.type if source is not None else "")
    if wanted is None:
        yield wrong("“{name}” cannot be measured this way.", name=made_of.field)
    elif wanted != f.type:
        yield wrong("Its type must be {wanted}, not {type}.", wanted=wanted, type=f.type)


def _condition(made_of: Rollup, child: Object, wrong: Wrong) -> Iterator[Fault]:
    if not made_of.where.strip():
        return
    try:
        tree = parse(made_of.where)
        asked = uses(tree)
        if asked.clock or asked.person:
            yield wrong("The condition of a roll-up cannot ask for the time or for who is looking.")
        else:
            check_condition(tree, OwnFields(child, {}))
    except ExprError as error:
        yield wrong("The condition: {reason}", reason=error.message)
