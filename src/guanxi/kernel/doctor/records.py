"""Checks of records: log against table, sort keys, link rows, references, files, search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.text import sort_key
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.log import decode
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.finding import Finding, finding
from guanxi.kernel.records import search_rebuild
from guanxi.kernel.records.sealing import about, sealed_of
from guanxi.kernel.records.shape import OWNED, REFERENCES, SET_TYPES, Shape, pointed_at, shape_of
from guanxi.kernel.records.store import LOGGED_SYSTEM, link_table, members
from guanxi.kernel.storage.files import path_of
from guanxi.kernel.storage.keyring import KeyMissing, Unopened
from guanxi.kernel.storage.session import Session

Row = dict[str, Any]
CHUNK = 500


def log_check(space: Space, sample: int) -> Finding:
    """The newest change of a record's field is what its row holds, and the versions agree."""
    looked, wrong = 0, list[str]()
    for session, catalog, target, rows in _samples(space, sample):
        shape = shape_of(catalog, target)
        newest = _newest(session, shape, list(rows))
        sealed = {k.names[0] for k in shape.stored if k.field.encrypted}  # sealed anew by a change of keys
        for ident, (version, values) in newest.items():
            looked += 1
            row = rows[ident]
            if version != row["version"]:
                wrong.append(f"{target.name} {ident}: version {row['version']}, log {version}")
            bad = [name for name, value in values.items() if name in row and row[name] != value and name not in sealed]
            wrong += [f"{target.name} {ident}: {name} differs from the log" for name in bad]
    return finding("log", looked, wrong, msg("Compare with a backup: somebody changed rows past the log."))


def _newest(session: Session, shape: Shape, ids: Sequence[int]) -> dict[int, tuple[int, Row]]:
    """Version and values after the last change, for records the log knows."""
    columns = {known.key: known.logged for known in shape.stored}
    columns |= {key: (name,) for name, key in LOGGED_SYSTEM.items()}
    found: dict[int, tuple[int, Row]] = {}
    for start in range(0, len(ids), CHUNK):
        some = pad(ids[start : start + CHUNK])
        sql = (
            f"SELECT record, version, new, salt FROM {session.table('change')} WHERE record IN"
            f" ({', '.join('?' * len(some))}) AND object = ? ORDER BY record, version"
        )
        for record, version, new, salt in session.rows(sql, (*some, shape.object.id)):
            values = dict(found.get(record, (0, {}))[1])
            for key, value in (decode(new) or {}).items() if salt is not None else ():
                names = columns.get(key, ())
                several = value if len(names) > 1 and value is not None else [value] * len(names)
                values.update(zip(names, several, strict=False))
            found[record] = (version, values)
    return found


def key_check(space: Space, sample: int) -> Finding:
    """Sort keys of texts and the rows of sets follow the values they are made of."""
    looked, wrong = 0, list[str]()
    for session, catalog, target, rows in _samples(space, sample):
        shape = shape_of(catalog, target)
        for known in shape.stored:
            column, key = known.names[0], f"{known.names[0]}__k"
            if key in known.names:
                looked += len(rows)
                stale = [i for i, r in rows.items() if r[key] != (sort_key(r[column]) if r[column] else None)]
                wrong += [f"{target.name} {i}: sort key of {known.field.name}" for i in stale]
            if known.field.type in SET_TYPES and rows:
                looked += len(rows)
                have = _links(session, link_table(shape, known), list(rows))
                stale = [i for i, r in rows.items() if have.get(i, set()) != set(members(known, r))]
                wrong += [f"{target.name} {i}: rows of {known.field.name}" for i in stale]
    return finding("keys", looked, wrong, msg("Save the records once more, for instance by a bulk edit."))


def sealed_check(space: Space, sample: int) -> Finding:
    """Values of encrypted fields open with the keys that are there."""
    looked, wrong, ring = 0, list[str](), space.db.ring
    for _, _, target, rows in _samples(space, sample):
        for field in sealed_of(target):
            for ident, row in rows.items():
                if row[field.column] is None:
                    continue
                looked += 1
                try:
                    if ring.read() is None:
                        raise Unopened
                    ring.open(row[field.column], about(target, field, ident))
                except (Unopened, KeyMissing):
                    wrong.append(f"{target.name} {ident}: {field.name} cannot be decrypted")
    return finding("encrypted", looked, wrong, msg("Bring the file of keys back: guanxi keys recover FILE"))


def _links(session: Session, table: str, ids: Sequence[int]) -> dict[int, set[Any]]:
    found: dict[int, set[Any]] = {}
    for start in range(0, len(ids), CHUNK):
        some = pad(ids[start : start + CHUNK])
        sql = f'SELECT "a", "b" FROM {session.table(table)} WHERE "a" IN ({", ".join("?" * len(some))})'
        for a, b in session.rows(sql, some):
            found.setdefault(a, set()).add(b)
    return found


def reference_check(space: Space, sample: int) -> Finding:
    """What a record points at is there (decision 0002: no foreign keys)."""
    looked, wrong = 0, list[str]()
    for session, catalog, target, rows in _samples(space, sample):
        for known in shape_of(catalog, target).stored:
            if known.field.type not in REFERENCES:
                continue
            wanted: dict[str, dict[int, int]] = {}
            for ident, row in rows.items():
                points = pointed_at(known, row)
                for other in points[1] if points else ():
                    wanted.setdefault(points[0] if points else "", {})[other] = ident
            for name, ids in wanted.items():
                looked += len(ids)
                lost = set(ids) - _there(session, catalog, name, list(ids))
                wrong += [f"{target.name} {ids[i]}: {known.field.name} points at nothing" for i in sorted(lost)]
    return finding("references", looked, wrong, msg("Clear or correct the field in the records named."))


def _there(session: Session, catalog: Catalog, name: str, ids: Sequence[int]) -> set[int]:
    target = catalog.objects.get(name)
    if target is None:
        return set(ids)
    found: set[int] = set()
    for start in range(0, len(ids), CHUNK):
        some = pad(ids[start : start + CHUNK])
        sql = f'SELECT "id" FROM {session.table(target.table)} WHERE "id" IN ({", ".join("?" * len(some))})'
        found.update(row[0] for row in session.rows(sql, some))
    return found


def search_check(space: Space, sample: int) -> Finding:
    """The newest records are in the search index as they are."""
    stale = search_rebuild.drift(space, sample)
    with space.db.read() as session:
        searched = sum(1 for o in space.catalog(session).objects.values() if o.kind in OWNED)
    wrong = [f"{name} {ident}" for name, ident in stale]
    return finding("search", sample * searched, wrong, msg("Run: guanxi reindex"))


def file_check(space: Space, sample: int) -> Finding:
    """The contents of the newest files are on the disk."""
    with space.db.read() as session:
        rows = session.rows(f"SELECT id, sha256, size FROM {session.table('file')} ORDER BY id DESC LIMIT ?", (sample,))
    wrong = []
    for ident, sha256, size in rows:
        path = path_of(space.folder, sha256)
        if not path.is_file() or path.stat().st_size != size:
            wrong.append(f"file {ident}")
    return finding("files", len(rows), wrong, msg("Bring the folder «files» back from a backup."))


def _samples(space: Space, sample: int) -> Iterator[tuple[Session, Catalog, Object, dict[int, Row]]]:
    """Of each object the newest records by id and the ones that follow a point drawn by chance."""
    with space.db.read(timeout=None) as session:
        catalog = space.catalog(session)
        objects = [o for o in catalog.objects.values() if o.kind in OWNED and not o.retired]
    for target in objects:
        with space.db.read(timeout=None) as session:
            columns = catalog.columns(target)
            texts, table = ", ".join(f'"{c}"' for c in columns), session.table(target.table)
            highest = session.value(f'SELECT MAX("id") FROM {table}') or 0
            lowest = session.value(f'SELECT MIN("id") FROM {table}') or 0
            middle = lowest + (highest - lowest) * (space.clock() % 997) // 997
            rows = session.rows(f'SELECT {texts} FROM {table} ORDER BY "id" DESC LIMIT ?', (sample,))
            rows += session.rows(f'SELECT {texts} FROM {table} WHERE "id" >= ? ORDER BY "id" LIMIT ?', (middle, sample))
            named = [dict(zip(columns, row, strict=True)) for row in rows]
            yield session, catalog, target, {row["id"]: row for row in named}
