"""What follows from deals: whoever bought is a customer."""

from __future__ import annotations

from collections.abc import Sequence

from guanxi.kernel.context import Work
from guanxi.kernel.records.reactions import Event
from guanxi.kernel.records.read import rows_of
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


def make_customers(work: Work, events: Sequence[Event]) -> None:
    """The account of a won deal is no prospect any more; other states are people's own choice."""
    won = [event.id for event in events if event.new.get("state") == "won"]
    deals = rows_of(work, "opportunity", won, ("account",)).values()
    accounts = sorted({deal["account"] for deal in deals if deal["account"] is not None})
    rows = rows_of(work, "account", accounts, ("status",))
    prospects = [ident for ident, row in rows.items() if row["status"] in (None, "prospect")]
    if prospects:
        save(work, [Change("edit", "account", {"status": "active"}, id=ident) for ident in prospects])


REACTIONS = {f"opportunity.{past}": (make_customers,) for past in ("created", "edited")}
