"""What happened around a person: records they follow that others changed, records given to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import find, rows_of
from guanxi.kernel.records.types import Query, Row

FOLLOWED = 200
RECENT = "created_at > now() - days(14)"


@dataclass(frozen=True, slots=True)
class Piece:
    """One line: the record, its name, who did it and when."""

    object: str
    id: int
    title: str
    by: str
    at: int


def news(work: Work, *, limit: int = 5) -> dict[str, Any]:
    """The newest of each kind, at most `limit` lines."""
    return {"followed": _followed(work, limit), "assigned": _assigned(work, limit)}


def _followed(work: Work, limit: int) -> list[Piece]:
    if not _seen(work, "follow"):
        return []
    query = Query("follow", where="person = me()", fields=("about",), sort=("-created_at",), limit=FOLLOWED)
    wanted: dict[str, list[int]] = {}
    for row in find(work, query).rows:
        wanted.setdefault(row["about__o"], []).append(row["about"])
    found: list[Piece] = []
    for name, ids in wanted.items():
        if not _seen(work, name):
            continue
        target = work.catalog.object(name)
        allowed = readable(work, target)
        fields = [field for field in (target.title, "updated_at", "updated_by") if field in allowed]
        title = work.catalog.field(target, target.title).column
        found += [
            Piece(name, ident, str(row.get(title) or ""), _who(work, row.get("updated_by")), row["updated_at"])
            for ident, row in rows_of(work, name, ids, fields).items()
            if row.get("updated_at") and row.get("updated_by") not in (None, 0, work.actor.user)
        ]
    return sorted(found, key=lambda piece: (-piece.at, piece.id))[:limit]


def _assigned(work: Work, limit: int) -> list[Piece]:
    if not _seen(work, "notification"):
        return []
    where = f'kind = "assigned" and owner = me() and {RECENT}'
    rows: list[Row] = find(work, Query("notification", where=where, sort=("-created_at",), limit=limit)).rows
    return [
        Piece(row["about__o"], row["about"], row["text"] or "", _who(work, row.get("by")), row["created_at"])
        for row in rows
        if row.get("about") is not None
    ]


def _seen(work: Work, name: str) -> bool:
    return name in work.catalog.objects and bool(readable(work, work.catalog.objects[name]))


def _who(work: Work, user: int | None) -> str:
    row = work.catalog.config["user"].get(user or 0)
    return str(row["name"]) if row else ""
