"""What one pass over a file needs, and a row on its way through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from guanxi.base.errors import Message
from guanxi.kernel.imports.mapping import FileMap
from guanxi.kernel.imports.state import Run
from guanxi.kernel.imports.table import Line, TableFile
from guanxi.kernel.records.types import Change, Outcome
from guanxi.kernel.storage.session import Session


@dataclass(slots=True)
class Plan:
    """
    What one pass over the file needs, worked out once. `seen`: hashes of the keys of the file so far (8 bytes each
    instead of the keys themselves); `promised`: titles the file brings, which a rehearsal takes for existing.
    """

    run: Run
    table: TableFile
    map: FileMap
    target: str
    patches: dict[int, dict[str, str]]
    seen: set[int] = field(default_factory=set)
    promised: set[str] = field(default_factory=set)
    titles: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[int, int] | None = None  # live records by the hash of their key, if the key has no index
    again: bool = False  # rows handled before: their keys are their own
    last: bool = False  # deferred rows are not deferred again
    fence: Callable[[Session], None] | None = None


@dataclass(slots=True)
class Prepared:
    """One row on its way: its change, or why not."""

    line: Line
    cells: tuple[str, ...]
    values: dict[str, Any]
    errors: list[tuple[str, str, Message]] = field(default_factory=list)
    near: str = ""
    change: Change | None = None
    state: str = "open"


Handled = tuple[Prepared, Outcome | None]
