"""Finding records by parts of names, pinyin, initials, phone tails: candidates by gram, judged by `find`'s rights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from guanxi.base.grams import folded, query_grams
from guanxi.kernel.access.rights import may_ask
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.candidates import Candidate, among, match, newest, reached
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.near_words import latin_words, near
from guanxi.kernel.records.read import rows_of
from guanxi.kernel.records.recents import KEPT, opened
from guanxi.kernel.records.search_index import searched

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CANDIDATES = 120
WIDE = 2_000  # where many may match in fields that the caller sees masked
PLENTY = 20  # hits among the newest with which nobody is asked further
ENOUGH = 3  # hits below which typos are thought of
TRIED = 6  # other spellings that are asked for


@dataclass(frozen=True, slots=True)
class Hit:
    """One record found: its title, the field and text that matched, where (spans), how ("text", "near" …)."""

    object: str
    id: int
    title: str
    field: str
    matched: str
    spans: tuple[tuple[int, int], ...]
    why: str
    mine: bool


def search(work: Work, text: str, objects: Sequence[str] = (), limit: int = 10) -> list[Hit]:
    """
    Best first: the very title, opened lately, title begins so, own, newest. Only records and fields the caller may
    read. Where next to nothing has the words as typed, Latin words one typo away are tried too (`why` is "near").
    """
    targets = {t.id: t for t in _targets(work, objects)}
    if not targets:
        return []
    recent = {key: n for n, key in enumerate(opened(work.space, work.actor.user)) if key[0] in targets}
    hits = _hits(work, text, targets, recent)
    if len(hits) < ENOUGH:
        known = {hit.id for hit in hits}
        for other in _respelled(work, text):
            more = [h for h in _hits(work, other, targets, recent) if h.id not in known]
            known |= {hit.id for hit in more}
            hits += [replace(hit, why="near") for hit in more]
    return hits[:limit]


def _hits(work: Work, text: str, targets: Mapping[int, Object], recent: Mapping[tuple[int, int], int]) -> list[Hit]:
    grams = query_grams(text)
    if not grams:
        return []
    asked = list(targets.values())
    most = CANDIDATES if all(_reads_all(work, target) for target in asked) else WIDE
    found = newest(work, grams, asked, most)
    whole = len(found) < most
    if not whole:  # what was opened lately may be older than the newest that match
        found += among(work, grams, [record for _, record in recent])
    hits = _judged(work, targets, found, text)
    if not whole and len(hits) < PLENTY:  # the newest are others': those lists are as long as the table
        hits = _judged(work, targets, [*found, *reached(work, grams, asked, most)], text)
    wanted, ids = folded(text.strip()), {t.name: t.id for t in targets.values()}

    def order(hit: Hit) -> tuple[object, ...]:
        title = folded(hit.title)
        lately = recent.get((ids[hit.object], hit.id), KEPT)
        return (
            title != wanted,
            lately,
            not title.startswith(wanted),
            hit.field != _title(work, hit),
            not hit.mine,
            -hit.id,
        )

    return sorted(hits, key=order)


def _judged(work: Work, targets: Mapping[int, Object], found: Sequence[Candidate], text: str) -> list[Hit]:
    per_object: dict[int, dict[int, str]] = {}
    for record, object_id, doc in found:
        per_object.setdefault(object_id, {})[record] = doc
    return [hit for object_id, docs in per_object.items() for hit in _judge(work, targets[object_id], docs, text)]


def _reads_all(work: Work, target: Object) -> bool:
    """Whether every field in the index may be read in clear; else what matches there crowds out what may be found."""
    return readable(work, target).keys() >= {field.name for field in searched(work.catalog, target)}


def _respelled(work: Work, text: str) -> list[str]:
    """The query with one of its Latin words replaced by a known one that is a typo away."""
    plain, found = folded(text), []
    for word in latin_words(plain):
        found += [re.sub(rf"\b{word}\b", other, plain, count=1) for other in near(work.session, word)]
    return [other for other in found if other != plain][:TRIED]


def _targets(work: Work, objects: Sequence[str]) -> list[Object]:
    found = []
    for target in work.catalog.objects.values():
        if (objects and target.name not in objects) or not searched(work.catalog, target):
            continue
        if may_ask(work.actor.rights, target.name, target.access):
            found.append(target)
    return found


def _judge(work: Work, target: Object, found: Mapping[int, str], text: str) -> list[Hit]:
    allowed = readable(work, target)
    matched = {record: m for record, doc in found.items() if (m := match(allowed, doc, text)) is not None}
    if not matched:
        return []
    fields = [n for n in (target.title, "owner") if n in shown(work, target)]
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
