"""The addresses of data quality and of uses of people's data in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.paths import NUMBER, TEXT, listed, operation, parameter, response
from guanxi.entrypoints.api.schemas import ID
from guanxi.kernel.quality.checks import DIMENSIONS

SCORES = {"type": "object", "properties": {name: {"type": ["number", "null"]} for name in DIMENSIONS}}
CHECK = {
    "type": "object",
    "properties": {"name": TEXT, "dimension": {"type": "string", "enum": list(DIMENSIONS)}, "weight": NUMBER,
                   "looked": NUMBER, "good": NUMBER, "filter": {"type": ["string", "null"]}},
}  # fmt: skip
GROUP = {"type": "object", "properties": {"key": {"type": ["string", "null"]}, "records": NUMBER, "scores": SCORES}}
QUALITY = {
    "type": "object",
    "properties": {"object": TEXT, "day": {"type": "string", "format": "date"}, "records": NUMBER, "scores": SCORES,
                   "checks": {"type": "array", "items": CHECK}, "groups": {"type": "array", "items": GROUP}},
    "required": ["object", "day", "records", "scores", "checks"],
}  # fmt: skip


def quality_paths(language: str) -> dict[str, Any]:
    """The newest figures of what the caller sees."""
    by = {"type": "string", "enum": ["owner", "team", "source", "day"]}
    params = [parameter("object", TEXT), parameter("by", by)]
    made = operation("quality", render(msg("Data quality: how complete, accurate, real and fresh"), language),
                     tag="quality", answers={"200": response(listed(QUALITY))}, params=params)  # fmt: skip
    return {"/quality": {"get": made}}


USE = {
    "type": "object",
    "properties": {"object": TEXT, "ids": {"type": "array", "items": ID, "maxItems": 1000}, "purpose": TEXT,
                   "channel": TEXT, "data": {"type": "array", "items": TEXT}},
    "required": ["object", "ids", "purpose"],
    "additionalProperties": False,
}  # fmt: skip
USED = {
    "type": "object",
    "properties": {"allowed": {"type": "array", "items": ID},
                   "refused": {"type": "array", "items": {"type": "object", "properties": {"id": ID, "reason": TEXT}}}},
    "required": ["allowed", "refused"],
}  # fmt: skip


def use_paths(language: str) -> dict[str, Any]:
    """Whom one may address; asking is noted in the access log."""
    text = render(msg("Whose data may be used for a purpose, through a channel; noted in the access log"), language)
    made = operation("check_use", text, tag="uses", answers={"200": response(USED)}, body=USE)
    return {"/uses": {"post": made}}
