"""What is known about possible duplicates: pairs with their score, decisions kept for ever, how far the search is."""

from __future__ import annotations

from guanxi.kernel.storage.tables import index, table

table(
    "duplicate_pair",
    "object int key, a int key, b int key, score int must, state text must, found_at int must, decided_by int,"
    " decided_at int",
    index("ix_duplicate_pair_open", "object", "score", where="state = 'open'"),
    index("ix_duplicate_pair_b", "b"),
)
"""a < b. `state`: open, or `apart` once somebody said that they are not the same."""
table(
    "duplicate_run",
    "object int key, rules text, since int must, full_at int, records int, pairs int, took int",
)
"""One row per object: the rules its keys were made by, and up to which change it was searched."""
