"""The WHERE of a query: state, words and condition in one text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.aliases import ALIAS
from guanxi.kernel.records.candidates import matching_ids
from guanxi.kernel.records.filters import sql_of
from guanxi.kernel.records.shape import OWNED
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


@dataclass(frozen=True, slots=True)
class Where:
    """A complete WHERE text on alias `r` (live or trashed included) and its parameters."""

    text: str
    params: list[Any]


def where_of(work: Work, target: Object, query: Query) -> Where:
    """State (live or trashed), words and condition of a query, joined by AND."""
    parts = [f'r."trashed_at" IS {"NOT NULL" if query.trashed else "NULL"}']
    if query.trashed and target.kind in OWNED:
        parts.append(f'r."{ALIAS}" IS NULL')  # merged records come back by undoing the merge
    params: list[Any] = []
    if query.where not in (None, "", []):
        text, values = sql_of(work, target, query.where)
        parts.append(text)
        params += values
    if query.text and query.text.strip():
        ids = matching_ids(work, target, query.text) or [0]
        parts.append(f'r."id" IN ({", ".join("?" * len(padded := pad(ids)))})')
        params += padded
    return Where(" AND ".join(parts), params)
