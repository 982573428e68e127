"""Mends what the doctor finds, as far as it is derived: nothing of it is anybody's own entry."""

from __future__ import annotations

from guanxi.kernel.context import Space
from guanxi.kernel.records import rollup_fill, search_rebuild


def mend(space: Space) -> dict[str, int]:
    """Everything derived made anew, while people work on: how many records changed (roll-ups) or were made (search)."""
    return {
        "rollups": rollup_fill.fill(space, everything=True),
        "search": search_rebuild.rebuild(space, everything=True),
    }
