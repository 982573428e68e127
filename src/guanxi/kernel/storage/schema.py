"""From objects to tables, columns and indexes: what is missing in the live database, add-only, as SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from guanxi.kernel.catalog.columns import LINKED, all_columns, link_table, sort_suffix
from guanxi.kernel.catalog.model import Field, Object, Steps
from guanxi.kernel.catalog.system import system_columns
from guanxi.kernel.fields.sealed import INDEX
from guanxi.kernel.storage.session import Session

MAX_INDEXES = 17  # more slow every write down (KD 17)
MAX_NAME = 63  # PostgreSQL cuts longer names


@dataclass(frozen=True, slots=True)
class Index:
    """One index of a table; `partial` holds live rows only, `trash` the others."""

    table: str
    columns: tuple[str, ...]
    unique: bool = False
    partial: bool = False
    trash: bool = False

    @property
    def name(self) -> str:
        """Readable and stable; a long one ends in a digest."""
        kind = "u" if self.unique else "t" if self.trash else "i"
        full = "_".join((kind, self.table, *self.columns))
        if len(full) <= MAX_NAME:
            return full
        return f"{full[: MAX_NAME - 9]}_{sha256(full.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Live:
    """What the database has: columns by table, and index names."""

    columns: dict[str, set[str]]
    indexes: set[str]


def plan(session: Session, objects: Iterable[Object], *, backing: bool = True) -> list[str]:
    """
    SQL that adds what these objects lack, in order; nothing is ever dropped or narrowed. Without `backing`,
    unique indexes are left for later: on a filled table they are made by a job after commit (KD 4).
    """
    live = inspect(session)
    statements: list[str] = []
    for obj in objects:
        statements.extend(_table(session, obj, live))
        wanted = [*indexes(obj), *(uniques(obj) if backing or obj.table not in live.columns else ())]
        statements.extend(create_index(session, i) for i in wanted if i.name not in live.indexes)
        statements.extend(_links(session, obj, live))
    return statements


def apply(session: Session, objects: Iterable[Object], *, backing: bool = True) -> list[str]:
    """Runs the plan in the session's transaction and returns it."""
    statements = plan(session, objects, backing=backing)
    for statement in statements:
        session.run(statement)
    return statements


def inspect(session: Session) -> Live:
    """Tables, columns and indexes of the workspace, in two statements."""
    if session.dialect == "sqlite":
        rows = session.rows(
            "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
        )
        names = session.rows("SELECT name FROM sqlite_master WHERE type = 'index'")
    else:
        schema = _schema(session)
        rows = session.rows(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relnamespace = ?::regnamespace AND c.relkind IN ('r', 'p') "
            "AND a.attnum > 0 AND NOT a.attisdropped",
            (schema,),
        )
        names = session.rows("SELECT indexname FROM pg_indexes WHERE schemaname = ?", (schema.strip('"'),))
    columns: dict[str, set[str]] = {}
    for table, column in rows:
        columns.setdefault(table, set()).add(column)
    return Live(columns, {name for (name,) in names})


def _schema(session: Session) -> str:
    """The quoted schema in front of the workspace's tables, as `Session.table` writes it."""
    head, dot, _ = session.table("x").rpartition(".")
    return head if dot else str(session.value("SELECT quote_ident(current_schema())"))


def sql_type(session: Session, storage: str) -> str:
    """The declared type of a column; text compares in byte order."""
    if storage == "INT":
        return "BIGINT"
    return "TEXT" if session.dialect == "sqlite" else 'TEXT COLLATE "C"'


def _table(session: Session, obj: Object, live: Live) -> Iterator[str]:
    name = session.table(obj.table)
    there = live.columns.get(obj.table)
    pairs = all_columns(obj)
    if there is None:
        lines = [_column(session, column, storage, obj) for column, storage in pairs]
        yield f"CREATE TABLE {name} (\n  " + ",\n  ".join(lines) + "\n)"
        return
    for column, storage in pairs:
        if column not in there:
            yield f'ALTER TABLE {name} ADD COLUMN "{column}" {sql_type(session, storage)}'


def _column(session: Session, column: str, storage: str, obj: Object) -> str:
    if column == "id":
        # The rowid itself on SQLite: one tree instead of two.
        return '"id" INTEGER PRIMARY KEY' if session.dialect == "sqlite" else '"id" BIGINT PRIMARY KEY'
    needed = column in system_columns(obj.kind) and column in {"version", "created_at", "updated_at"}
    return f'"{column}" {sql_type(session, storage)}' + (" NOT NULL" if needed else "")


def _links(session: Session, obj: Object, live: Live) -> Iterator[str]:
    for f in obj.fields:
        if f.type not in LINKED or (table := link_table(obj, f)) in live.columns:
            continue
        far = sql_type(session, LINKED[f.type])
        slim = " WITHOUT ROWID" if session.dialect == "sqlite" else ""
        yield (
            f'CREATE TABLE {session.table(table)} (\n  "a" BIGINT NOT NULL,\n  "b" {far} NOT NULL,\n'
            f'  PRIMARY KEY ("a", "b")\n){slim}'
        )
        yield create_index(session, Index(table, ("b", "a")))


def create_index(session: Session, index: Index, *, concurrently: bool = False) -> str:
    """The statement that makes an index; SQLite wants the schema before the index, PostgreSQL before the table."""
    unique = "UNIQUE " if index.unique else ""
    later = "CONCURRENTLY " if concurrently and session.dialect == "postgresql" else ""
    columns = ", ".join(f'"{column}"' for column in index.columns)
    live = ' WHERE "trashed_at" IS NULL' if index.partial else ' WHERE "trashed_at" IS NOT NULL' if index.trash else ""
    return f'CREATE {unique}INDEX {later}IF NOT EXISTS "{index.name}" ON {session.table(index.table)} ({columns}){live}'


def sort_column(obj: Object, name: str) -> str | None:
    """The column a sort by that field reads: its sort key if it has one; None if it cannot be sorted by."""
    if name in system_columns(obj.kind) and name not in {f.name for f in obj.fields}:
        return name
    f = next((f for f in obj.fields if f.name == name), None)
    if f is None:
        return None
    suffix = sort_suffix(f)
    return None if suffix is None else f.column + suffix


def indexes(obj: Object) -> list[Index]:
    """The indexes born with an object (KD 17): scopes, references, steps, sorts, list; most useful first, capped."""
    owned = obj.kind in {"record", "document"}
    scope: tuple[str, ...] = (
        ("owner", "team") if owned else ()
    )  # in an index: rows of others are passed over without being read
    if owned and obj.steps is not None and obj.steps.figures:
        scope += ("trashed_at",)  # counts and sums read no row at all
    wanted: list[tuple[str, ...]] = [("updated_at", "id", *scope)]
    if owned:
        wanted += [("owner", "updated_at", "id"), ("team", "updated_at", "id")]
    wanted += [_reference(f) for f in obj.fields if f.type in {"lookup", "user", "team"}]
    wanted += [(f.column + INDEX,) for f in obj.fields if f.encrypted and not f.unique]  # asked for by equality only
    columns = {f.name: f.column for f in obj.fields}
    if obj.steps is not None and obj.steps.field in columns:
        stage = columns[obj.steps.field]
        wanted.append((stage, "updated_at", "id", *scope, *_figures(obj, obj.steps)))
    wanted += _list_indexes(obj, scope)
    wanted += [(column, "id") for name in obj.sorts if (column := sort_column(obj, name)) not in {None, "updated_at"}]
    sorted_by = [f.name for f in obj.fields if f.rollup is not None and f.options.get("sortable")]
    wanted += [(column, "id") for name in sorted_by if (column := sort_column(obj, name)) is not None]
    room = MAX_INDEXES - 2 - len(uniques(obj))  # the primary key and the trash are among them
    found = [Index(obj.table, columns) for columns in _distinct(wanted)][:room]
    merged = [Index(obj.table, ("merged_into",), trash=True)] if owned else []  # no live row is in it
    return [*found, Index(obj.table, ("updated_at", "id"), trash=True), *merged]


def _figures(obj: Object, steps: Steps) -> list[str]:
    """Columns of a board's sums: they are added up from the index, not from every row of the table."""
    by_name = {f.name: f for f in obj.fields}
    named = [by_name[n] for n in (steps.amount, *steps.figures) if n in by_name and steps.figures]
    return [f.column + ("__b" if f.type == "money" else "") for f in named if f.type not in {"formula", *LINKED}]


def _reference(f: Field) -> tuple[str, ...]:
    """Type first where a lookup has several targets, so that one parent's children are one range."""
    if f.type == "lookup" and len(f.options.get("to", ())) > 1:
        return (f"{f.column}__o", f.column)
    return (f.column,)


def _list_indexes(obj: Object, scope: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Facets, the list's own order, and who may see it: one index answers a page for wide scopes."""
    order = sort_column(obj, obj.sort.lstrip("-")) or "updated_at"
    by_name = {f.name: f for f in obj.fields}
    facets = [by_name[n].column for n in obj.filters if n in by_name and by_name[n].type not in {"formula", *LINKED}]
    if obj.steps is not None and order == "updated_at":  # there is such an index of the steps already
        facets = [f for f in facets if f != by_name[obj.steps.field].column]
    lists = [(facets[0], order, "id", *scope)] if facets and scope else []
    if order != "updated_at":
        lists.insert(0, (order, "id", *scope))
    return lists


def _distinct(wanted: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Without doubles, and without an index that another one begins with."""
    unique = list(dict.fromkeys(wanted))
    return [w for w in unique if not any(o != w and o[: len(w)] == w for o in unique)]


def uniques(obj: Object) -> list[Index]:
    """Partial unique indexes behind `unique` fields and declared uniques: live rows only."""
    columns = {f.name: f.column for f in (*obj.fields,)}
    columns |= {name: name for name in system_columns(obj.kind) if name not in columns}
    singles = [f for f in obj.fields if f.unique and f.type != "formula"]
    groups: list[tuple[str, ...]] = [(f.column + (INDEX if f.encrypted else ""),) for f in singles]
    groups += [tuple(columns[n] for n in u.fields) for u in obj.unique if all(n in columns for n in u.fields)]
    return [Index(obj.table, group, unique=True, partial=True) for group in dict.fromkeys(groups)]
