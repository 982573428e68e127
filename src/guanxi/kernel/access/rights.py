"""What a role allows: scope per object and verb, level per field, named abilities; roles add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Scope = Literal["none", "own", "team", "subtree", "all"]
Verb = Literal["create", "read", "edit", "delete", "export", "bulk", "share", "transfer"]
Level = Literal["none", "masked", "read", "edit"]

SCOPES: tuple[Scope, ...] = ("none", "own", "team", "subtree", "all")
VERBS: tuple[Verb, ...] = ("create", "read", "edit", "delete", "export", "bulk", "share", "transfer")
LEVELS: tuple[Level, ...] = ("none", "masked", "read", "edit")
CLEAR: tuple[Level, ...] = ("read", "edit")  # levels at which the value itself is known
ABILITIES = ("import", "undo_others", "api", "ai", "print", "share_views", "reveal")
EVERY = "*"  # the entry that holds for objects not named


@dataclass(frozen=True, slots=True)
class FieldRight:
    """What holds on every row (`level`), and conditions on the row under which more is allowed ("owner = me")."""

    level: Level = "edit"
    better: tuple[tuple[str, Level], ...] = ()


FREE = FieldRight()


@dataclass(frozen=True, slots=True)
class Rights:
    """The sum of a person's roles. An administrator may do everything with every record and setting."""

    admin: bool = False
    objects: Mapping[str, Mapping[str, Scope]] = field(default_factory=dict)
    fields: Mapping[str, FieldRight] = field(default_factory=dict)  # "opportunity.amount" -> right; unnamed = edit
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
        """What one may do with a field's value on every record of the object that one may do it with."""
        return self.field(object_name, field_name).level

    def field(self, object_name: str, field_name: str) -> FieldRight:
        """As `level`, with the conditions under which a record allows more."""
        return FREE if self.admin else self.fields.get(f"{object_name}.{field_name}", FREE)

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
    fields = {name: _best(spec.get("fields", {}).get(name, "edit") for spec in _heard(specs, name)) for name in limited}
    return Rights(
        admin=any(spec.get("admin") for spec in specs),
        objects=objects,
        fields=fields,
        abilities=frozenset(a for spec in specs for a in spec.get("abilities", ())),
    )


def _heard(specs: Sequence[Mapping[str, Any]], field_name: str) -> Sequence[Mapping[str, Any]]:
    """Whose word on a field counts: roles that show its object. One that only adds an ability opens no field."""
    name = field_name.partition(".")[0]
    return [spec for spec in specs if spec.get("admin") or _widest((spec,), name, "read") != "none"] or specs


def _says(spec: Mapping[str, Any], name: str, verb: str) -> bool:
    objects = spec.get("objects", {})
    return verb in objects.get(name, {}) or verb in objects.get(EVERY, {})


def _widest(specs: Iterable[Mapping[str, Any]], name: str, verb: str) -> Scope:
    def said(spec: Mapping[str, Any]) -> Scope:
        objects = spec.get("objects", {})
        found: Scope = objects.get(name, {}).get(verb, objects.get(EVERY, {}).get(verb, "none"))
        return found

    return max((said(spec) for spec in specs), key=SCOPES.index)


def field_right(said: str | Mapping[str, Any]) -> FieldRight:
    """
    A field's right as a role says it: a level, or `{"level": "masked", "better": [["owner = me", "edit"]]}`; an
    unknown level hides the field.
    """
    if isinstance(said, str):
        return FieldRight(_level(said))
    better = tuple((str(condition), _level(level)) for condition, level in said.get("better", ()))
    return FieldRight(_level(said.get("level")), better)


def _level(said: Any) -> Level:
    return said if said in LEVELS else "none"


def _best(said: Iterable[str | Mapping[str, Any]]) -> FieldRight:
    rights = [field_right(one) for one in said]
    level = max((right.level for right in rights), key=LEVELS.index)
    better = (b for right in rights for b in right.better if LEVELS.index(b[1]) > LEVELS.index(level))
    return FieldRight(level, tuple(dict.fromkeys(better)))


def read_spec(text: str | None) -> dict[str, Any]:
    """The JSON of a role's rights, as stored; an empty one allows nothing."""
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
