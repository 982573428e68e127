"""Bulk edits, sharing and handing over become verbs per object; before, a role had the one ability "bulk" for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from guanxi.base.i18n import L
from guanxi.kernel.access.rights import read_spec
from guanxi.kernel.admin.upgrades.step import Step
from guanxi.kernel.context import Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.session import Session

NEW_VERBS = ("bulk", "share", "transfer")


def is_old(spec: Mapping[str, Any]) -> bool:
    """A role from before: it says what may be edited, and nothing of the new verbs."""
    said = [verbs for verbs in spec.get("objects", {}).values() if "edit" in verbs]
    return bool(said) and not any(verb in verbs for verbs in said for verb in NEW_VERBS)


def renewed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """
    The same rights in the new form. Whoever edited records could hand them over and share them by editing, so both go
    as far as edits do; many at once only where the ability was. Everybody could print what they read. Fields had no
    masks, so whoever works with records may uncover them until an administrator decides otherwise.
    """
    abilities = list(spec.get("abilities", ()))
    objects = {}
    for name, verbs in spec.get("objects", {}).items():
        more: dict[str, str] = {}
        if "edit" in verbs:
            more = {"bulk": verbs["edit"] if "bulk" in abilities else "none"}
            more |= {"share": verbs["edit"], "transfer": verbs["edit"]}
        objects[name] = {**verbs, **more}
    works = any(verbs.get("edit", "none") != "none" for verbs in objects.values())
    kept = [a for a in abilities if a != "bulk"]
    kept += [a for a, fits in (("print", True), ("reveal", works)) if fits and a not in kept]
    return {**spec, "objects": objects, "abilities": kept}


def _count(session: Session) -> int:
    found = session.rows(f"SELECT rights FROM {session.table('role')} WHERE rights IS NOT NULL")
    return sum(is_old(read_spec(text)) for (text,) in found)


def _run(work: Work) -> None:
    changes = []
    for ident, row in work.catalog.config["role"].items():
        spec = read_spec(row["rights"])
        if is_old(spec):
            text = msgspec.json.encode(renewed(spec)).decode()
            changes.append(Change("edit", "role", {"rights": text}, id=ident))
    save(work, changes)


STEP = Step(
    1,
    "verbs",
    L("Roles say for each object who may edit many, share and hand over", "角色按对象说明谁能批量改、共享、转交"),
    _count,
    _run,
)
