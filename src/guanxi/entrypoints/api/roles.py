"""Roles for programs: what a change of a role's rights would do, before anybody saves it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.api.call import Call, reply
from guanxi.kernel.admin.role_change import MOST, RoleChange, preview_role
from guanxi.kernel.admin.roles import check_spec


def preview(call: Call) -> Response:
    """`POST /roles/{id}/preview` with `{"rights": {…}}`: who would gain and lose what. Nothing is changed."""
    rights, role = call.object().get("rights"), call.id()
    with call.reading() as work:
        catalog = work.catalog
        if not work.actor.rights.admin or role not in catalog.config["role"]:
            raise NotFound
        if not isinstance(rights, dict):
            raise BadInput(msg("Send the rights of the role as «rights»."))
        spec = well_formed(rights)
        check_spec(work, role, spec)
    change = preview_role(call.space, catalog, role, spec)
    return reply(told(change))


def well_formed(rights: dict[str, Any]) -> dict[str, Any]:
    """The rights if they have the shape that roles are stored in; BadInput otherwise."""
    objects, fields = rights.get("objects", {}), rights.get("fields", {})
    shape = (
        isinstance(objects, dict)
        and all(isinstance(said, dict) for said in objects.values())
        and isinstance(fields, dict)
        and all(isinstance(said, str) or _is_level(said) for said in fields.values())
        and all(isinstance(rights.get(name, []), list) for name in ("abilities", "includes"))
    )
    if not shape:
        raise BadInput(msg("«rights» has another shape than a role's: objects, fields, abilities, includes."))
    parts: tuple[str, ...] = ("objects", "fields", "abilities", "includes", "admin")
    return {name: rights[name] for name in parts if name in rights}


def _is_level(said: Any) -> bool:
    better = said.get("better", []) if isinstance(said, dict) else None
    return isinstance(better, list) and all(isinstance(one, list) and len(one) == 2 for one in better)


def told(change: RoleChange) -> dict[str, Any]:
    """The difference as JSON; `at_least`: more than counted, `over`: more than is counted at all."""
    return {
        "people": change.people,
        "complete": change.complete,
        "records": [
            {"object": r.object, "verb": r.verb, "gained": r.gained, "people": r.people, "records": r.records,
             "at_least": r.more, "over": r.more and r.records >= MOST}
            for r in change.records
        ],
        "fields": [
            {"object": f.object, "field": f.field, "people": f.people, "before": asdict(f.before),
             "after": asdict(f.after)}
            for f in change.levels
        ],
        "abilities": [
            {"ability": name, "gain": gain, "lose": lose} for name, (gain, lose) in change.abilities.items()
        ],
    }  # fmt: skip
