"""The rules in force for an object: what its app declares, with what an administrator changed or added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog.model import Matching, MatchKey, Object, Part
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.matching.score import ComparePlan, KeyPlan, MatchPlan
from guanxi.kernel.matching.values import NORMAL, TYPES

RULES = "duplicate_rule"  # the config object with an administrator's changes
WHOLE = "*"  # the rule row that holds for the object as a whole: its threshold
NOTHING = Matching((), (), enough=1)


def plan_of(catalog: Catalog, target: Object) -> MatchPlan | None:
    """None where duplicates are not looked for."""
    key = ("matching", target.name)
    if key not in catalog.memo:
        catalog.memo[key] = _build(catalog, target)
    found: MatchPlan | None = catalog.memo[key]
    return found


def _build(catalog: Catalog, target: Object) -> MatchPlan | None:
    rows = [r for r in catalog.config.get(RULES, {}).values() if r["object"] == target.name]
    declared = target.matching
    if target.kind not in ("record", "document") or (declared is None and not rows):
        return None
    declared = declared or NOTHING
    columns = {f.name: f.column for f in target.fields if not f.retired and not f.encrypted}
    keys = [k for rule in merged(declared.keys, rows) if (k := _key(rule, columns)) is not None]
    compare = tuple(
        ComparePlan(tuple(columns[n] for n in names), names, c.how, c.weight, catalog.field(target, names[0]).label)
        for c in declared.compare
        if (names := tuple(n for n in c.fields if n in columns))
    )
    if not keys:
        return None
    suggest = next((r["strength"] for r in rows if r["key"] == WHOLE and r["strength"]), declared.suggest)
    read = [c for k in keys for part, _ in k.parts for c in part]
    all_columns = dict.fromkeys([*read, *(c for p in compare for c in p.columns)])
    return MatchPlan(tuple(keys), compare, declared.enough, suggest, tuple(all_columns), frozenset(read))


def _key(rule: MatchKey, columns: Mapping[str, str]) -> KeyPlan | None:
    parts = tuple((tuple(columns[f] for f in fields if f in columns), how) for fields, how in rule.parts)
    if not all(fields for fields, _ in parts) or rule.action == "off":
        return None
    return KeyPlan(rule.key, rule.label, parts, rule.strength, rule.action)


def merged(declared: Sequence[MatchKey], rows: Iterable[Mapping[str, Any]]) -> list[MatchKey]:
    """Declared rules as changed by rows of the same key, then the rules that only rows make."""
    changes = {row["key"]: row for row in rows if row["key"] != WHOLE}
    found = [_changed(rule, changes.pop(rule.key, None)) for rule in declared]
    for key, row in changes.items():
        label = Label(row["name"] or key, row["name"] or key)
        found.append(MatchKey(key, label, read_parts(row["parts"] or ""), row["strength"] or 0, row["action"]))
    return found


def _changed(rule: MatchKey, row: Mapping[str, Any] | None) -> MatchKey:
    if row is None:
        return rule
    label = Label(row["name"], row["name"]) if row["name"] else rule.label
    strength = rule.strength if row["strength"] is None else int(row["strength"])
    parts = read_parts(row["parts"]) if row["parts"] else rule.parts
    return MatchKey(rule.key, label, parts, strength, row["action"] or rule.action)


def read_parts(text: str) -> tuple[Part, ...]:
    """`mobile, phone: phone + name: person` — fields, a colon, how they are read; several parts joined by +."""
    parts: list[Part] = []
    for piece in text.replace("：", ":").replace("，", ",").split("+"):
        names, _, how = piece.partition(":")
        fields = tuple(n.strip() for n in names.split(",") if n.strip())
        if not fields or how.strip() not in NORMAL:
            raise BadInput(msg("Write a key like «{example}».", example="mobile, phone: phone + name: person"))
        parts.append((fields, how.strip()))
    return tuple(parts)


def write_parts(parts: Iterable[Part]) -> str:
    """The same as text."""
    return " + ".join(f"{', '.join(fields)}: {how}" for fields, how in parts)


def check_parts(target: Object, parts: Iterable[Part]) -> None:
    """Every field must be there and of a type that can be read so."""
    fields = {f.name: f for f in target.fields if not f.retired}
    for names, how in parts:
        for name in names:
            if name not in fields:
                raise BadInput(msg("{object} has no field “{name}”.", name=name, object=target.label))
            if fields[name].type not in TYPES[how] or fields[name].encrypted:
                raise BadInput(msg("“{name}” cannot be read as «{how}».", name=fields[name].label, how=how))
