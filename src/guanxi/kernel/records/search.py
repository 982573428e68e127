"""Finding records by parts of names, pinyin, initials, phone tails: candidates by gram, judged by `find`'s rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guanxi.base.grams import query_grams
from guanxi.base.text import fold
from guanxi.kernel.access.rights import may_ask
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.candidates import candidates, match
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import rows_of
from guanxi.kernel.records.search_index import searched

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CANDIDATES = 120


@dataclass(frozen=True, slots=True)
class Hit:
    """One record found: its title, the field and text that matched, where (spans) and how ("name", "pinyin" …)."""

    object: str
    id: int
    title: str
    field: str
    matched: str
    spans: tuple[tuple[int, int], ...]
    why: str
    mine: bool


def search(work: Work, text: str, objects: Sequence[str] = (), limit: int = 10) -> list[Hit]:
    """Best first: title begins so, own, newest. Only records and fields the caller may read."""
    grams = query_grams(text)
    targets = _targets(work, objects)
    if not grams or not targets:
        return []
    by_id = {t.id: t for t in targets}
    hits: list[Hit] = []
    per_object: dict[int, list[tuple[int, str]]] = {}
    for record, object_id, doc in candidates(work, grams, targets, CANDIDATES):
        per_object.setdefault(object_id, []).append((record, doc))
    for object_id, found in per_object.items():
        hits += _judge(work, by_id[object_id], found, text)
    wanted = fold(text.strip())
    hits.sort(key=lambda h: (not fold(h.title).startswith(wanted), h.field != _title(work, h), not h.mine, -h.id))
    return hits[:limit]


def _targets(work: Work, objects: Sequence[str]) -> list[Object]:
    found = []
    for target in work.catalog.objects.values():
        if (objects and target.name not in objects) or not searched(work.catalog, target):
            continue
        if may_ask(work.actor.rights, target.name, target.access):
            found.append(target)
    return found


def _judge(work: Work, target: Object, found: Sequence[tuple[int, str]], text: str) -> list[Hit]:
    allowed = readable(work, target)
    matched = {record: m for record, doc in found if (m := match(allowed, doc, text)) is not None}
    if not matched:
        return []
    fields = [n for n in (target.title, "owner") if n in allowed]
    rows = rows_of(work, target.name, list(matched), fields)
    title = work.catalog.field(target, target.title).column
    hits = []
    for record, (field, piece, spans, why) in matched.items():
        row = rows.get(record)
        if row is not None:
            mine = row.get("owner") == work.actor.user
            hits.append(Hit(target.name, record, str(row.get(title) or ""), field, piece, spans, why, mine))
    return hits


def _title(work: Work, hit: Hit) -> str:
    return work.catalog.object(hit.object).title
