"""The search index: a row of grams per record, under FTS5 on SQLite, a generated tsvector with GIN on PostgreSQL."""

from __future__ import annotations

from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import EPHEMERAL, index, table

table("search_doc", "record int key, object int must, doc text, grams text must")
table("search_near", "variant text key, word text key")  # Latin words under themselves less a letter: typos
table("search_state", "object int key, made_of text must, upto int")  # what the rows of an object were made of
table("rollup_state", "field int key, made_of text must, upto int")  # how far a roll-up was worked out, and by what
table(
    "recent",
    "user int key, object int key, record int key, at int must",
    index("ix_recent_at", "user", "at"),
    metadata=EPHEMERAL,
)


def create_search_index(session: Session) -> None:
    """Makes what is missing; `search_doc` itself is a kernel table."""
    if session.dialect == "sqlite":
        session.run(
            "CREATE VIRTUAL TABLE IF NOT EXISTS search_gram USING fts5(grams, content='search_doc',"
            " content_rowid='record', detail=none, columnsize=0,"
            " tokenize=\"unicode61 remove_diacritics 0 tokenchars '^'\")"
        )
        return
    doc = session.table("search_doc")
    session.run(
        f"ALTER TABLE {doc} ADD COLUMN IF NOT EXISTS g tsvector"
        " GENERATED ALWAYS AS (array_to_tsvector(string_to_array(grams, ' '))) STORED"
    )
    session.run(f"CREATE INDEX IF NOT EXISTS ix_search_doc_g ON {doc} USING gin (g) WITH (fastupdate = on)")
