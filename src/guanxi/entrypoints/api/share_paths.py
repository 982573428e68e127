"""The addresses of shares in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.paths import FLAG, ID_PATH, TEXT, listed, operation, parameter, response
from guanxi.entrypoints.api.schemas import ID, MAYBE_ID
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.shares import TAKERS, can_share

MAYBE = {"type": ["string", "null"]}
TAKER = {"type": "object", "properties": {"object": {"type": "string", "enum": list(TAKERS)}, "id": ID},
         "required": ["object", "id"]}  # fmt: skip
LEVEL = {"type": "string", "enum": ["read", "edit"]}
WISH = {
    "type": "object",
    "properties": {"to": TAKER, "level": LEVEL, "until": {"type": ["string", "null"], "format": "date-time"},
                   "role": {"type": ["string", "null"], "maxLength": 40}},
    "required": ["to"],
    "additionalProperties": False,
}  # fmt: skip
GIVEN = {
    "type": "object",
    "properties": {"id": MAYBE_ID, "to": {"type": "object"}, "level": LEVEL, "role": MAYBE, "until": MAYBE,
                   "by": MAYBE_ID, "rule": MAYBE, "ended": FLAG},
}  # fmt: skip


def share_paths(target: Object, verbs: set[str], language: str) -> dict[str, Any]:
    """What can be done about whom a record is shared with; nothing where rights come from another record."""
    if not can_share(target):
        return {}
    name = target.name

    def op(do: str, text: Any, **rest: Any) -> dict[str, Any]:
        return operation(f"{do}_{name}", render(text, language), tag=name, **rest)

    every = {"get": op("shares", msg("Whom it is shared with"), params=[ID_PATH],
                       answers={"200": response(listed(GIVEN))})}  # fmt: skip
    if "share" not in verbs:
        return {f"/{name}/{{id}}/shares": every}
    every["post"] = op("share", msg("Share it"), params=[ID_PATH], body=WISH, writes=True,
                       answers={"201": response(GIVEN, "Created")})  # fmt: skip
    number = parameter("share", {**ID, **TEXT}, where="path", required=True)
    end = op("unshare", msg("No longer share it"), params=[ID_PATH, number], writes=True,
             answers={"204": {"description": "Taken back"}})  # fmt: skip
    return {f"/{name}/{{id}}/shares": every, f"/{name}/{{id}}/shares/{{share}}": {"delete": end}}
