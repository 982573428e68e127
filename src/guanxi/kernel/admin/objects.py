"""Objects made and changed at run time: add, change, retire, restore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from guanxi.base.errors import BadInput, FieldError, Invalid, msg
from guanxi.base.i18n import Label
from guanxi.kernel.admin.backing import ask_for_index, refuse_default
from guanxi.kernel.admin.fields import put_new_field
from guanxi.kernel.admin.meta import Ledger, free_name, open_ledger, stored
from guanxi.kernel.catalog.model import Object, Section
from guanxi.kernel.catalog.rows import FieldSpec, MetaObject, ObjectSpec, merge, object_spec
from guanxi.kernel.catalog.system import KERNEL_TABLES, system_columns
from guanxi.kernel.context import Work

NAME = FieldSpec(name="name", type="text", label=Label("Name", "名称"), required=True)
FIXED = ("kind", "access", "access_via")
LAYOUTS = ("title", "subtitle", "columns", "quick", "figures", "filters", "sorts", "search", "timeline")


def add_object(work: Work, spec: ObjectSpec | Mapping[str, Any]) -> Object:
    """A new object with its real table; without a title field it gets one, without layouts plain ones."""
    ledger = open_ledger(work)
    row = put_new_object(ledger, object_spec(spec))
    ledger.settle()
    made = work.catalog.object(row.name)
    for f in made.fields:
        refuse_default(work, f)
    if any(f.unique for f in made.fields) or made.unique:
        ask_for_index(work, made)
    return made


def put_new_object(ledger: Ledger, spec: ObjectSpec) -> MetaObject:
    """The rows of a new object and its fields, stored but not yet settled."""
    if spec.label is None:
        raise Invalid(msg("An object needs a name."))
    if spec.kind not in {None, "record", "plain", "config"}:
        raise Invalid(msg("Documents with lines come with apps; make a record instead."))
    ident = ledger.ids.next()
    name = free_name(spec.name, spec.label, f"object_{ident}", {*ledger.objects, *KERNEL_TABLES})
    if name in ledger.objects:
        raise Invalid(msg("There is already an object “{name}”; it may be retired.", name=name))
    fields = spec.fields
    if not any(f.name == (spec.title or "name") for f in fields):
        fields = (NAME, *fields) if spec.title in {None, "name"} else fields
    meta = MetaObject(ident, name, f"x_{ident}", True, False, "{}")
    rows = [put_new_field(ledger, meta, f) for f in fields]
    names = tuple(row.name for row in rows)
    _refuse_unknown(spec, {*names, *system_columns(spec.kind or "record")})
    filled = msgspec.structs.replace(
        spec,
        columns=spec.columns or names[:6],
        form=spec.form or (Section(spec.label, names),),
        quick=spec.quick or names[:4],
        area=spec.area if spec.area is not None else "custom",
    )
    meta = msgspec.structs.replace(meta, overlay=stored(filled))
    ledger.put_object(meta)
    return meta


def change_object(work: Work, object_name: str, spec: ObjectSpec | Mapping[str, Any]) -> Object:
    """Relabel, layouts, facets, sorts, icon, place in the navigation; uniques may be added."""
    ledger = open_ledger(work)
    before = work.catalog.object(object_name)
    put_object_change(ledger, before, object_spec(spec), set(work.catalog.fields(before)))
    ledger.settle()
    after = work.catalog.object(object_name)
    if after.unique != before.unique:
        ask_for_index(work, after)
    return after


def put_object_change(ledger: Ledger, before: Object, spec: ObjectSpec, known: set[str]) -> None:
    """The changed row, stored but not yet settled. `known`: names that layouts may use."""
    meta = ledger.objects[before.name]
    for name in FIXED:
        if getattr(spec, name) not in {None, getattr(before, name)}:
            raise Invalid(msg("“{option}” of an object stays what it is.", option=name))
    _refuse_unknown(spec, known)
    overlay = stored(merge(object_spec(meta.overlay), spec))
    ledger.put_object(msgspec.structs.replace(meta, overlay=overlay))


def _refuse_unknown(spec: ObjectSpec, known: set[str]) -> None:
    errors = [
        FieldError(layout, "layout", msg("There is no field “{name}”.", name=name))
        for layout, name in _named(spec)
        if name not in known
    ]
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _named(spec: ObjectSpec) -> Iterator[tuple[str, str]]:
    """Every field a spec's layouts name; retired ones would vanish without a word, so this is asked here."""
    for layout in LAYOUTS:
        value = getattr(spec, layout) or ()
        for name in (value,) if isinstance(value, str) else value:
            if name != "-":
                yield layout, name
    if spec.sort:
        yield "sort", spec.sort.removeprefix("-")
    for section in spec.form or ():
        yield from (("form", name) for name in section.fields)


def retire_object(work: Work, object_name: str) -> None:
    """Out of navigation, lists, API; records stay, and it can be restored. Refused while lookups point at it."""
    work.catalog.object(object_name)
    _set_retired(work, object_name, True)


def restore_object(work: Work, object_name: str) -> Object:
    """Back with all its records."""
    _set_retired(work, object_name, False)
    return work.catalog.object(object_name)


def _set_retired(work: Work, object_name: str, retired: bool) -> None:
    ledger = open_ledger(work)
    row = ledger.objects.get(object_name)
    if row is None:
        raise BadInput(msg("There is no object “{name}”.", name=object_name))
    if not row.custom:
        raise Invalid(msg("“{name}” comes with the app: take it out of the navigation instead.", name=object_name))
    if row.retired != retired:
        ledger.put_object(msgspec.structs.replace(row, retired=retired))
        ledger.settle()
