"""What deals add up to on the account they are with."""

from __future__ import annotations

from guanxi.base.i18n import L
from guanxi.kernel.catalog.declare import rollup
from guanxi.kernel.catalog.model import Field

OPEN, WON = 'state = "open"', 'state = "won"'

ON_ACCOUNT: tuple[Field, ...] = (
    rollup("open_deals", L("Open deals", "进行中商机数"), "count", of="opportunity", via="account", where=OPEN),
    rollup(
        "open_amount", L("Open amount", "进行中金额"), "sum", of="opportunity", via="account", field="amount",
        where=OPEN, type="money",
    ),
    rollup("won_deals", L("Won deals", "赢单数"), "count", of="opportunity", via="account", where=WON),
    rollup(
        "won_amount", L("Won amount", "赢单金额"), "sum", of="opportunity", via="account", field="amount", where=WON,
        type="money", sortable=True,
    ),
    rollup(
        "last_won_on", L("Last won on", "最近赢单日期"), "max", of="opportunity", via="account", field="closed_on",
        where=WON, type="date",
    ),
)  # fmt: skip
