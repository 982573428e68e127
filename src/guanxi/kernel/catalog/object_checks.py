"""What can be wrong with one object: names, layouts, sorts, steps, lines, rules, uniques, caps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from guanxi.kernel.catalog.columns import LINKED, sort_suffix
from guanxi.kernel.catalog.fault import Fault, fault
from guanxi.kernel.catalog.field_checks import MAX_NAME, NAME, NOT_UNIQUE, Around, check_field
from guanxi.kernel.catalog.model import Field, Object, Read
from guanxi.kernel.catalog.system import API_PATHS, KERNEL_TABLES, system_fields
from guanxi.kernel.fields.registry import TYPES

MAX_SORTS, MAX_FILTERS = 6, 4
NO_FACET = frozenset({"formula", "image", "files", "long_text"})
PREFIXES = ("x_", "m_", "meta_", "sqlite_", "pg_")


@dataclass(frozen=True, slots=True)
class Case:
    """One object under examination."""

    obj: Object
    fields: Mapping[str, Field]  # with system columns
    around: Around

    def wrong(self, code: str, text: str, field: str = "", /, **params: object) -> Fault:
        """A fault of this object."""
        return fault(self.obj.app, self.obj.name, field, code, text, **params)


def check_object(obj: Object, around: Around) -> Iterator[Fault]:
    """All faults of one object and its fields."""
    case = Case(obj, {f.name: f for f in (*system_fields(obj.kind), *obj.fields)}, around)
    yield from _names(case)
    for f in obj.fields:
        yield from check_field(obj, f, around)
    if any(f.type not in TYPES for f in obj.fields):
        return  # what follows asks types for their columns
    yield from _layouts(case)
    yield from _orders(case)
    yield from _steps(case)
    yield from _relations(case)
    yield from _constraints(case)


def _names(case: Case) -> Iterator[Fault]:
    obj = case.obj
    if not NAME.fullmatch(obj.name) or len(obj.name) > MAX_NAME:
        text = "“{name}” is not an object name: small letters, digits and single underscores."
        yield case.wrong("name", text, name=obj.name)
    if obj.name in KERNEL_TABLES | API_PATHS or (not obj.custom and obj.name.startswith(PREFIXES)):
        yield case.wrong("reserved", "“{name}” is a name of the kernel.", name=obj.name)
    if not all((obj.label.en.strip(), obj.label.zh.strip(), obj.plural.en.strip(), obj.plural.zh.strip())):
        yield case.wrong("label", "A name in both languages, singular and plural, is missing.")
    names = [f.name for f in obj.fields]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield case.wrong("duplicate", "There are two fields “{name}”.", name, name=name)


def _layouts(case: Case) -> Iterator[Fault]:
    obj = case.obj
    named = {
        "title": (obj.title,),
        "subtitle": obj.subtitle,
        "columns": obj.columns,
        "quick": obj.quick,
        "figures": obj.figures,
        "search": () if obj.search == ("-",) else obj.search,
        "form": tuple(name for section in obj.form for name in section.fields),
    }
    for layout, names in named.items():
        for name in names:
            if name not in case.fields:
                yield case.wrong(
                    "layout", "“{layout}” names “{name}”, and there is no such field.", name, layout=layout, name=name
                )
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield case.wrong("layout", "“{layout}” names “{name}” twice.", name, layout=layout, name=name)


def _orders(case: Case) -> Iterator[Fault]:
    obj = case.obj
    if len(obj.sorts) > MAX_SORTS:
        yield case.wrong("sorts", "More than {n} sortable fields.", n=MAX_SORTS)
    if len(obj.filters) > MAX_FILTERS:
        yield case.wrong("filters", "More than {n} facets.", n=MAX_FILTERS)
    for name in dict.fromkeys((*obj.sorts, obj.sort.removeprefix("-"))):
        f = case.fields.get(name)
        if f is None:
            yield case.wrong("sorts", "It sorts by “{name}”, and there is no such field.", name, name=name)
        elif sort_suffix(f) is None:
            yield case.wrong("sorts", "A field of type {type} cannot be sorted by.", name, type=f.type)
    for name in obj.filters:
        f = case.fields.get(name)
        if f is None:
            yield case.wrong("filters", "The facet “{name}” is no field.", name, name=name)
        elif f.type in NO_FACET:
            yield case.wrong("filters", "A field of type {type} cannot be a facet.", name, type=f.type)


def _steps(case: Case) -> Iterator[Fault]:
    steps = case.obj.steps
    if steps is None:
        return
    wanted = (
        (steps.field, {"choice", "lookup"}),
        (steps.pipeline, {"choice", "lookup"}),
        (steps.amount, {"money", "decimal", "integer"}),
        (steps.close_on, {"date", "datetime"}),
    )
    for name, types in wanted:
        if name is None:
            continue
        f = case.fields.get(name)
        if f is None:
            yield case.wrong("steps", "The steps name “{name}”, and there is no such field.", name, name=name)
        elif f.type not in types:
            yield case.wrong("steps", "The steps cannot use a field of type {type}.", name, type=f.type)
        elif f.type == "lookup":
            targets = [case.around.objects.get(t) for t in f.options["to"]]
            if len(targets) != 1 or (targets[0] is not None and targets[0].kind != "config"):
                yield case.wrong("steps", "Steps are a choice or point at one object of kind config.", name)


def _lookup(case: Case, what: str, name: str | None) -> Iterator[Fault]:
    f = case.fields.get(name or "")
    if f is None or f.type not in {"lookup", "user", "team"}:
        yield case.wrong("lookup", "“{what}” must name a lookup of the object.", name or "", what=what)


def _relations(case: Case) -> Iterator[Fault]:
    obj, objects = case.obj, case.around.objects
    if obj.access == "parent":
        yield from _lookup(case, "access_via", obj.access_via)
    if obj.parent is not None:
        yield from _lookup(case, "parent", obj.parent)
    if obj.timeline is not None:
        yield from _lookup(case, "timeline", obj.timeline)
    if obj.lines and obj.kind != "document":
        yield case.wrong("lines", "Only a document owns lines.")
    for name in obj.lines:
        line = objects.get(name)
        if line is None or line.parent is None or line.kind != "plain":
            text = "The line “{name}” must be a plain object that names its parent."
            yield case.wrong("lines", text, name=name)
        elif obj.name not in next((f.options.get("to", ()) for f in line.fields if f.name == line.parent), ()):
            yield case.wrong("lines", "The parent of the line “{name}” is not this document.", name=name)
    for rule in obj.rules:
        for read in rule.reads:
            yield from _read(case, read)


def _read(case: Case, read: Read) -> Iterator[Fault]:
    target, via = case.around.objects.get(read.object), case.fields.get(read.via)
    if target is None:
        yield case.wrong("rules", "A rule reads “{name}”, and there is no such object.", read.via, name=read.object)
        return
    if via is None or read.object not in via.options.get("to", ()):
        yield case.wrong(
            "rules",
            "A rule reads “{name}” through “{via}”, which does not point at it.",
            read.via,
            name=read.object,
            via=read.via,
        )
    known = {f.name for f in (*system_fields(target.kind), *target.fields)}
    for name in read.fields:
        if name.split("__")[0] not in known:
            text = "A rule reads “{name}” of {object}, and there is no such field."
            yield case.wrong("rules", text, read.via, name=name, object=target.name)


def _constraints(case: Case) -> Iterator[Fault]:
    for unique in case.obj.unique:
        if not unique.fields:
            yield case.wrong("unique", "A unique group names no field.")
        for name in unique.fields:
            f = case.fields.get(name)
            if f is None:
                yield case.wrong("unique", "“{name}” is to be unique, and there is no such field.", name, name=name)
            elif f.type in NOT_UNIQUE:
                yield case.wrong("unique", "A field of type {type} cannot be unique.", name, type=f.type)
    for cap in case.obj.caps:
        if cap.limit < 1:
            yield case.wrong("caps", "A cap must allow at least one.")
        for name in cap.per:
            if name not in case.fields or case.fields[name].type in {"formula", *LINKED}:
                yield case.wrong("caps", "A cap counts per “{name}”, which is no stored field.", name, name=name)
