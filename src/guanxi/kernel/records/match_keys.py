"""Match keys, kept in the record's own transaction: made with it, remade when a part changes, gone in the trash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.matching.score import MatchPlan, keys_of
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.types import Row
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

TABLE = "match_key"
COLUMNS = ("object", "kind", "value", "record")
SECRET = "match_secret"  # noqa: S105 - the name of a setting
CHUNK = 2_000


def secret_of(catalog: Catalog) -> str:
    """What keys are sealed with; made when the workspace is."""
    return str(catalog.settings.get(SECRET, ""))


def key_rows(catalog: Catalog, target: Object, plan: MatchPlan, row: Row) -> list[tuple[int, str, str, int]]:
    """The rows of `match_key` for a live record."""
    sealed = keys_of(plan, row, secret_of(catalog), target.id)
    return [(target.id, kind, value, row["id"]) for kind, value in sealed]


def add_keys(work: Work, target: Object, drafts: Sequence[Draft]) -> None:
    """Keys of new records: one statement, however many."""
    plan = plan_of(work.catalog, target)
    if plan is not None:
        _insert(work.session, [k for d in drafts for k in key_rows(work.catalog, target, plan, d.new)])


def renew_keys(work: Work, target: Object, drafts: Sequence[Draft]) -> None:
    """Keys of changed records: two statements, and none if nothing that makes a key changed."""
    plan = plan_of(work.catalog, target)
    if plan is None:
        return
    touched = [d for d in drafts if any(map(d.changed, (*plan.key_columns, "trashed_at")))]
    if not touched:
        return
    _forget(work.session, target, [d.id for d in touched])
    alive = (d for d in touched if d.new["trashed_at"] is None)
    _insert(work.session, [k for d in alive for k in key_rows(work.catalog, target, plan, d.new)])


def _insert(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        session.insert(TABLE, COLUMNS, rows)


def _forget(session: Session, target: Object, ids: Sequence[int]) -> None:
    """By record: its index finds them whatever rules they were made by."""
    sql = f"DELETE FROM {session.table(TABLE)} WHERE record = ? AND object = ?"
    session.many(sql, [(ident, target.id) for ident in ids])


def live_rows(session: Session, target: Object, columns: Sequence[str], after: int, limit: int) -> list[Row]:
    """Live records in the order of their ids, for whoever goes through all of them."""
    names = ("id", *(c for c in columns if c != "id"))
    listed = ", ".join(f'"{n}"' for n in names)
    sql = (
        f'SELECT {listed} FROM {session.table(target.table)} WHERE "id" > ? AND "trashed_at" IS NULL'
        f' ORDER BY "id" LIMIT ?'
    )
    return [dict(zip(names, values, strict=True)) for values in session.rows(sql, (after, limit))]


def fill_keys(session: Session, catalog: Catalog, target: Object, after: int = 0, limit: int = CHUNK) -> int | None:
    """Makes the keys of the next records anew; gives the last id, None at the end. A step of the fill job."""
    plan = plan_of(catalog, target)
    if plan is None:
        session.run(f"DELETE FROM {session.table(TABLE)} WHERE object = ?", (target.id,))
        return None
    rows = live_rows(session, target, plan.columns, after, limit)
    if not rows:
        return None
    _forget(session, target, [r["id"] for r in rows])
    _insert(session, [k for r in rows for k in key_rows(catalog, target, plan, r)])
    return int(rows[-1]["id"])


def drift(session: Session, catalog: Catalog, target: Object, ids: Sequence[int]) -> list[int]:
    """Those of the records whose stored keys are not what the rules make of them now."""
    plan = plan_of(catalog, target)
    if plan is None or not ids:
        return []
    marks = ", ".join("?" * len(some)) if (some := pad(sorted(ids)[:512])) else ""
    names = ("id", *plan.columns)
    listed = ", ".join(f'"{n}"' for n in names)
    table = session.table(target.table)
    found = session.rows(f'SELECT {listed} FROM {table} WHERE "id" IN ({marks}) AND "trashed_at" IS NULL', some)
    want: dict[int, set[tuple[str, str]]] = {}
    for values in found:
        row = dict(zip(names, values, strict=True))
        want[row["id"]] = set(keys_of(plan, row, secret_of(catalog), target.id))
    have: dict[int, set[tuple[str, str]]] = {}
    sql = f"SELECT record, kind, value FROM {session.table(TABLE)} WHERE record IN ({marks}) AND object = ?"
    for record, kind, value in session.rows(sql, (*some, target.id)):
        have.setdefault(record, set()).add((kind, value))
    return [i for i in dict.fromkeys(some) if want.get(i, set()) != have.get(i, set())]


def fingerprint(catalog: Catalog, target: Object) -> str:
    """Changes when the rules make other keys."""
    plan = plan_of(catalog, target)
    made = "" if plan is None else repr([(k.key, k.parts) for k in plan.keys])
    return hashlib.sha256(made.encode()).hexdigest()[:16]
