"""Who was given a merged record is given the winner: as shares of its own, so that un-merging takes just those back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guanxi.base.dates import iso_datetime
from guanxi.kernel.access.branches import pad
from guanxi.kernel.records.merge_links import Party
from guanxi.kernel.records.shares import can_share
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

ORDER = {"read": 1, "edit": 2}


def carry_shares(work: Work, party: Party) -> int:
    """Shares of the losers with whoever the winner is not shared with yet; the widest level and latest end count."""
    if not can_share(party.object):
        return 0
    grants, shares = work.session.table("grant_row"), work.session.table("share")
    everyone = pad((party.winner, *party.losers))
    columns = 's."record", s."to__o", s."to", s."level", s."role", s."until", s."by"'
    sql = (
        f'SELECT {columns} FROM {grants} g JOIN {shares} s ON g."reason" = \'s\' || s."id" AND s."record" = g."record"'
        f' WHERE g."object" = ? AND g."record" IN ({", ".join("?" * len(everyone))}) AND s."trashed_at" IS NULL'
    )
    rows = work.session.rows(sql, (party.object.id, *everyone))
    there = {(row[1], row[2]) for row in rows if row[0] == party.winner}
    wanted: dict[tuple[str, int], tuple[Any, ...]] = {}
    for row in rows:
        key = (row[1], row[2])
        if key not in there and (key not in wanted or _wider(row, wanted[key])):
            wanted[key] = row
    save(work, [_copy(party, row) for row in wanted.values()])
    return len(wanted)


def _wider(row: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    forever = 2**62
    return (ORDER[row[3]], row[5] or forever) > (ORDER[other[3]], other[5] or forever)


def _copy(party: Party, row: tuple[Any, ...]) -> Change:
    _, kind, to, level, role, until, by = row
    values = {
        "object": party.object.name,
        "record": party.winner,
        "to": {"object": kind, "id": str(to)},
        "level": level,
        "role": role,
        "until": iso_datetime(until) if until is not None else None,
        "by": str(by) if by is not None else None,
    }
    return Change("create", "share", values)
