"""Pages ordered by the field they are limited by: nulls cannot match, and the order's own index is the way to go."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.expr import conjuncts, uses
from guanxi.kernel.expr.tree import Name, Node
from guanxi.kernel.records.filters import readable, sql_of, tree_of
from guanxi.kernel.records.sorting import Key
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.visibility import ESTIMATE_SECONDS, Seen
from guanxi.kernel.storage.schema import indexes
from guanxi.kernel.storage.session import quote

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

NARROW, LARGE = 20_000, 50_000  # records a limit leaves; records of an object that planning pays for
MOST_KEPT = 1_000
BOUNDS = ("<", "<=", ">", ">=")


def is_bounded(work: Work, target: Object, query: Query, key: Key) -> bool:
    """Whether a condition that must hold compares the field the page is ordered by: such a row has a value there."""
    if query.where in (None, "", []):
        return False
    field = next((f for f in work.catalog.fields(target).values() if f.column == key.column), None)
    if field is None or field.type == "formula":
        return False
    try:
        parts = conjuncts(tree_of(query.where))
    except BadInput:  # told where the condition is compiled
        return False
    return any(
        isinstance(part, Node)
        and part.op in BOUNDS
        and any(isinstance(a, Name) and a.path == field.name for a in part.args)
        for part in parts
    )


def narrow_hint(work: Work, target: Object, view: Seen, where: Any) -> str:
    """
    For counts and sums of callers who see much, on SQLite: the index of a limited field ("closed since the first of
    last month") where the limit leaves few records; it knows no distribution of values and takes the stages instead.
    """
    if work.session.dialect != "sqlite" or view.form not in ("all", "most") or where in (None, "", []):
        return ""
    found, least = "", NARROW + 1
    if not _is_large(work, target):
        return found
    for part, key in _limits(work, target, where):
        hint = index_hint(work, target, view, key)
        if hint and (size := _size(work, target, part, hint)) < least:
            found, least = hint, size
    return found


def _limits(work: Work, target: Object, where: Any) -> Iterator[tuple[Node, Key]]:
    """Comparisons that must hold between a field of the record and something that does not look at the record."""
    try:
        parts = conjuncts(tree_of(where))
    except BadInput:  # told where the condition is compiled
        return
    fields = readable(work, target)
    for part in parts:
        if isinstance(part, Node) and part.op in BOUNDS and len(part.args) == 2 and len(uses(part).fields) == 1:
            field = fields.get(next(iter(uses(part).fields)))
            if field is not None and field.type in ("date", "datetime"):
                yield part, Key(field.column, False, True)


def _is_large(work: Work, target: Object) -> bool:
    table = work.session.table(target.table)
    return (
        _kept(work, ("large", target.name), f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {LARGE})", ()) >= LARGE
    )


def _size(work: Work, target: Object, part: Node, hint: str) -> int:
    """How many records the limit leaves, up to a little more than few."""
    text, params = sql_of(work, target, part)
    table = work.session.table(target.table)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} r{hint} WHERE {text} LIMIT {NARROW + 1})"
    return _kept(work, (target.name, text, *params), sql, params)


def _kept(work: Work, key: tuple[Any, ...], sql: str, params: Sequence[Any]) -> int:
    """A count that is asked for once a minute."""
    sizes: dict[tuple[Any, ...], tuple[float, int]] = work.catalog.memo.setdefault("sizes", {})
    known = sizes.get(key)
    if known is None or time.monotonic() - known[0] > ESTIMATE_SECONDS:
        if len(sizes) > MOST_KEPT:
            sizes.clear()
        known = sizes[key] = (time.monotonic(), int(work.session.value(sql, params)))
    return known[1]


def index_hint(work: Work, target: Object, view: Seen, key: Key) -> str:
    """
    For SQLite and callers who see much: ` INDEXED BY …` with the index the order is kept in. Its planner takes a
    choice among a few stages for rarer than it is, reads all rows of them and sorts (measured: 3.5 s against 3 ms).
    """
    if work.session.dialect != "sqlite" or view.form not in ("all", "most") or target.access == "parent":
        return ""
    memo = ("walk", target.name, key.column)
    known: str | None = work.catalog.memo.get(memo)
    if known is None:
        named = next((i.name for i in indexes(target) if i.columns[0] == key.column and not i.trash), "")
        there = named and work.session.value("SELECT 1 FROM sqlite_master WHERE name = ?", (named,))
        known = work.catalog.memo[memo] = f" INDEXED BY {quote(named)}" if there else ""
    return known
