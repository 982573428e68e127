"""What a check for duplicates finds: records the caller may see, and the bare fact of others."""

from __future__ import annotations

from dataclasses import dataclass, field

from guanxi.base.errors import Message


@dataclass(frozen=True, slots=True)
class Hit:
    """
    A record that is like the one asked about. `refused`: an equal key that must occur once; `blind`: it is like it
    only in fields that the caller sees masked or not at all.
    """

    id: int
    title: str
    score: int
    reasons: tuple[Message, ...]
    refused: bool = False
    row: int | None = None  # it is another row of the same list
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """One that the caller may not see: only whose team has it may be said. `id` and `owner` stay inside."""

    team: str
    id: int = field(repr=False)
    owner: int | None = field(repr=False)
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """All that is like one record, best first."""

    hits: tuple[Hit, ...] = ()
    hidden: tuple[Hidden, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hits or self.hidden)
