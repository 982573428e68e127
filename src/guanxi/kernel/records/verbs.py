"""What the caller may do with one record, asked in one statement; for pages that offer only what will work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import reach
from guanxi.kernel.catalog.model import Object

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

VERBS = ("edit", "delete", "share", "transfer")


def verbs_on(work: Work, target: Object, ident: int) -> frozenset[str]:
    """Those of edit, delete, share and transfer that the caller may do with this record (live or not)."""
    rights = work.actor.rights
    named = rights.admin or target.kind != "config" or target.name in rights.objects
    asked = [v for v in VERBS if named and rights.scope(target.name, v) != "none"]
    if not asked or rights.admin:
        return frozenset(asked)
    texts: list[str] = []
    params: list[Any] = []
    for verb in asked:
        text, values = reach(work.session, work.catalog, work.actor, target, verb, work.now).condition()
        texts.append(f"CASE WHEN {text or '1 = 1'} THEN 1 ELSE 0 END")
        params += values
    sql = f'SELECT {", ".join(texts)} FROM {work.session.table(target.table)} r WHERE r."id" = ?'
    row = work.session.one(sql, [*params, ident]) or (0,) * len(asked)
    return frozenset(verb for verb, may in zip(asked, row, strict=True) if may)
