"""Named defaults of fields ("@me", "@today"): functions of the actor and the moment, not values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class ActorLike(Protocol):
    """The part of an actor that defaults look at (actors lie above the catalogue)."""

    @property
    def user(self) -> int: ...
    @property
    def teams(self) -> tuple[int, ...]: ...


class WorkLike(Protocol):
    """The part of a unit of work that defaults look at."""

    @property
    def actor(self) -> ActorLike: ...
    @property
    def now(self) -> int: ...
    @property
    def today(self) -> int: ...


DEFAULTS: Mapping[str, tuple[frozenset[str], Callable[[WorkLike], int | None]]] = {
    "@me": (frozenset({"user", "lookup"}), lambda work: work.actor.user or None),
    "@my_team": (frozenset({"team", "lookup"}), lambda work: next(iter(work.actor.teams), None)),
    "@today": (frozenset({"date"}), lambda work: work.today),
    "@now": (frozenset({"datetime"}), lambda work: work.now),
}
"""Name -> (field types it fits, function giving the *stored* value of the main column)."""


def named(default: object) -> bool:
    """Whether a field's default is one of the named ones rather than a raw value to parse."""
    return isinstance(default, str) and default in DEFAULTS


def value(default: str, work: WorkLike) -> int | None:
    """The stored value a named default has in this unit of work."""
    return DEFAULTS[default][1](work)
