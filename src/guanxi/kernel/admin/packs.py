"""Putting a pack into a workspace: all of it or nothing, in one catalogue change."""

from __future__ import annotations

from guanxi.kernel.admin.backing import ask_for_default, ask_for_index, refuse_default
from guanxi.kernel.admin.fields import put_field_change, put_new_field
from guanxi.kernel.admin.meta import Ledger, open_ledger
from guanxi.kernel.admin.objects import put_new_object, put_object_change
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.pack import Pack
from guanxi.kernel.catalog.rows import FieldSpec, ObjectSpec
from guanxi.kernel.context import Work


def apply_pack(work: Work, pack: Pack) -> list[Object]:
    """Adds what is missing, changes what is there; gives the objects touched. Settings are part of the pack."""
    ledger = open_ledger(work)
    before = work.catalog
    new: dict[str, list[str]] = {}
    for spec in pack.objects:
        if spec.name in before.objects:
            _extend(ledger, spec, new)
        else:
            meta = put_new_object(ledger, spec)
            new[meta.name] = []
    for name, fields in pack.fields.items():
        _add(ledger, before.object(name), fields, new)
    for name, changes in pack.field_changes.items():
        obj = before.object(name)
        for field_name, change in changes.items():
            put_field_change(ledger, obj, before.field(obj, field_name), change)
    for name, spec in pack.changes.items():
        obj = before.object(name)
        put_object_change(ledger, obj, spec, {*before.fields(obj), *new.get(name, ())})
    made = ledger.settle() if ledger.changed else []
    for obj in made:
        ask_for_index(work, obj)
        for f in obj.fields:
            refuse_default(work, f)
        for field_name in new.get(obj.name, ()):
            ask_for_default(work, obj, work.catalog.field(obj, field_name))
    change_settings(work, pack.settings)
    return made


def _extend(ledger: Ledger, spec: ObjectSpec, new: dict[str, list[str]]) -> None:
    """An object of that name is there: its fields are added or changed, its layouts replaced."""
    obj = ledger.work.catalog.object(spec.name)
    _add(ledger, obj, spec.fields, new)
    put_object_change(ledger, obj, spec, {*ledger.work.catalog.fields(obj), *new.get(obj.name, ())})


def _add(ledger: Ledger, obj: Object, fields: tuple[FieldSpec, ...], new: dict[str, list[str]]) -> None:
    known = ledger.work.catalog.fields(obj)
    for spec in fields:
        if spec.name in known:
            put_field_change(ledger, obj, known[spec.name], spec)
        else:
            new.setdefault(obj.name, []).append(put_new_field(ledger, ledger.objects[obj.name], spec).name)
