"""Fields made and changed at run time: add, change, retire, restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from guanxi.base.errors import BadInput, Invalid, msg
from guanxi.kernel.admin.backing import ask_for_default, ask_for_index, refuse_default, refuse_doubles
from guanxi.kernel.admin.meta import Ledger, free_name, open_ledger, stored
from guanxi.kernel.catalog.fault import refused
from guanxi.kernel.catalog.field_checks import check_overlay
from guanxi.kernel.catalog.model import Field, Object, Section
from guanxi.kernel.catalog.rows import (
    FieldSpec,
    MetaField,
    MetaObject,
    field_spec,
    merge,
    merge_choices,
    object_spec,
)
from guanxi.kernel.catalog.system import SYSTEM_NAMES
from guanxi.kernel.context import Work
from guanxi.kernel.fields.registry import TYPES

FIXED = ("to", "scale", "result", "gapless", "multiline", "sortable")
"""Options that decide what the column holds; changing them would change the meaning of stored values."""


def add_field(work: Work, object_name: str, spec: FieldSpec | Mapping[str, Any]) -> Field:
    """A new field with its real columns; the value of `default` reaches old records by a job after commit."""
    ledger = open_ledger(work)
    obj = work.catalog.object(object_name)
    row = put_new_field(ledger, ledger.objects[obj.name], field_spec(spec))
    _place(ledger, obj, row)
    ledger.settle()
    made = _field(work, object_name, row.name)
    refuse_default(work, made)
    changed = work.catalog.object(object_name)
    ask_for_default(work, changed, made)
    if made.unique:
        ask_for_index(work, changed)
    return made


def put_new_field(ledger: Ledger, obj: MetaObject, spec: FieldSpec) -> MetaField:
    """The row of a new field, stored but not yet settled."""
    if spec.type not in TYPES:
        raise BadInput(msg("There is no field type “{type}”.", type=spec.type))
    if spec.label is None:
        raise Invalid(msg("A field needs a label."))
    taken = {name for ident, name in ledger.fields if ident == obj.id} | SYSTEM_NAMES
    ident = ledger.ids.next()
    name = free_name(spec.name, spec.label, f"field_{ident}", taken)
    if (obj.id, name) in ledger.fields:
        raise Invalid(msg("There is already a field “{name}”; it may be retired.", name=name))
    row = MetaField(ident, obj.id, name, f"f_{ident}", spec.type, True, False, stored(spec))
    ledger.put_field(obj, row)
    return row


def _place(ledger: Ledger, obj: Object, row: MetaField) -> None:
    """Into the last section of a form that was laid out by hand; other forms take new fields in by themselves."""
    meta = ledger.objects[obj.name]
    spec = object_spec(meta.overlay)
    if not spec.form:
        return
    *first, last = spec.form
    form = (*first, Section(last.label, (*last.fields, row.name), last.folded))
    overlay = stored(msgspec.structs.replace(spec, form=form))
    ledger.put_object(msgspec.structs.replace(meta, overlay=overlay))


def change_field(work: Work, object_name: str, field_name: str, spec: FieldSpec | Mapping[str, Any]) -> Field:
    """
    Relabel, require, help, default, hide, tighten; `choices` is the whole list in its order, with retired ones
    marked (missing ones stay, at the end). A declared field may be tightened, never loosened.
    """
    ledger = open_ledger(work)
    before = _field(work, object_name, field_name)
    put_field_change(ledger, work.catalog.object(object_name), before, field_spec(spec))
    if field_spec(spec).unique and not before.unique:
        refuse_doubles(work, work.catalog.object(object_name), before)
    ledger.settle()
    after = _field(work, object_name, field_name)
    refuse_default(work, after)
    if after.unique and not before.unique:
        ask_for_index(work, work.catalog.object(object_name))
    return after


def put_field_change(ledger: Ledger, obj: Object, before: Field, spec: FieldSpec) -> None:
    """The changed row, stored but not yet settled."""
    meta = ledger.objects[obj.name]
    row = ledger.fields.get((meta.id, before.name))
    if row is None:
        raise BadInput(msg("“{field}” belongs to the system and cannot be changed.", field=before.label))
    if spec.type not in {"", before.type} or spec.name not in {"", before.name}:
        raise Invalid(msg("Name and type of a field stay what they are; add a new field instead."))
    for name in FIXED if row.custom else ():
        if getattr(spec, name) not in {None, before.options.get(name)}:
            raise Invalid(msg("“{option}” of a field stays what it is; add a new field instead.", option=name))
    if not row.custom:
        _refuse_loosening(ledger.work, obj, before, spec)
    if spec.choices is not None:
        kept = merge_choices(before.options.get("choices", ()), spec.choices)
        spec = msgspec.structs.replace(spec, choices=kept)
    text = stored(merge(field_spec(row.spec), spec))
    ledger.put_field(meta, msgspec.structs.replace(row, spec=text))


def _refuse_loosening(work: Work, obj: Object, before: Field, spec: FieldSpec) -> None:
    (declared, extra, *_), *_ = work.catalog.sources[obj.name]
    original = next((f for f in (*declared.fields, *extra) if f.name == before.name), before)
    faults = list(check_overlay(obj, original, spec))
    if faults:
        raise refused(faults)


def retire_field(work: Work, object_name: str, field_name: str) -> None:
    """Out of forms, lists, API; values and history stay, and it can be restored."""
    _field(work, object_name, field_name)
    _set_retired(work, object_name, field_name, True)


def restore_field(work: Work, object_name: str, field_name: str) -> Field:
    """Back with all its values."""
    _set_retired(work, object_name, field_name, False)
    return _field(work, object_name, field_name)


def retired_fields(work: Work, object_name: str) -> Sequence[Field]:
    """Fields that could be restored."""
    obj = work.catalog.object(object_name)
    return [f for owner, f in work.catalog.fields_by_id.values() if owner.id == obj.id and f.retired and f.custom]


def _set_retired(work: Work, object_name: str, field_name: str, retired: bool) -> None:
    ledger = open_ledger(work)
    meta = ledger.objects[work.catalog.object(object_name).name]
    row = ledger.fields.get((meta.id, field_name))
    if row is None:
        raise BadInput(msg("There is no field “{name}”.", name=field_name))
    if not row.custom:
        raise Invalid(msg("“{name}” comes with the app: hide it instead.", name=field_name))
    if row.retired != retired:
        ledger.put_field(meta, msgspec.structs.replace(row, retired=retired))
        ledger.settle()


def _field(work: Work, object_name: str, field_name: str) -> Field:
    return work.catalog.field(work.catalog.object(object_name), field_name)
