"""What a role allows: scope per object and verb, level per field, named abilities; roles add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Scope = Literal["none", "own", "team", "subtree", "all"]
Verb = Literal["create", "read", "edit", "delete", "export"]
Level = Literal["none", "read", "edit"]

SCOPES: tuple[Scope, ...] = ("none", "own", "team", "subtree", "all")
VERBS: tuple[Verb, ...] = ("create", "read", "edit", "delete", "export")
LEVELS: tuple[Level, ...] = ("none", "read", "edit")
ABILITIES = ("import", "bulk", "undo_others", "api", "share_views")
EVERY = "*"  # the entry that holds for objects not named


@dataclass(frozen=True, slots=True)
class Rights:
    """The sum of a person's roles. An administrator may do everything with every record and setting."""

    admin: bool = False
    objects: Mapping[str, Mapping[str, Scope]] = field(default_factory=dict)
    fields: Mapping[str, Level] = field(default_factory=dict)  # "opportunity.amount" -> level; unnamed = edit
    abilities: frozenset[str] = frozenset()

    def scope(self, object_name: str, verb: str) -> Scope:
        """How far a verb reaches; `create` is "none" or anything else."""
        if self.admin:
            return "all"
        named = self.objects.get(object_name)
        if named is not None and verb in named:
            return named[verb]
        return self.objects.get(EVERY, {}).get(verb, "none")

    def level(self, object_name: str, field_name: str) -> Level:
        """What one may do with a field's value, given that one may do it with the record."""
        return "edit" if self.admin else self.fields.get(f"{object_name}.{field_name}", "edit")

    def can(self, ability: str) -> bool:
        return self.admin or ability in self.abilities


def may_ask(rights: Rights, name: str, access: str) -> bool:
    """Whether a person may ask for records of an object at all; for "all" and "personal" no role needs to say so."""
    return access in ("all", "personal") or rights.scope(name, "read") != "none"


def add_up(specs: Iterable[Mapping[str, Any]]) -> Rights:
    """The union of several roles: the widest scope, the highest field level, all abilities."""
    specs = list(specs)
    names = {name for spec in specs for name in spec.get("objects", {})}
    objects: dict[str, dict[str, Scope]] = {
        name: {verb: _widest(specs, name, verb) for verb in VERBS if any(_says(s, name, verb) for s in specs)}
        for name in names
    }
    limited = {name for spec in specs for name in spec.get("fields", {})}
    fields: dict[str, Level] = {
        name: max((spec.get("fields", {}).get(name, "edit") for spec in specs), key=LEVELS.index) for name in limited
    }
    return Rights(
        admin=any(spec.get("admin") for spec in specs),
        objects=objects,
        fields=fields,
        abilities=frozenset(a for spec in specs for a in spec.get("abilities", ())),
    )


def _says(spec: Mapping[str, Any], name: str, verb: str) -> bool:
    objects = spec.get("objects", {})
    return verb in objects.get(name, {}) or verb in objects.get(EVERY, {})


def _widest(specs: Iterable[Mapping[str, Any]], name: str, verb: str) -> Scope:
    def said(spec: Mapping[str, Any]) -> Scope:
        objects = spec.get("objects", {})
        found: Scope = objects.get(name, {}).get(verb, objects.get(EVERY, {}).get(verb, "none"))
        return found

    return max((said(spec) for spec in specs), key=SCOPES.index)


def read_spec(text: str | None) -> dict[str, Any]:
    """The JSON of a role's rights, as stored; an empty one allows nothing."""
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
