"""The kernel's own tables, in BIGINT and TEXT only, and how they are made (idempotent, add-only)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, MetaData, Table, Text, TextClause, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from guanxi.kernel.storage.session import Session, quote

INT = BigInteger().with_variant(Integer(), "sqlite")  # a single INTEGER key is SQLite's own row id: no second index
TEXT = Text().with_variant(Text(collation="C"), "postgresql")

KERNEL = MetaData()  # tables of a workspace
EPHEMERAL = MetaData()  # sessions, throttles: a second file on SQLite, the same schema on PostgreSQL


def table(name: str, spec: str, *indexes: Index, metadata: MetaData = KERNEL) -> Table:
    """
    A table from a line such as `"id int key, name text must, at int"`. `key` = part of the primary key,
    `must` = not null, `auto` = numbered by the database. Keys of several columns are stored in key order.
    """
    columns = [_column(part.split()) for part in spec.split(",")]
    keys = [c for c in columns if c.primary_key]
    by_key = len(keys) > 1 or not isinstance(keys[0].type, BigInteger)
    return Table(name, metadata, *columns, *indexes, sqlite_with_rowid=not by_key)


def _column(words: list[str]) -> Column[Any]:
    name, kind, *flags = words
    auto = (Identity(),) if "auto" in flags else ()
    return Column(
        name,
        INT if kind == "int" else TEXT,
        *auto,
        primary_key="key" in flags,
        nullable=not ("must" in flags or "key" in flags),
        autoincrement="auto" if "auto" in flags else False,
    )


def index(name: str, *columns: str | TextClause, unique: bool = False, where: str | None = None) -> Index:
    condition = text(where) if where else None
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


# --- catalogue ------------------------------------------------------------------------------------------------
table("meta_object", "id int key, name text must, table_name text must, custom int, retired int, overlay text")
table(
    "meta_field",
    "id int key, object int must, name text must, column_name text must, type text must, custom int, retired int,"
    " spec text",
    index("ix_meta_field_object", "object"),
)
table("meta_version", "version int key")  # one row
table("setting", "name text key, value text")
table("number_series", "name text key, next int must")

# --- log and feed (KD 1–3) --------------------------------------------------------------------------------------
table(
    "operation",
    "id int key, kind text must, state text must, actor int, entry text, cause text, undo_of int, at int must,"
    " note text",
    index("ix_operation_actor", "actor", "id"),
)
table(
    "change_set",
    "id int key, operation int must, parent int, depth int must, at int must",
    index("ix_change_set_operation", "operation", "id"),
    index("ix_change_set_parent", "parent", where="parent IS NOT NULL"),
)
table(
    "change",
    "set_id int key, n int key, object int must, record int must, version int must, op text must, old text,"
    " new text, salt text, leaf text must",
    index("ix_change_record", "record", "version"),
)
table("unsealed", "set_id int key, seq int auto must, digest text must, size int must", index("ix_unsealed_seq", "seq"))
table(
    "seal",
    "pos int key, set_id int must, size int must, digest text must, chain text must",
    index("ux_seal_set", "set_id", unique=True),
)
table("follower", "name text key, pos int must, failures int, retry_at int, error text")

# --- access, finding ----------------------------------------------------------------------------------------------
table(
    "grant_row",
    "principal int key, object int key, record int key, reason text key, level int must, until int",
    index("ix_grant_row_record", "record"),
)
table(
    "match_key",
    "object int key, kind text key, value text key, record int key",
    index("ix_match_key_record", "record"),
)
table(
    "token",
    "id int key, user int must, hash text must, prefix text must, scopes text, expires_at int, name text,"
    " last_used int, created_at int, revoked_at int",
    index("ux_token_hash", "hash", unique=True),
)
table("credential", "user int key, hash text must, changed_at int")

# --- jobs ---------------------------------------------------------------------------------------------------------
table(
    "job",
    "id int key auto, queue text must, kind text must, args text, status text must, run_at int must,"
    " lease_until int, attempts int must, max_attempts int must, worker text, token int, dedupe text,"
    " priority int must, error text, created_at int must, finished_at int, operation int, done int, total int,"
    " person int, wish text, started_at int, started_with int, keep text",
    index("ix_job_person", "person", "id", where="person IS NOT NULL"),
    index("ix_job_due", "queue", text("priority DESC"), "run_at", "id", where="status = 'ready'"),
    index("ix_job_running", "lease_until", where="status = 'running'"),
    index("ix_job_ended", "finished_at", where="status IN ('done', 'dead')"),
    index("ux_job_dedupe", "dedupe", unique=True, where="status = 'ready' AND dedupe IS NOT NULL"),
)
table("job_fault", "job int key, record int key, message text must")  # records a job of a person had to leave
table("schedule", "name text key, cron text must, zone text must, next_at int must")
table("schedule_fire", "name text key, due int key, at int must")

# --- other --------------------------------------------------------------------------------------------------------
table(
    "idempotency",
    "actor int key, key text key, hash text must, status int, answer text, at int must",
    index("ix_idempotency_at", "at"),
)
table(
    "file",
    "id int key, sha256 text must, name text must, type text must, size int must, created_at int must,"
    " created_by int, object int, record int, trashed_at int",
    index("ix_file_sha256", "sha256"),
    index("ix_file_record", "record"),
)

table("doctor_round", "at int key, body text must")  # what the doctor found, newest rounds only

# --- imports -------------------------------------------------------------------------------------------------------
table(
    "import_run",
    "id int key, object text must, file int, name text must, mapping text, state text must, actor int must,"
    " operation int,"
    " row int must, done int must, total int, created int must, updated int must, same int must, failed int must,"
    " duplicates int must, at int must, ended_at int, error text",
    index("ix_import_run_actor", "actor", "id"),
)
table(
    "import_fault",
    "run int key, row int key, code text must, field text, cells text must, errors text must, state text must",
)
table("import_patch", "run int key, row int key, cells text must")

# --- short-lived --------------------------------------------------------------------------------------------------
table(
    "web_session",
    "id text key, user int must, created_at int must, seen_at int must, expires_at int must, data text",
    index("ix_web_session_user", "user"),
    index("ix_web_session_expires", "expires_at"),
    metadata=EPHEMERAL,
)
table("throttle", "key text key, count int must, until int must", metadata=EPHEMERAL)
table("last_seen", "user int key, at int must", metadata=EPHEMERAL)
table("draft", "user int key, key text key, value text, at int must", metadata=EPHEMERAL)
table("view_as", "session text key, user int must, viewer int must, until int must", metadata=EPHEMERAL)


def create_kernel_tables(session: Session) -> None:
    """Make what is missing; called by `catalog.install` in a catalogue change."""
    create_tables(session, KERNEL)
    if session.dialect == "postgresql":
        create_tables(session, EPHEMERAL)


def create_tables(session: Session, metadata: MetaData) -> None:
    """Make the tables, columns and indexes that are missing. Never drops or changes anything."""
    if session.schema is not None and not session.value(
        "SELECT count(*) FROM pg_namespace WHERE nspname = ?", (session.schema,)
    ):
        session.run(f"CREATE SCHEMA IF NOT EXISTS {quote(session.schema)}")
    have = existing_columns(session)
    for made in _in_schema(metadata, session.schema):
        columns = have.get(made.name)
        if columns is None:
            session.run(_sql(session, CreateTable(made)))
        else:
            for column in made.columns:
                if column.name not in columns:
                    session.run(
                        f"ALTER TABLE {session.table(made.name)} ADD COLUMN {_sql(session, CreateColumn(column))}"
                    )
        for made_index in made.indexes:
            session.run(_sql(session, CreateIndex(made_index, if_not_exists=True)))


def existing_columns(session: Session) -> dict[str, set[str]]:
    """Columns by table, as the database has them now."""
    if session.dialect == "sqlite":
        found = session.rows(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
    else:
        found = session.rows(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE n.nspname = ? AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
            (session.schema,),
        )
    have: dict[str, set[str]] = {}
    for name, column in found:
        have.setdefault(name, set()).add(column)
    return have


@cache
def _dialects() -> dict[str, Any]:
    return {"sqlite": SQLiteDialect(), "postgresql": PGDialect()}  # type: ignore[no-untyped-call]  # has no types


def _in_schema(metadata: MetaData, schema: str | None) -> Iterable[Table]:
    if schema is None:
        return metadata.sorted_tables
    copy = MetaData(schema=schema)
    return [made.to_metadata(copy, schema=schema) for made in metadata.sorted_tables]


def _sql(session: Session, ddl: Any) -> str:  # Any: SQLAlchemy's DDL elements share no public base with compile()
    return str(ddl.compile(dialect=_dialects()[session.dialect])).strip()
