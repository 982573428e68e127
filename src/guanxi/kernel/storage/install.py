"""Brings a workspace's database up to its apps: kernel tables, stable ids, record tables, indexes, settings."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

import msgspec

from guanxi.kernel.catalog.check import check
from guanxi.kernel.catalog.columns import field_columns
from guanxi.kernel.catalog.model import App, Field, Object
from guanxi.kernel.catalog.rows import MetaField, MetaObject, read_fields, read_objects
from guanxi.kernel.catalog.snapshot import build, raise_version
from guanxi.kernel.catalog.system import FIRST_ID
from guanxi.kernel.storage import audit_tables, backups, duplicate_tables, quality_tables, schema  # noqa: F401 - the tables are made by their names
from guanxi.kernel.storage.level import LEVEL, is_born, mark_step
from guanxi.kernel.storage.search_tables import create_search_index
from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import create_kernel_tables

DEFAULT_SETTINGS = {
    "name": "Guanxi",
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "country": "CN",
    "language": "zh-CN",
}


def install(session: Session, apps: Sequence[App]) -> None:
    """Idempotent and add-only; raises the version only if something was added. Seeds are run by bootstrap."""
    check(apps)
    born = is_born(session)
    create_kernel_tables(session)
    create_search_index(session)
    if session.value(f"SELECT COUNT(*) FROM {session.table('meta_version')}") == 0:
        session.insert("meta_version", ["version"], [(1,)])
    if not born:  # it begins where older databases come to by upgrades
        for number in range(1, LEVEL + 1):
            mark_step(session, number, "born")
    added = _number(session, apps) + _settings(session)
    built = build(apps, read_objects(session), read_fields(session), {})
    statements = schema.apply(session, built.objects.values())
    if added or statements:
        raise_version(session)


def _settings(session: Session) -> int:
    known = {name for (name,) in session.rows(f"SELECT name FROM {session.table('setting')}")}
    start = {**DEFAULT_SETTINGS, "match_secret": secrets.token_urlsafe(32)}  # the last one seals keys of duplicates
    rows = [(n, msgspec.json.encode(v).decode()) for n, v in start.items() if n not in known]
    if rows:
        session.insert("setting", ["name", "value"], rows)
    return len(rows)


def _number(session: Session, apps: Sequence[App]) -> int:
    """Gives each declared object and field its number, once and for ever."""
    objects = {row.name: row for row in read_objects(session)}
    fields = {(row.object, row.name): row for row in read_fields(session)}
    ids = Counter(list(objects.values()), list(fields.values()))
    new_objects: list[tuple[object, ...]] = []
    new_fields: list[tuple[object, ...]] = []
    numbers = {name: row.id for name, row in objects.items()}
    for obj in (o for app in apps for o in app.objects):
        if obj.name not in numbers:
            numbers[obj.name] = ids.next()
            new_objects.append((numbers[obj.name], obj.name, obj.table or obj.name, 0, 0, "{}"))
    for name, f in _declared(apps):
        known = fields.get((numbers[name], f.name))
        if known is None:
            new_fields.append((ids.next(), numbers[name], f.name, f.column, f.type, 0, 0, "{}"))
        elif not known.custom and known.type != f.type:
            _retype(session, known, f)
    if new_objects:
        columns = ["id", "name", "table_name", "custom", "retired", "overlay"]
        session.insert("meta_object", columns, new_objects)
    if new_fields:
        columns = ["id", "object", "name", "column_name", "type", "custom", "retired", "spec"]
        session.insert("meta_field", columns, new_fields)
    return len(new_objects) + len(new_fields)


class Counter:
    """Small numbers for objects and fields; rows of the catalogue are never deleted, so the next is free."""

    def __init__(self, objects: Iterable[MetaObject], fields: Iterable[MetaField]) -> None:
        self.last = max((FIRST_ID - 1, *(o.id for o in objects), *(f.id for f in fields)))

    def next(self) -> int:
        """The next free number."""
        self.last += 1
        return self.last


def _declared(apps: Sequence[App]) -> Iterable[tuple[str, Field]]:
    for app in apps:
        obj: Object
        for obj in app.objects:
            yield from ((obj.name, f) for f in obj.fields)
    for app in apps:
        for name, extra in app.extends.items():
            yield from ((name, f) for f in extra)


def _retype(session: Session, known: MetaField, f: Field) -> None:
    """A new version of an app may widen a type while the main column stays what it was (text to long text)."""
    old = Field(name=f.name, type=known.type, label=f.label, column=f.column, options=f.options)
    if field_columns(old)[:1] != field_columns(f)[:1]:
        raise TypeError(f"field {f.name}: {known.type} cannot become {f.type}, its column holds other values")
    session.run(f"UPDATE {session.table('meta_field')} SET type = ? WHERE id = ?", (f.type, known.id))
