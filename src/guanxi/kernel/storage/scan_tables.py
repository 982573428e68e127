"""The reports of the weekly security check."""

from __future__ import annotations

from guanxi.kernel.storage.tables import table

table("scan_report", "id int key auto, at int must, body text must")
