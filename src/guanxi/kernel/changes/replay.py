"""An older database and the log since make the newer one, table by table (KD 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tarfile import TarFile
from typing import Any

import msgspec

from guanxi.base.errors import Invalid, msg
from guanxi.base.text import sort_key
from guanxi.kernel.catalog import snapshot
from guanxi.kernel.catalog.columns import LINKED, link_table
from guanxi.kernel.catalog.model import App, Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.catalog.system import SYSTEM_BY_ID, system_columns
from guanxi.kernel.changes.log import decode
from guanxi.kernel.changes.log_file import refuse_stranger
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.rollups.compute import renew_all
from guanxi.kernel.storage import schema
from guanxi.kernel.storage.backup import (
    Manifest,
    lines_of,
    load_table,
    newest,
    opened,
    restore_files,
    settle_restored,
    verify,
)
from guanxi.kernel.storage.crypt import Key
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.session import Session

Row = dict[str, Any]
LOG = ("change_set", "change", "seal")  # grow only; all other kernel tables of the file replace what is there
DEEDS = ("erasure", "erasure_record")  # done again by whoever restores, with the register: rows alone erase nothing
CATALOGUE = ("meta_object", "meta_field", "setting", "meta_version")
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far it came."""

    sets: int
    changes: int
    records: int


@dataclass(slots=True)
class Fate:
    """All that the log says about one record since: values to set, and whether it was made."""

    record: int
    made: bool = False
    values: Row = field(default_factory=dict)


def replay(database: Database, source: Path, apps: Sequence[App], *, key: Key | None = None) -> Replayed:
    """Brings a database restored from a backup to the end of the log in `source`; all or nothing."""
    manifest = verify(source, key)
    if manifest.kind != "log":
        raise Invalid("This file is a backup, not a log; a log is made with: guanxi log export")
    with opened(source, key) as tar:
        restore_files(tar, database.folder)
        with database.write(bulk=True, catalog_change=True) as session:
            known = _known_sets(session, manifest)
            for name in CATALOGUE:
                load_table(session, name, manifest.tables[name], tar)
            install(session, apps)
            sets, changes = _take_log(session, manifest, tar, known)
            for name, info in manifest.tables.items():
                if name not in (*LOG, *CATALOGUE, *DEEDS):
                    load_table(session, name, info, tar)
            catalog = snapshot.load(session, apps)
            schema.apply(session, _with_retired(catalog))
            records = sum(
                _apply(session, catalog, obj, manifest.since, known) for obj in catalog.objects_by_id.values()
            )
            renew_all(session, catalog)  # figures over other records are in no log
            settle_restored(session)
            snapshot.raise_version(session)
    return Replayed(sets, changes, records)


def refuse_unfitting(old: Manifest, source: Path, key: Key | None = None) -> None:
    """Before anything is restored: the log is whole and begins no later than the backup ends."""
    manifest = verify(source, key)
    if manifest.kind != "log":
        raise Invalid("This file is a backup, not a log; a log is made with: guanxi log export")
    if old.pos < manifest.since:
        text = "This log begins at change-set {since}, but the backup ends at {pos}: what lies between is missing."
        raise Invalid(msg(text, since=manifest.since, pos=old.pos))


def _with_retired(catalog: Catalog) -> list[Object]:
    """Objects with every field they ever had: what was made and retired since the backup has its columns too."""
    fields: dict[int, list[Field]] = {}
    for owner, f in catalog.fields_by_id.values():
        fields.setdefault(owner.id, []).append(f)
    return [replace(obj, fields=tuple(fields.get(obj.id, ()))) for obj in catalog.objects_by_id.values()]


def _known_sets(session: Session, manifest: Manifest) -> set[int]:
    """Change-sets that this database has already, of those that the log may bring."""
    pos, chain = newest(session)
    if pos < manifest.since:
        text = "This log begins at change-set {since}, but the backup ends at {pos}: what lies between is missing."
        raise Invalid(msg(text, since=manifest.since, pos=pos))
    refuse_stranger(session, manifest.since, manifest.since_chain)
    if pos > manifest.pos or (pos == manifest.pos and chain != manifest.chain):
        raise Invalid(msg("This log is older than the backup or belongs to another one; nothing was changed."))
    sealed = session.rows(f"SELECT set_id FROM {session.table('seal')} WHERE pos > ?", (manifest.since,))
    waiting = session.rows(f"SELECT set_id FROM {session.table('unsealed')}")
    return {set_id for (set_id,) in (*sealed, *waiting)}


def _take_log(session: Session, manifest: Manifest, tar: TarFile, known: set[int]) -> tuple[int, int]:
    """The rows of the log that are not there yet; gives the number of sets and changes."""
    taken = {}
    end, _ = newest(session)
    for name in LOG:
        info, count = manifest.tables[name], 0
        place = info.columns.index({"change_set": "id", "change": "set_id", "seal": "pos"}[name])
        for rows in lines_of(tar, name, info):
            new = [r for r in rows if (r[place] > end if name == "seal" else r[place] not in known)]
            if new:
                session.insert(name, info.columns, new)
            count += len(new)
        taken[name] = count
    return taken["change_set"], taken["change"]


def _apply(session: Session, catalog: Catalog, obj: Object, since: int, known: set[int]) -> int:
    """All new changes of one object, record by record."""
    done = 0
    batch: list[Fate] = []
    for fate in _fates(session, catalog, obj, since, known):
        batch.append(fate)
        if len(batch) == BATCH:
            done += _write(session, catalog, obj, batch)
            batch = []
    return done + _write(session, catalog, obj, batch)


def _fates(session: Session, catalog: Catalog, obj: Object, since: int, known: set[int]) -> Iterator[Fate]:
    table = session.table
    sql = (
        f"SELECT c.record, c.version, c.op, c.new, c.set_id, s.at, o.actor FROM {table('change')} c"
        f" JOIN {table('change_set')} s ON s.id = c.set_id LEFT JOIN {table('operation')} o ON o.id = s.operation"
        f" LEFT JOIN {table('seal')} l ON l.set_id = c.set_id WHERE c.object = ? AND (l.pos IS NULL OR l.pos > ?)"
        " ORDER BY c.record, c.version"
    )
    columns = _columns_by_key(catalog, obj)
    fate: Fate | None = None
    for rows in session.stream(sql, (obj.id, since)):
        for record, version, op, new, set_id, at, actor in rows:
            if set_id in known:
                continue
            if fate is None or fate.record != record:
                if fate is not None:
                    yield fate
                fate = Fate(record)
            _take(fate, columns, version, op, decode(new) or {}, at, actor or None)
    if fate is not None:
        yield fate


def _take(
    fate: Fate, columns: Mapping[str, tuple[str, ...]], version: int, op: str, new: Row, at: int, actor: int | None
) -> None:
    if op == "create":
        fate.made = True
        fate.values |= {"created_at": at, "created_by": actor}
    fate.values |= {"version": version, "updated_at": at, "updated_by": actor}
    for key, value in new.items():
        names = columns.get(key, ())
        several = len(names) > 1 and value is not None
        fate.values.update(zip(names, value if several else [value] * len(names), strict=True))


def _columns_by_key(catalog: Catalog, obj: Object) -> dict[str, tuple[str, ...]]:
    """Key in the log → columns, of retired fields too."""
    found: dict[str, tuple[str, ...]] = {
        str(ident): (f.name,) for ident, f in SYSTEM_BY_ID.items() if f.name in system_columns(obj.kind)
    }
    for ident, (owner, f) in catalog.fields_by_id.items():
        if owner.id == obj.id:
            found[str(ident)] = tuple(f.column + c.suffix for c in TYPES[f.type].columns(f) if c.logged)
    return found


def _write(session: Session, catalog: Catalog, obj: Object, fates: Sequence[Fate]) -> int:
    if not fates:
        return 0
    marks = ", ".join("?" * len(fates))
    ids = [f.record for f in fates]
    there = {i for (i,) in session.rows(f'SELECT "id" FROM {session.table(obj.table)} WHERE "id" IN ({marks})', ids)}
    fields = [f for owner, f in catalog.fields_by_id.values() if owner.id == obj.id]
    for fate in fates:
        if fate.record not in there and not fate.made:
            text = "The log changes record {record} of {object}, which neither the backup nor the log has made."
            raise Invalid(msg(text, record=fate.record, object=obj.label))
        values = fate.values | _sort_keys(fields, fate.values)
        if fate.record in there:
            sets = ", ".join(f'"{name}" = ?' for name in values)
            sql = f'UPDATE {session.table(obj.table)} SET {sets} WHERE "id" = ?'
            session.run(sql, (*values.values(), fate.record))
        else:
            session.insert(obj.table, ("id", *values), [(fate.record, *values.values())])
        for f in fields:
            if f.type in LINKED and f.column in values:
                _link(session, obj, f, fate.record, values[f.column])
    return len(fates)


def _sort_keys(fields: Sequence[Field], values: Row) -> Row:
    """Columns that are worked out and therefore not in the log."""
    found = {}
    for f in fields:
        for column in TYPES[f.type].columns(f) if f.column in values else ():
            if column.suffix == "__k":
                text = values[f.column]
                found[f.column + "__k"] = sort_key(text) if text else None
    return found


def _link(session: Session, obj: Object, f: Field, record: int, value: str | None) -> None:
    name = link_table(obj, f)
    session.run(f'DELETE FROM {session.table(name)} WHERE "a" = ?', (record,))
    members = msgspec.json.decode(value) if value else []
    far = [int(m) for m in members] if LINKED[f.type] == "INT" else members
    if far:
        session.insert(name, ("a", "b"), [(record, m) for m in far])
