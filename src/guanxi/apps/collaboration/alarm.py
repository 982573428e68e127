"""What administrators must hear of although nobody did it: a backup that failed."""

from __future__ import annotations

from guanxi.base.i18n import translate
from guanxi.kernel.access.actors import load_actor
from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


def tell_failed_backup(work: Work, reason: str) -> None:
    """A notification for each administrator who may sign in."""
    text = translate("The backup failed: {reason}", work.language, reason=reason)[:255]
    people = [
        ident
        for ident, row in work.catalog.config["user"].items()
        if row["active"] and load_actor(work.catalog, ident).rights.admin
    ]
    save(work, [Change("create", "notification", {"kind": "system", "text": text, "owner": str(i)}) for i in people])
