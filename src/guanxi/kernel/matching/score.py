"""Keys of a record, and a score with reasons for two records, by the rules of their object."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from guanxi.base.errors import Message, msg
from guanxi.base.i18n import Label
from guanxi.kernel.matching.values import ALIKE, NORMAL

Row = Mapping[str, Any]
MOST_KEYS = 8  # of one rule and record
SAME, NEAR = 0.999, 0.8
SHOWN = ("company", "person", "text")  # ways whose values may be shown in a reason


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """A key with physical columns instead of field names."""

    key: str
    label: Label
    parts: tuple[tuple[tuple[str, ...], str], ...]
    strength: int
    action: str


@dataclass(frozen=True, slots=True)
class ComparePlan:
    """A comparison with physical columns; `names` are the fields, for rights."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    how: str
    weight: int
    label: Label


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """The rules of one object, ready to be applied to stored rows."""

    keys: tuple[KeyPlan, ...]
    compare: tuple[ComparePlan, ...]
    enough: int
    suggest: int
    columns: tuple[str, ...]  # all that are read
    key_columns: frozenset[str]  # those whose change makes new keys


@dataclass(frozen=True, slots=True)
class Judged:
    """What two records have in common: 0–100, why in words, and the keys that are equal."""

    score: int
    reasons: tuple[Message, ...]
    equal: frozenset[str] = frozenset()


def plain_keys(plan: MatchPlan, row: Row) -> Iterator[tuple[str, str]]:
    """Rule and normal form of every key of a record; nothing where a part is empty."""
    for rule in plan.keys:
        if rule.action == "off":
            continue
        parts = [_normals(columns, how, row) for columns, how in rule.parts]
        for n, values in enumerate(product(*parts)):
            if n >= MOST_KEYS:
                break
            yield rule.key, "|".join(values)


def _normals(columns: Sequence[str], how: str, row: Row) -> list[str]:
    normal = NORMAL[how]
    found = (normal(value) for c in columns if (value := row.get(c)) not in (None, ""))
    return [text for text in dict.fromkeys(found) if text]


def keys_of(plan: MatchPlan, row: Row, secret: str, object_id: int) -> list[tuple[str, str]]:
    """Rule and sealed key: without the workspace's secret nobody can tell what was hashed."""
    return [(rule, seal(secret, object_id, rule, text)) for rule, text in dict.fromkeys(plain_keys(plan, row))]


def seal(secret: str, object_id: int, rule: str, text: str) -> str:
    """A keyed hash of 72 bits."""
    data = f"{object_id}\0{rule}\0{text}".encode()
    return base64.urlsafe_b64encode(hashlib.blake2b(data, key=secret.encode()[:64], digest_size=9).digest()).decode()


def judge(plan: MatchPlan, one: Row, two: Row, readable: frozenset[str] | None = None) -> Judged:
    """The score of a pair; with `readable`, reasons quote or name only those fields, and the score uses all."""
    total = got = 0.0
    title = -1.0
    reasons: list[Message] = []
    for part in plan.compare:
        alike, a, b = _best(part, one, two)
        if a is None:
            continue
        total += part.weight
        got += part.weight * alike
        title = alike if title < 0 else title
        if alike >= NEAR and (readable is None or readable.issuperset(part.names)):
            reasons.append(_reason(part, alike, a, b))
    weighted = 100 * got / total * min(1.0, total / plan.enough) if total else 0.0
    equal = _equal(plan, one, two)
    agree = 0.7 + 0.3 * max(title, 0.0) if title >= 0 else 1.0
    strongest = max((rule.strength * agree for rule in plan.keys if rule.key in equal), default=0.0)
    return Judged(min(100, round(max(weighted, strongest))), tuple(reasons), equal)


def _best(part: ComparePlan, one: Row, two: Row) -> tuple[float, Any, Any]:
    """The most alike values of the fields; `None` where one side says nothing."""
    best: tuple[float, Any, Any] = (-1.0, None, None)
    alike = ALIKE[part.how]
    for x in part.columns:
        a = one.get(x)
        if a in (None, ""):
            continue
        for y in part.columns:
            b = two.get(y)
            if b not in (None, "") and (found := alike(a, b)) > best[0]:
                best = (found, a, b)
    return best


def _reason(part: ComparePlan, alike: float, a: Any, b: Any) -> Message:
    if alike >= SAME and (part.how not in SHOWN or a == b):
        return msg("Same {field}", field=part.label)
    if part.how in SHOWN:
        return msg("{field} almost the same: {one} / {two}", field=part.label, one=str(a), two=str(b))
    return msg("{field} almost the same", field=part.label)


def _equal(plan: MatchPlan, one: Row, two: Row) -> frozenset[str]:
    mine = set(plain_keys(plan, one))
    return frozenset(rule for rule, text in plain_keys(plan, two) if (rule, text) in mine)
