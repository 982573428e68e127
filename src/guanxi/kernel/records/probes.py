"""What may be told of records out of sight: whose team has one like this, so often an hour, and noted each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guanxi.kernel.changes.access_log import note
from guanxi.kernel.records.hits import Found, Hidden, Hit

if TYPE_CHECKING:
    from guanxi.kernel.catalog.model import Object
    from guanxi.kernel.context import Work

HOUR = 3_600_000_000
"""µs"""
HINTS = 30  # an hour and person, unless an administrator set it


def hints(work: Work) -> bool:
    """Whether people learn at all that a record out of sight is there."""
    return bool(work.catalog.settings.get("duplicate_hints", True))


def veiled(work: Work, target: Object, found: Sequence[Found]) -> list[Found]:
    """
    What the caller may be told. Hints of records out of sight are counted, so that nobody can try out a list of
    phone numbers: past the limit they are left out, and the log says who went past it. So are hits that lie in fields
    the caller sees masked: else a mask could be guessed.
    """
    number = sum(1 for one in found if one.hidden or any(h.blind for h in one.hits))
    if not number:
        return list(found)
    told = hints(work)
    if told:
        limit = int(work.catalog.settings.get("duplicate_probes", HINTS))
        told = counted(work, f"hint:{work.actor.user}", number) <= limit
        kind = "right_used" if told else "alert"
        note(work.space, kind, work.actor.user, object=target.name, count=number, entry=work.entry,
             detail={"what": "duplicate_hint"})  # fmt: skip
    return list(found) if told else [Found(_open(one.hits), _silent(one.hidden)) for one in found]


def _open(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(hit for hit in hits if hit.refused or not hit.blind)


def _silent(hidden: Sequence[Hidden]) -> tuple[Hidden, ...]:
    """A refusal is told anyway, without the team: something must be said to whoever cannot save."""
    return tuple(Hidden("", one.id, one.owner, refused=True) for one in hidden if one.refused)


def counted(work: Work, key: str, number: int) -> int:
    """How many there were within the hour, these included; kept beside the records: a rollback does not undo it."""
    with work.space.db.ephemeral() as session:
        rows = session.rows(
            f'INSERT INTO {session.table("throttle")} AS k ("key", "count", "until") VALUES (?, ?, ?)'
            ' ON CONFLICT ("key") DO UPDATE SET'
            ' "count" = CASE WHEN k."until" <= ? THEN excluded."count" ELSE k."count" + excluded."count" END,'
            ' "until" = CASE WHEN k."until" <= ? THEN excluded."until" ELSE k."until" END RETURNING "count"',
            (key, number, work.now + HOUR, work.now, work.now),
        )
    return int(rows[0][0])
