"""The follower that keeps the search index: after each change, the record's grams are made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.grams import doc_grams
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.feed import Follower, SealedSet
from guanxi.kernel.records.near_words import learn, words_of
from guanxi.kernel.records.shape import Shape, shape_of
from guanxi.kernel.storage.session import Session, lock_key

if TYPE_CHECKING:
    from guanxi.kernel.context import Space

NAME = "search"
CHUNK = 2_000


def search_follower(space: Space) -> Follower:
    """For `follow`: a set holds up to some thousand records, so few sets a transaction keep the writer's turn short."""
    return Follower(NAME, partial(_handle, space), batch=2)


def searched(catalog: Catalog, target: Object) -> tuple[Field, ...]:
    """
    Fields in the index: those declared, else the title. Sensitive ones as well: a hit counts only if it lies in fields
    the caller may read (`candidates.match`), so that a mobile number is found by those who see it and by nobody else.
    """
    if target.search == ("-",) or target.retired:
        return ()
    names = dict.fromkeys((target.title, *target.search))
    fields = [catalog.field(target, name) for name in names]
    return tuple(f for f in fields if not f.retired and f.type != "formula")


def tokens_of(target: Object, row: Mapping[str, Any]) -> list[str]:
    """Object and rights tokens: `ob7 zo77 zt12`."""
    tokens = [f"ob{target.id}"]
    if row.get("owner") is not None:
        tokens.append(f"zo{row['owner']}")
    if row.get("team") is not None:
        tokens.append(f"zt{row['team']}")
    return tokens


def _handle(space: Space, session: Session, sets: Sequence[SealedSet]) -> None:
    catalog = space.catalog(session)
    touched: dict[int, set[int]] = {}
    for sealed in sets:
        for entry in sealed.changes:
            touched.setdefault(entry.object, set()).add(entry.record)
    for ident, records in touched.items():
        target = catalog.objects_by_id.get(ident)
        if target is None or not searched(catalog, target):
            continue
        ordered = sorted(records)
        for start in range(0, len(ordered), CHUNK):
            index_records(session, catalog, target, ordered[start : start + CHUNK])


def index_records(session: Session, catalog: Catalog, target: Object, ids: Sequence[int]) -> None:
    """Makes the grams of these records anew; those in the trash are taken out. The follower and others take turns."""
    if session.schema is not None:
        session.rows("SELECT pg_advisory_xact_lock(?)", (lock_key("search_doc", session.schema),))
    docs, words = _docs(session, catalog, target, ids)
    drop_docs(session, ids)
    if not docs:
        return
    learn(session, words)
    session.insert("search_doc", ("record", "object", "doc", "grams"), docs)
    if session.dialect == "sqlite":
        session.many("INSERT INTO search_gram (rowid, grams) VALUES (?, ?)", [(d[0], d[3]) for d in docs])


def _docs(
    session: Session, catalog: Catalog, target: Object, ids: Sequence[int]
) -> tuple[list[tuple[int, int, str, str]], set[str]]:
    """Rows of the index as they should be, and the words in them."""
    shape, fields = shape_of(catalog, target), searched(catalog, target)
    docs, words = [], set[str]()
    for ident, row in _live_rows(session, shape, fields, ids).items():
        pieces = {f.name: _pieces(shape, f, row) for f in fields}
        text = msgspec.json.encode({name: p for name, p in pieces.items() if p}).decode()
        grams = doc_grams(piece for parts in pieces.values() for piece in parts)
        words |= words_of(piece for f in fields if not f.sensitive for piece in pieces[f.name])
        docs.append((ident, target.id, text, " ".join([*sorted(grams), *tokens_of(target, row)])))
    return docs, words


def stale(session: Session, catalog: Catalog, target: Object, sample: int) -> list[int]:
    """Those of the newest live records whose row in the index is missing or not what it should be."""
    table, doc = session.table(target.table), session.table("search_doc")
    sql = f'SELECT "id" FROM {table} WHERE "trashed_at" IS NULL ORDER BY "id" DESC LIMIT ?'
    ids = [row[0] for row in session.rows(sql, (sample,))]
    if not ids:
        return []
    some = pad(ids)
    marks = ", ".join("?" * len(some))
    have = set(session.rows(f"SELECT record, object, doc, grams FROM {doc} WHERE record IN ({marks})", some))
    return [row[0] for row in _docs(session, catalog, target, ids)[0] if row not in have]


def _pieces(shape: Shape, field: Field, row: Mapping[str, Any]) -> tuple[str, ...]:
    known = shape.fields[field.name]
    return known.type.search(field, tuple(row.get(name) for name in known.names))


def _live_rows(
    session: Session, shape: Shape, fields: Sequence[Field], ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    columns = ["id", *(c for f in fields for c in shape.fields[f.name].names)]
    if shape.owned:
        columns += ["owner", "team"]
    names = ", ".join(f'"{c}"' for c in columns)
    found = {}
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = (
            f'SELECT {names} FROM {session.table(shape.object.table)} WHERE "id" IN ({marks}) AND "trashed_at" IS NULL'
        )
        for values in session.rows(sql, some):
            found[values[0]] = dict(zip(columns, values, strict=True))
    return found


def drop_docs(session: Session, ids: Sequence[int]) -> None:
    """FTS5 needs the old grams to take a row out; they stand in `search_doc`."""
    doc = session.table("search_doc")
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        marks = ", ".join("?" * len(some))
        if session.dialect == "sqlite":
            old = session.rows(f"SELECT record, grams FROM {doc} WHERE record IN ({marks})", some)
            if old:
                session.many("INSERT INTO search_gram (search_gram, rowid, grams) VALUES ('delete', ?, ?)", old)
        session.run(f"DELETE FROM {doc} WHERE record IN ({marks})", some)
