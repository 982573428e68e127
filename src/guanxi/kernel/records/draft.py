"""One record while it is being saved: what it was, what it becomes, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import FieldError, Message
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.types import Change, Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


class Draft(Mapping[str, Any]):
    """
    What rules get: read with `draft["stage"]`, set with `draft["stage"] = …` (stored values by column name);
    `old` is the row before (None on create). A plain class, not a frozen value: filling it is its purpose.
    """

    __slots__ = ("change", "done", "errors", "index", "lines", "new", "object", "old", "version", "work")

    def __init__(self, work: Work, target: Object, change: Change, index: int, old: Row | None, new: Row) -> None:
        self.work, self.object, self.change, self.index, self.old, self.new = work, target, change, index, old, new
        self.errors: list[FieldError] = []
        self.lines: dict[str, list[Draft]] = {}
        self.done = "created" if old is None else "updated"
        self.version = 1 if old is None else int(old["version"])

    def __getitem__(self, column: str) -> Any:
        return self.new.get(column)

    def __iter__(self) -> Iterator[str]:
        return iter(self.new)

    def __len__(self) -> int:
        return len(self.new)

    def __setitem__(self, column: str, value: Any) -> None:
        self.new[column] = value

    @property
    def id(self) -> int:
        return int(self.new["id"])

    @property
    def now(self) -> int:
        """Microseconds UTC of this unit of work."""
        return self.work.now

    @property
    def today(self) -> int:
        """Days since 1970-01-01 in the caller's zone."""
        return self.work.today

    @property
    def actor(self) -> int:
        return self.work.actor.user

    @property
    def config(self) -> Mapping[str, Mapping[int, Row]]:
        """Rows of the config objects (stages, users, …) by object and id."""
        return self.work.catalog.config

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.work.catalog.settings

    def changed(self, column: str) -> bool:
        """Whether this save gives the column another value (on create: any value)."""
        before = None if self.old is None else self.old.get(column)
        return bool(self.new.get(column) != before)

    def error(self, field: str, message: Message, code: str = "invalid") -> None:
        """Refuses the record, naming the field."""
        self.errors.append(FieldError(field, code, message, self.index))

    def differences(self) -> Row:
        """Columns whose value differs from the stored row."""
        old = self.old or {}
        return {column: value for column, value in self.new.items() if old.get(column) != value}
