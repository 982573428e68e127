"""Which roll-ups there are in a catalogue, which objects feed them, and which changes matter to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.rollups import named_by
from guanxi.kernel.catalog.snapshot import Catalog

TRASHED = "10"  # key of `trashed_at` in the log
UNLOGGED = "updated_at"


@dataclass(frozen=True, slots=True)
class Group:
    """
    The roll-ups of one object over the children that point at it through one lookup: one question answers all of
    them. `keys`: fields of a child, by their key in the log, whose change matters; None: every change does.
    """

    parent: Object
    child: Object
    via: Field
    fields: tuple[Field, ...]
    keys: frozenset[str] | None

    @property
    def typed(self) -> bool:
        """The lookup has several targets: a column beside it says which."""
        return len(self.via.options.get("to", ())) > 1

    @property
    def moves(self) -> str:
        """The lookup's own key in the log."""
        return str(self.via.id)


def groups_of(catalog: Catalog) -> tuple[Group, ...]:
    """All that are alive, by object."""
    known: tuple[Group, ...] | None = catalog.memo.get("rollups")
    if known is None:
        known = catalog.memo["rollups"] = tuple(_groups(catalog))
    return known


def _groups(catalog: Catalog) -> list[Group]:
    found: dict[tuple[str, str, str], list[Field]] = {}
    for parent in catalog.objects.values():
        for f in parent.fields:
            if f.rollup is not None and not f.retired and f.rollup.object in catalog.objects:
                found.setdefault((parent.name, f.rollup.object, f.rollup.via), []).append(f)
    groups = []
    for (parent_name, child_name, via_name), fields in sorted(found.items()):
        child = catalog.objects[child_name]
        via = next((v for v in child.fields if v.name == via_name and not v.retired), None)
        if via is not None:
            keys = _keys(catalog, child, fields)
            groups.append(Group(catalog.objects[parent_name], child, via, tuple(fields), keys))
    return groups


def _keys(catalog: Catalog, child: Object, fields: Sequence[Field]) -> frozenset[str] | None:
    known = catalog.fields(child)
    names = {name for f in fields if f.rollup is not None for name in named_by(f.rollup)}
    if UNLOGGED in names:
        return None
    return frozenset({TRASHED, *(str(known[name].id) for name in names if name in known)})


def feeding(catalog: Catalog) -> Mapping[int, Sequence[Group]]:
    """Groups by the number of the object whose records they add up."""
    known: dict[int, list[Group]] | None = catalog.memo.get("rollups fed")
    if known is None:
        known = {}
        for group in groups_of(catalog):
            known.setdefault(group.child.id, []).append(group)
        catalog.memo["rollups fed"] = known
    return known


def rolled(catalog: Catalog, name: str) -> tuple[Group, ...]:
    """The groups of one object."""
    return tuple(group for group in groups_of(catalog) if group.parent.name == name)


def made_of(catalog: Catalog, group: Group, field: Field) -> str:
    """All that the values of a roll-up depend on besides the records."""
    settings = catalog.settings
    parts = (
        astuple(field.rollup) if field.rollup is not None else (), field.type, field.options.get("scale"),
        group.child.id, group.via.id, settings.get("currency"), settings.get("zone"),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def definitions(catalog: Catalog) -> dict[int, str]:
    """By the number of the field: what each living roll-up is made of."""
    return {f.id: made_of(catalog, group, f) for group in groups_of(catalog) for f in group.fields}
