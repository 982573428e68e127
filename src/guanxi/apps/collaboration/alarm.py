"""What administrators must hear of although nobody did it: a backup that failed."""

from __future__ import annotations

from collections.abc import Sequence

from guanxi.base.i18n import translate
from guanxi.kernel.access.actors import load_actor
from guanxi.kernel.admin.watch import Alert
from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

RULES = {
    "read": "{name} opened {n} records with sensitive values today",
    "list": "{name} listed {n} records with sensitive values today",
    "export": "{name} exported {n} records today",
    "reveal": "{name} uncovered {n} masked values today",
    "sign_in_failed": "{n} failed sign-ins within an hour: {name}",
    "night": "{name} read or exported {n} times at night",
}


def tell_failed_backup(work: Work, reason: str) -> None:
    """A notification for each administrator who may sign in."""
    _tell(work, translate("The backup failed: {reason}", work.language, reason=reason))


def tell_alerts(work: Work, alerts: Sequence[Alert]) -> None:
    """The same for each alert of the access log."""
    people = work.catalog.config["user"]
    for alert in alerts:
        known = people.get(alert.actor)
        name = known["name"] if known else translate("an unknown account", work.language)
        _tell(work, translate(RULES[alert.rule], work.language, name=name, n=alert.count))


def _tell(work: Work, text: str) -> None:
    people = [
        ident
        for ident, row in work.catalog.config["user"].items()
        if row["active"] and load_actor(work.catalog, ident).rights.admin
    ]
    values = {"kind": "system", "text": text[:255]}
    save(work, [Change("create", "notification", {**values, "owner": str(i)}) for i in people])
