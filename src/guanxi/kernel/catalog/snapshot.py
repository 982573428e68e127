"""One frozen, versioned picture of all objects, fields, settings and config rows, pinned by each unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec

from guanxi.base.errors import BadInput, Message, msg
from guanxi.base.i18n import Label
from guanxi.kernel.catalog.columns import all_columns
from guanxi.kernel.catalog.model import App, Field, Object
from guanxi.kernel.catalog.rows import (
    MetaField,
    MetaObject,
    Row,
    Session,
    build_field,
    build_object,
    field_spec,
    object_spec,
    overlay_field,
    overlay_object,
    read_fields,
    read_objects,
)
from guanxi.kernel.catalog.system import SYSTEM_BY_ID, system_fields

REFERENCES = frozenset({"lookup", "links", "user", "team"})
Sources = Mapping[str, tuple[Any, Object, tuple[tuple[int, Object, Field], ...]]]


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """
    One versioned snapshot; never changed, only replaced. `objects` are the live ones with apps' extensions and
    overlays merged; `Object.fields` are the live declared fields, system columns come through `field` and `fields`.
    `memo` holds derived things (SQL texts, forms, actors), made on demand; it dies with the snapshot.
    """

    version: int
    objects: Mapping[str, Object]
    apps: tuple[App, ...] = ()
    config: Mapping[str, Mapping[int, Row]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    fields_by_id: Mapping[int, tuple[Object, Field]] = field(default_factory=dict)  # retired ones too
    objects_by_id: Mapping[int, Object] = field(default_factory=dict)  # retired ones too
    memo: dict[Any, Any] = field(default_factory=dict)
    sources: Sources = field(default_factory=dict, repr=False)  # what each object was made from, to reuse it

    def object(self, name: str) -> Object:
        """The live object of that name; BadInput with the nearest name if unknown."""
        found = self.objects.get(name)
        if found is None:
            raise BadInput(_unknown(msg("There is no object “{name}”.", name=name), name, self.objects))
        return found

    def fields(self, obj: Object) -> Mapping[str, Field]:
        """Declared and system fields by name; a declared one wins."""
        key = ("fields", obj.name)
        known: Mapping[str, Field] | None = self.memo.get(key)
        if known is None:
            known = {f.name: f for f in (*system_fields(obj.kind), *obj.fields)}
            self.memo[key] = known
        return known

    def field(self, obj: Object, name: str) -> Field:
        """The field of that name, system columns included; BadInput with the nearest name if unknown."""
        fields = self.fields(obj)
        found = fields.get(name)
        if found is None:
            raise BadInput(_unknown(msg("{object} has no field “{name}”.", name=name, object=obj.label), name, fields))
        return found

    def field_of(self, ident: int) -> Field | None:
        """The field behind a key of the log, system and retired ones included."""
        known = self.fields_by_id.get(ident)
        if known is not None:
            return known[1]
        return SYSTEM_BY_ID.get(ident)

    def columns(self, obj: Object) -> tuple[str, ...]:
        """All physical columns of live fields, system ones first."""
        key = ("columns", obj.name)
        known: tuple[str, ...] | None = self.memo.get(key)
        if known is None:
            known = self.memo[key] = tuple(name for name, _ in all_columns(obj))
        return known

    def referrers(self, name: str) -> tuple[tuple[Object, Field], ...]:
        """Lookups and links that point at that object, of all live objects; system columns are not listed."""
        known: dict[str, list[tuple[Object, Field]]] | None = self.memo.get("referrers")
        if known is None:
            known = {}
            for obj in self.objects.values():
                for f in obj.fields:
                    for target in f.options.get("to", ()) if f.type in REFERENCES else ():
                        known.setdefault(target, []).append((obj, f))
            self.memo["referrers"] = known
        return tuple(known.get(name, ()))


def _unknown(plain: Message, name: str, known: Iterable[str]) -> Message:
    near = get_close_matches(name, list(known), 1)
    return msg("{problem} Did you mean “{near}”?", problem=plain, near=near[0]) if near else plain


def version(session: Session) -> int:
    """The number of the newest catalogue; 0 before the first."""
    return int(session.value(f"SELECT version FROM {session.table('meta_version')}") or 0)


def version_in(answer: Sequence[Sequence[Any]]) -> int:
    """The same number, where it came as the first column of another answer."""
    return int(answer[0][0] or 0) if answer else 0


def raise_version(session: Session) -> None:
    """Says that the catalogue, a setting or a config row changed; other processes reload at their next work."""
    session.run(f"UPDATE {session.table('meta_version')} SET version = version + 1")


def load(session: Session, apps: Sequence[App], previous: Catalog | None = None) -> Catalog:
    """
    The catalogue as of this transaction. The version is read first (KD 4): what is read after it is at least
    as new. Objects whose declaration and rows did not change are taken over from `previous`.
    """
    now = version(session)
    if previous is not None and previous.version == now and previous.apps == tuple(apps):
        return previous
    objects, fields = read_objects(session), read_fields(session)
    built = build(apps, objects, fields, previous.sources if previous is not None else {})
    config = {o.name: _config_rows(session, o) for o in built.objects.values() if o.kind == "config"}
    rows = session.rows(f"SELECT name, value FROM {session.table('setting')}")
    settings = {name: msgspec.json.decode(value) for name, value in rows}
    return replace(built, version=now, config=config, settings=settings)


def _config_rows(session: Session, obj: Object) -> dict[int, Row]:
    columns = [name for name, _ in all_columns(obj)]
    listed = ", ".join(f'"{name}"' for name in columns)
    sql = f'SELECT {listed} FROM {session.table(obj.table)} WHERE "trashed_at" IS NULL ORDER BY "id"'
    return {row[0]: dict(zip(columns, row, strict=True)) for row in session.rows(sql)}


def build(
    apps: Sequence[App], meta_objects: Sequence[MetaObject], meta_fields: Sequence[MetaField], sources: Sources
) -> Catalog:
    """A catalogue without settings and config rows, from declarations and meta rows alone."""
    of_object: dict[int, list[MetaField]] = {}
    for row in meta_fields:
        of_object.setdefault(row.object, []).append(row)
    by_name = {row.name: row for row in meta_objects}
    made: dict[str, tuple[Any, Object, tuple[tuple[int, Object, Field], ...]]] = {}
    for key, declared, extra in _wanted(apps, meta_objects):
        meta = by_name.get(key)
        rows = tuple(of_object.get(meta.id, ())) if meta else ()
        source = (declared, extra, meta, rows)
        old = sources.get(key)
        made[key] = old if old is not None and _same(old[0], source) else _make(source)
    live = {name: obj for name, (_, obj, _) in made.items() if not obj.retired}
    return Catalog(
        version=0,
        objects=live,
        apps=tuple(apps),
        fields_by_id={ident: (obj, f) for _, _, known in made.values() for ident, obj, f in known},
        objects_by_id={obj.id: obj for _, obj, _ in made.values() if obj.id},
        sources=made,
    )


def _same(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    """Declarations are compared by identity (they are constants of the program), rows by value."""
    return (
        old[0] is new[0]
        and len(old[1]) == len(new[1])
        and all(a is b for a, b in zip(old[1], new[1], strict=True))
        and old[2:] == new[2:]
    )


Wanted = tuple[str, Object | None, tuple[Field, ...]]


def _wanted(apps: Sequence[App], meta_objects: Sequence[MetaObject]) -> Iterable[Wanted]:
    """Each object to build: name, declaration (None for run-time ones), fields added by other apps."""
    added: dict[str, list[Field]] = {}
    for app in apps:
        for name, fields in app.extends.items():
            added.setdefault(name, []).extend(_stamp(app, f) for f in fields)
    for app in apps:
        for obj in app.objects:
            yield obj.name, _stamp_object(app, obj), tuple(added.get(obj.name, ()))
    for row in meta_objects:
        if row.custom:
            yield row.name, None, ()


D = TypeVar("D", Field, Object)
_STAMPED: dict[tuple[str, int], tuple[Any, Any]] = {}


def _stamp(app: App, declared: Field) -> Field:
    """The field with its app's name; the same value each time, so that unchanged objects are recognised."""
    return _once(app, declared, lambda: replace(declared, app=app.name))


def _stamp_object(app: App, declared: Object) -> Object:
    def stamped() -> Object:
        fields = tuple(replace(f, app=app.name) for f in declared.fields)
        return replace(declared, app=app.name, table=declared.table or declared.name, fields=fields)

    return _once(app, declared, stamped)


def _once(app: App, declared: D, make: Callable[[], D]) -> D:
    key = (app.name, id(declared))
    known = _STAMPED.get(key)
    if known is None or known[0] is not declared:
        known = _STAMPED[key] = (declared, make())
    made: D = known[1]
    return made


def _make(source: tuple[Any, ...]) -> tuple[Any, Object, tuple[tuple[int, Object, Field], ...]]:
    declared, extra, meta, rows = source
    by_name = {row.name: row for row in rows}
    fields: list[Field] = []
    for f in (*declared.fields, *extra) if declared else ():
        row = by_name.pop(f.name, None)
        if row is None:
            fields.append(f)
        else:
            given = replace(f, id=row.id)
            fields.append(overlay_field(given, field_spec(row.spec)) if row.spec != "{}" else given)
    fields.extend(build_field(row) for row in rows if row.custom and row.name in by_name)
    gone = [_left_over(row) for row in by_name.values() if not row.custom]
    base = _base(declared, meta)
    obj = replace(base, fields=tuple(f for f in fields if not f.retired))
    if meta is not None and (meta.overlay != "{}" or gone or any(f.custom for f in fields)):
        obj = without_unknown(obj if object_spec(meta.overlay).form else _with_custom(obj))
    return source, obj, tuple((f.id, obj, f) for f in (*fields, *gone) if f.id)


def _base(declared: Object | None, meta: MetaObject | None) -> Object:
    if declared is None:
        assert meta is not None
        return build_object(meta)
    if meta is None:
        return declared
    given = replace(declared, id=meta.id, table=meta.table_name)
    return overlay_object(given, object_spec(meta.overlay)) if meta.overlay != "{}" else given


def _left_over(row: MetaField) -> Field:
    """A field that its app no longer declares: its column and its history are still there."""
    return replace(build_field(row), retired=True, label=Label(row.name, row.name), custom=False)


def _with_custom(obj: Object) -> Object:
    """A form nobody laid out by hand takes fields made at run time into its last section."""
    shown = {name for section in obj.form for name in section.fields}
    more = tuple(f.name for f in obj.fields if f.custom and not f.hidden and f.name not in shown)
    if not more or not obj.form:
        return obj
    *first, last = obj.form
    return replace(obj, form=(*first, replace(last, fields=(*last.fields, *more))))


def without_unknown(obj: Object) -> Object:
    """The object with layouts that name live fields only: a retired field leaves every layout by itself."""
    known = {f.name for f in (*system_fields(obj.kind), *obj.fields)}
    kept = {
        name: tuple(n for n in getattr(obj, name) if n in known)
        for name in ("subtitle", "columns", "quick", "figures", "filters", "sorts")
    }
    form = tuple(replace(s, fields=tuple(n for n in s.fields if n in known)) for s in obj.form)
    sort = obj.sort if obj.sort.lstrip("-") in known else "-updated_at"
    return replace(obj, form=form, sort=sort, **kept)  # type: ignore[arg-type]  # all six are tuples of names
