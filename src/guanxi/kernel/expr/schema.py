"""What an expression may know about fields (given by the catalogue side) and about the moment and the asker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from guanxi.kernel.expr.zones import Zone, zone
from guanxi.kernel.fields.base import Kind


@dataclass(frozen=True, slots=True)
class Link:
    """The table behind a set: `EXISTS (SELECT 1 FROM table WHERE a = id AND b = value)`; SQL pieces are quoted."""

    table: str
    a: str
    b: str
    id: str  # the record's id in the outer query
    numbers: bool = False  # b holds ids, not text


@dataclass(frozen=True, slots=True)
class Var:
    """
    A field as expressions see it.
      name     as written in the expression, for errors
      sql      its column in the query, quoted and qualified: `"r"."amount"`
      key      its key in a row of `find`
      choices  keys of a choice or multi-choice field; None = anything goes
      link     for sets
    """

    name: str
    kind: Kind
    sql: str
    key: str
    scale: int = 0
    choices: tuple[str, ...] | None = None
    link: Link | None = None


class Schema(Protocol):
    """The fields of one object for one reader; a field one may not read in clear does not exist (KD 21)."""

    def resolve(self, name: str) -> Var | None:
        """The field of that name or dotted path, None if there is none."""

    def names(self) -> Iterable[str]:
        """All names, to offer near ones."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A schema made of a plain list."""

    vars: dict[str, Var]

    def resolve(self, name: str) -> Var | None:
        return self.vars.get(name)

    def names(self) -> Iterable[str]:
        return self.vars


def fields(*found: Var) -> Fields:
    """Short form of `Fields`."""
    return Fields({v.name: v for v in found})


SHANGHAI = zone("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Bind:
    """Bound once per unit of work: the clock, the asker, the asker's zone. `my_teams` is the subtree."""

    today: int  # days since 1970-01-01 in `zone`
    now: int  # µs since 1970-01-01 UTC
    me: int | None = None
    my_team: int | None = None
    my_teams: tuple[int, ...] = ()
    zone: Zone = SHANGHAI
