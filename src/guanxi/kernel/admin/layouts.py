"""Layouts of an object as ordered lists: set some of them, or put them back to what the app declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from guanxi.base.errors import BadInput, msg
from guanxi.kernel.admin.meta import open_ledger, stored
from guanxi.kernel.admin.objects import change_object
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.rows import object_spec
from guanxi.kernel.context import Work

LAYOUTS = ("columns", "form", "quick", "figures", "filters", "sorts", "sort", "subtitle", "search")


def set_layouts(work: Work, object_name: str, layouts: Mapping[str, Any]) -> Object:
    """`{"columns": ["name", "owner"], "form": [{"label": {"en", "zh"}, "fields": [...]}]}`; others stay."""
    _known(layouts)
    return change_object(work, object_name, dict(layouts))


def reset_layouts(work: Work, object_name: str, names: Sequence[str] = LAYOUTS) -> Object:
    """Back to the app's own layouts; a run-time object has no others and keeps what it has."""
    _known(names)
    ledger = open_ledger(work)
    obj = work.catalog.object(object_name)
    row = ledger.objects[obj.name]
    if not row.custom:
        spec = msgspec.structs.replace(object_spec(row.overlay), **dict.fromkeys(names, None))
        ledger.put_object(msgspec.structs.replace(row, overlay=stored(spec)))
        ledger.settle()
    return work.catalog.object(object_name)


def _known(names: Sequence[str] | Mapping[str, Any]) -> None:
    for name in names:
        if name not in LAYOUTS:
            raise BadInput(msg("There is no layout “{name}”.", name=name))
