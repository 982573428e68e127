"""Figures of data quality by day: numbers only, no values."""

from __future__ import annotations

from guanxi.kernel.storage.tables import table

table(
    "quality_day",
    "object int key, cut text key, day int key, owner int key, team int key, source text key, name text key,"
    " looked int must, good int must",
)
"""`cut`: d = by owner, team and source (the newest day only), o = by owner and team, t = all together."""
