"""Tables of the access log, its seals and alerts; of erasures; and of how far both logs were shortened (KD 3)."""

from __future__ import annotations

from guanxi.kernel.storage.tables import index, table

# `pos` is the batch, `n` the place in it. Rows go after their time; the seal of their batch stays for the chain.
table(
    "access_log",
    "pos int key, n int key, at int must, kind text must, actor int must, object text must, record int,"
    " count int must, entry text must, address text must, detail text, leaf text must",
    index("ix_access_log_at", "at", "actor", "kind", "count"),  # the report reads nothing else
    index("ix_access_log_actor", "actor", "at"),
    index("ix_access_log_kind", "kind", "at", "actor", "count"),  # nor do the alerts
    index("ix_access_log_object", "object", "at"),
    index("ix_access_log_record", "record", "at", where="record IS NOT NULL"),
)
table("access_seal", "pos int key, at int must, size int must, digest text must, chain text must, dropped_at int")
table(
    "access_alert",
    "rule text key, actor int key, day int key, at int must, count int must, allowed int must, seen_by int,"
    " seen_at int",
    index("ix_access_alert_at", "at"),
)
# What was erased on request; the report names no value of the person. `erasure_record` is what `audit verify` asks.
table(
    "erasure",
    "id int key, at int must, actor int must, object text must, record int must, asked_by text must, report text must,"
    " digest text must, bytes_at int",
    index("ix_erasure_at", "at"),
)
table("erasure_record", "object int key, record int key, erasure int must")
table("retention", "name text key, upto int must, at int must")  # log: set id; access: batch
