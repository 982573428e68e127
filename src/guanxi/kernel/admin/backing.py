"""What follows a catalogue change after its commit: defaults for old records, unique indexes (KD 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog import defaults
from guanxi.kernel.catalog.columns import LINKED, field_columns
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.log import Entry
from guanxi.kernel.context import Space, Work
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.storage import schema
from guanxi.kernel.storage.session import Duplicate

FILL, INDEX = "catalog.fill_default", "catalog.unique_index"
CHUNK = 1_000


KINDS = (FILL, INDEX)


def handlers(space: Space) -> Mapping[str, Callable[[JobRun], None]]:
    """The jobs of the catalogue, for the worker's table of handlers."""
    return {FILL: partial(_fill, space), INDEX: partial(_index, space)}


def run_job(kind: str, space: Space, run: JobRun) -> None:
    """One such job, as the worker calls it."""
    handlers(space)[kind](run)


def ask_for_default(work: Work, obj: Object, f: Field) -> None:
    """
    Records that exist now get the default by a job; writers after this commit give it themselves, and none that
    began before is left, so `upto` misses nobody and a value cleared on purpose later stays cleared.
    """
    if f.default is None or f.type in {"formula", "auto_number"} or defaults.named(f.default):
        return  # "@me" means whoever creates the record, which is not known of old ones
    last = work.session.value(f'SELECT MAX("id") FROM {work.session.table(obj.table)}')
    if last is not None:
        enqueue(work.session, FILL, {"object": obj.name, "field": f.name, "upto": str(last)}, queue="bulk")


def ask_for_index(work: Work, obj: Object) -> None:
    """Unique indexes are made by a job after the commit; `save` checks in SQL meanwhile and always."""
    enqueue(work.session, INDEX, {"object": obj.name}, dedupe=f"{INDEX}:{obj.name}")


def refuse_doubles(work: Work, obj: Object, f: Field) -> None:
    """A field whose live values occur twice cannot become unique; says which value."""
    column = f'"{f.column}"'
    sql = (
        f'SELECT {column} FROM {work.session.table(obj.table)} WHERE "trashed_at" IS NULL AND {column} IS NOT NULL '
        f"GROUP BY {column} HAVING COUNT(*) > 1 LIMIT 1"
    )
    found = work.session.one(sql)
    if found is not None:
        text = "“{value}” occurs more than once in “{field}”; mend that first."
        raise Invalid(msg(text, value=found[0], field=f.label))


def refuse_default(work: Work, f: Field) -> None:
    """A default that its own type cannot read is refused when it is set, not when a record needs it."""
    if f.default is None or defaults.named(f.default) or f.type == "formula":
        return
    try:
        _values(work, f)
    except ValueError as error:
        found = getattr(error, "message", None) or msg("The default of “{field}” does not fit.", field=f.label)
        raise Invalid(found, errors=[FieldError("default", "default", found)]) from error


def _values(work: Work, f: Field) -> tuple[Any, ...]:
    return TYPES[f.type].parse(f, f.default, work.env)


def _fill(space: Space, run: JobRun) -> None:
    """Chunk by chunk, logged like any bulk edit, each chunk a transaction of its own."""
    after, upto, done = 0, int(run.args["upto"]), 0
    while True:
        with space.write(system("default of a new field"), entry="automation", kind="backfill", bulk=True) as work:
            obj, f = _retired_too(work, run.args["object"], run.args["field"])
            if obj is None or f is None or f.default is None or defaults.named(f.default):
                return
            last, count = _fill_chunk(work, obj, f, after, upto)
        done += count
        if last is None:
            return
        after = last
        run.heartbeat()


def _retired_too(work: Work, object_name: str, field_name: str) -> tuple[Object | None, Field | None]:
    """What is retired meanwhile is filled as well: brought back, it must be as if it had never been away."""
    obj = next((o for o in work.catalog.objects_by_id.values() if o.name == object_name), None)
    known = (f for o, f in work.catalog.fields_by_id.values() if o.name == object_name and f.name == field_name)
    return obj, next(known, None)


def _fill_chunk(work: Work, obj: Object, f: Field, after: int, upto: int) -> tuple[int | None, int]:
    session, table = work.session, work.session.table(obj.table)
    lock = "" if session.dialect == "sqlite" else " FOR UPDATE"
    found = session.rows(
        f'SELECT "id", "version" FROM {table} WHERE "id" > ? AND "id" <= ? AND "{f.column}" IS NULL '
        f'ORDER BY "id" LIMIT {CHUNK}{lock}',
        (after, upto),
    )
    if not found:
        return None, 0
    values = _values(work, f)
    columns = [name for name, _ in field_columns(f)]
    sets = ", ".join(f'"{name}" = ?' for name in columns)
    session.many(
        f'UPDATE {table} SET {sets}, "version" = "version" + 1 WHERE "id" = ?', [(*values, i) for i, _ in found]
    )
    if f.type in LINKED:
        _fill_links(work, obj, f, [i for i, _ in found])
    logged = [v for v, c in zip(values, TYPES[f.type].columns(f), strict=True) if c.logged]
    new = {str(f.id): logged[0] if len(logged) == 1 else logged}
    old = {str(f.id): None if len(logged) == 1 else [None] * len(logged)}
    work.log([Entry(obj.id, i, version + 1, "edit", old, new) for i, version in found])
    return found[-1][0], len(found)


def _fill_links(work: Work, obj: Object, f: Field, ids: list[int]) -> None:
    keys = [f.default] if isinstance(f.default, str) else list(f.default)
    work.session.insert(f"m_{obj.table}_{f.column}", ("a", "b"), [(i, key) for i in ids for key in keys])


def _index(space: Space, run: JobRun) -> None:
    with space.db.write(catalog_change=True) as session:
        obj = space.catalog(session).objects.get(run.args["object"])
        live = schema.inspect(session) if obj else None
        for index in schema.uniques(obj) if obj else ():
            if live is None or index.name in live.indexes:
                continue
            try:
                session.run(schema.create_index(session, index))
            except Duplicate as error:
                text = "The values of “{columns}” occur more than once; mend them and try again."
                raise Invalid(msg(text, columns=", ".join(index.columns))) from error
