"""The caller and the catalogue as the caller may see it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.base.i18n import Label
from guanxi.entrypoints.api.call import Call, reply
from guanxi.kernel.access.rights import ABILITIES, CLEAR, VERBS
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.fields.registry import operators_of
from guanxi.kernel.records.masks import may_become_edit, shown, veils
from guanxi.kernel.records.read import target_of


def read_me(call: Call) -> Response:
    """Whose token this is and what it may do."""
    call.params()
    with call.reading() as work:
        actor = work.actor
        row = work.catalog.config["user"][actor.user]
        told = {
            "id": str(actor.user),
            "name": actor.name,
            "email": row["email"],
            "team": str(actor.team) if actor.team else None,
            "language": actor.language,
            "zone": actor.zone,
            "admin": actor.rights.admin,
            "abilities": [name for name in ABILITIES if actor.rights.can(name)],
            "scopes": sorted(actor.scopes),
            "workspace": str(work.catalog.settings.get("name", "")),
            "currency": str(work.catalog.settings.get("currency", "CNY")),
        }
    return reply(told)


def visible_objects(work: Work) -> list[Object]:
    """Objects the caller may read any record of."""
    found = []
    for target in work.catalog.objects.values():
        try:
            found.append(target_of(work, target.name))
        except NotFound:
            continue
    return found


def list_objects(call: Call) -> Response:
    """Every object the caller may read."""
    call.params()
    with call.reading() as work:
        data = [object_json(work, target) for target in visible_objects(work)]
    return reply({"data": data})


def read_object(call: Call) -> Response:
    """One object with its fields."""
    call.params()
    with call.reading() as work:
        told = object_json(work, target_of(work, call.path("name")))
    return reply(told)


def object_json(work: Work, target: Object) -> dict[str, Any]:
    """Names in both languages, what the caller may do, fields as far as the caller may read them."""
    rights = work.actor.rights
    return {
        "name": target.name,
        "label": both(target.label),
        "plural": both(target.plural),
        "kind": target.kind,
        "title": target.title,
        "lines": list(target.lines),
        "parent": target.parent,
        "custom": target.custom,
        "may": {verb: rights.scope(target.name, verb) for verb in VERBS},
        "fields": [_field_json(work, target, f) for f in shown(work, target).values() if not f.hidden],
    }


def _field_json(work: Work, target: Object, field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": field.name,
        "type": field.type,
        "label": both(field.label),
        "required": field.required,
        "unique": field.unique,
        "read_only": field.read_only or work.actor.rights.level(target.name, field.name) != "edit",
        "custom": field.custom,
        "operators": list(operators_of(field)),
    }
    veil = veils(work, target).get(field.name)
    if veil is not None:
        told["masked"] = veil.right.level not in CLEAR
        told["read_only"] = field.read_only or not may_become_edit(work, target, field.name)
    if field.help is not None:
        told["help"] = both(field.help)
    if field.options.get("choices"):
        told["choices"] = [
            {"key": c.key, "label": both(c.label), "retired": c.retired} for c in field.options["choices"]
        ]
    if field.rollup is not None:
        told["rollup"] = {name: value for name, value in asdict(field.rollup).items() if value}
    for name in ("to", "max_length", "scale", "result", "formula"):
        if field.options.get(name) not in (None, ()):
            value = field.options[name]
            told[name] = list(value) if isinstance(value, tuple) else value
    return told


def both(label: Label) -> dict[str, str]:
    """A name in both languages."""
    return {"en": label.en, "zh-CN": label.zh}
