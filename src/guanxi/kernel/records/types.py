"""What goes into and comes out of `find` and `save`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from guanxi.base.errors import FieldError

Row = dict[str, Any]
"""Stored values by column name (docs/kernel.md §1)."""

Op = Literal["create", "edit", "trash", "restore"]


@dataclass(frozen=True, slots=True)
class Change:
    """
    One wish about one record. `values` are raw (JSON, form or CSV values by field name; None or "" clears).
    `version`: the version the caller saw (None: not checked). `lines`: the document's lines by line object;
    lines of an edited document that are not listed stay as they are.
    """

    op: Op
    object: str
    values: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None
    version: int | None = None
    lines: Mapping[str, Sequence[Change]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change: `id` and `done` ("created", "updated", "same", "trashed", "restored") or errors."""

    id: int | None
    done: str
    version: int = 0
    errors: tuple[FieldError, ...] = ()
    row: Row | None = field(default=None, repr=False, compare=False)  # as stored, by column


@dataclass(frozen=True, slots=True)
class Saved:
    """Outcomes in the order of the changes, and the operation that can be undone."""

    outcomes: tuple[Outcome, ...]
    operation: int
    similar: Mapping[int, Any] = field(default_factory=dict)  # by row: the `duplicates.Found` that stopped it

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(o.id for o in self.outcomes if o.id is not None)

    @property
    def id(self) -> int:
        """The record of a list of one."""
        (outcome,) = self.outcomes
        assert outcome.id is not None
        return outcome.id


@dataclass(frozen=True, slots=True)
class Query:
    """A question for a list. `where` is an expression; `fields` () means all one may read."""

    object: str
    where: str | Any | None = None
    fields: Sequence[str] = ()
    sort: Sequence[str] = ()
    limit: int = 50
    cursor: str | None = None
    trashed: bool = False
    text: str | None = None
    verb: Literal["read", "edit", "delete", "export", "bulk", "bulk_delete", "share"] = "read"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: rows by column name, cursors of the neighbours (None at the ends), the fields in it."""

    rows: list[Row]
    next: str | None
    previous: str | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a tally: stored key values, number of records, measures by name (stored scale)."""

    keys: tuple[Any, ...]
    count: int
    values: Mapping[str, int | None]
