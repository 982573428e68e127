"""Writing the rows of the catalogue: each change gives a log entry, and one check and one DDL plan at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from guanxi.base.errors import Forbidden, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog import snapshot
from guanxi.kernel.catalog.check import change_faults
from guanxi.kernel.catalog.fault import refused
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.rows import FieldSpec, MetaField, MetaObject, ObjectSpec, encode, read_fields, read_objects
from guanxi.kernel.catalog.system import META_FIELD, META_OBJECT
from guanxi.kernel.changes.log import Entry
from guanxi.kernel.context import Work
from guanxi.kernel.records.rollup_fill import ask_for_changed
from guanxi.kernel.storage import schema
from guanxi.kernel.storage.install import Counter


@dataclass(slots=True)
class Ledger:
    """
    The catalogue's rows inside one unit of work that holds the catalogue lock. Everything put here is checked and
    given its tables by `settle`; an exception before or in it leaves nothing behind, the transaction takes all back.
    """

    work: Work
    objects: dict[str, MetaObject]
    fields: dict[tuple[int, str], MetaField]
    ids: Counter
    changed: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)

    def put_object(self, row: MetaObject) -> None:
        """Stores a row that is new or changed."""
        old = self.objects.get(row.name)
        columns = ("id", "name", "table_name", "custom", "retired", "overlay")
        self._store("meta_object", columns, old, row)
        self.objects[row.name] = row
        self._log(META_OBJECT, old, row)
        self.changed.add(row.name)

    def put_field(self, obj: MetaObject, row: MetaField) -> None:
        """Stores a row that is new or changed."""
        old = self.fields.get((obj.id, row.name))
        columns = ("id", "object", "name", "column_name", "type", "custom", "retired", "spec")
        self._store("meta_field", columns, old, row)
        self.fields[obj.id, row.name] = row
        self._log(META_FIELD, old, row)
        self.changed.add(obj.name)

    def _store(
        self, table: str, columns: tuple[str, ...], old: msgspec.Struct | None, row: MetaObject | MetaField
    ) -> None:
        values = [int(v) if isinstance(v, bool) else v for v in msgspec.structs.astuple(row)]
        session = self.work.session
        if old is None:
            session.insert(table, columns, [tuple(values)])
            return
        sets = ", ".join(f'"{c}" = ?' for c in columns[1:])
        session.run(f"UPDATE {session.table(table)} SET {sets} WHERE id = ?", (*values[1:], row.id))

    def _log(self, kind: int, old: MetaObject | MetaField | None, row: MetaObject | MetaField) -> None:
        was = msgspec.structs.asdict(old) if old is not None else {}
        now = msgspec.structs.asdict(row)
        touched = [name for name in now if was.get(name) != now[name]]
        if old is None:
            op = "create"
        elif old.retired != row.retired:
            op = "trash" if row.retired else "restore"
        else:
            op = "edit"
        before = {name: was[name] for name in touched} if old is not None else None
        after = {name: now[name] for name in touched}
        self.entries.append(Entry(kind, row.id, self.work.catalog.version + 1, op, before, after))

    def settle(self) -> list[Object]:
        """Checks what results, makes tables, columns and indexes, raises the version and pins the new catalogue."""
        work = self.work
        snapshot.raise_version(work.session)
        catalog = snapshot.load(work.session, work.catalog.apps, work.catalog)
        faults = list(change_faults(catalog, self.changed))
        if faults:
            raise refused(faults)
        made = [catalog.objects[name] for name in sorted(self.changed) if name in catalog.objects]
        schema.apply(work.session, made, backing=False)
        ask_for_changed(work.session, work.catalog, catalog)
        work.log(self.entries)
        work.catalog = catalog
        return made


def open_ledger(work: Work) -> Ledger:
    """Reads the rows; only administrators change the catalogue."""
    if not work.actor.rights.admin:
        raise Forbidden(msg("Only administrators change objects, fields and settings."))
    objects, fields = read_objects(work.session), read_fields(work.session)
    return Ledger(
        work,
        {row.name: row for row in objects},
        {(row.object, row.name): row for row in fields},
        Counter(objects, fields),
    )


def stored(spec: FieldSpec | ObjectSpec) -> str:
    """What the row keeps of a spec: name and type have columns of their own, fields have rows."""
    bare = {name: default for name, default in (("name", ""), ("type", ""), ("fields", ())) if hasattr(spec, name)}
    return encode(msgspec.structs.replace(spec, **bare))


def free_name(wanted: str, label: Label | None, fallback: str, taken: Iterable[str]) -> str:
    """A name for something made on screen, where people give a label only: from the English label, never in use."""
    if wanted:
        return wanted
    words = re.findall(r"[a-z0-9]+", label.en.lower()) if label is not None else []
    name = "_".join(words)[:32].rstrip("_")
    if not name or not name[0].isalpha():
        name = fallback
    known, n, tried = set(taken), 1, name
    while tried in known:
        n += 1
        tried = f"{name}_{n}"
    return tried
