"""Asking the owner of a record one may not see; nobody learns more than that it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guanxi.base.errors import TooMany, msg
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.matching.objects import REQUEST
from guanxi.kernel.records.duplicates import look
from guanxi.kernel.records.probes import HOUR, counted, hints
from guanxi.kernel.records.types import Change, Row
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.catalog.model import Object
    from guanxi.kernel.context import Work

ASKS = 10  # an hour and person


def ask_owners(work: Work, target: Object, row: Row) -> int:
    """Asks those who have records like this one for them, without saying who they are; gives how many were asked."""
    (found,) = look(work, target, [row])
    hidden = [one for one in found.hidden if one.owner] if hints(work) else []
    if counted(work, f"ask:{work.actor.user}", 1) > ASKS:
        raise TooMany(msg("You have asked often in this hour. Try again later."), retry_after=HOUR // 1_000_000)
    person = work.actor.user
    with work.as_system("asking for a record out of sight"):
        save(
            work,
            [
                Change("create", REQUEST, {"object": target.name, "record": one.id, "person": str(person),
                                           "keeper": str(one.owner)})
                for one in hidden
            ],
        )  # fmt: skip
    note(work.space, "right_used", person, object=target.name, count=len(hidden), entry=work.entry,
         detail={"what": "asked_for_record"})  # fmt: skip
    return len(hidden)
