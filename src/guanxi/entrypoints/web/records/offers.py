"""What can be done with a record: the catalogue's actions that apply to it now, and following it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.records.desk import Desk
from guanxi.kernel.catalog.model import Action
from guanxi.kernel.records.filters import test_of
from guanxi.kernel.records.masks import without_masks
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query

FOLLOW_UP = "log_follow_up_"
QUIET = ("move_stage",)
"""Done by clicking the path."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One action as a button: `first` stands before the menu."""

    action: Action
    url: str
    follow_up: bool
    first: bool


def offers(desk: Desk) -> list[Offer]:
    """Actions on this object whose condition the record meets and whose right the reader has."""
    if desk.trashed:
        return []
    found = []
    for app in desk.work.catalog.apps:
        for action in app.actions:
            if action.object == desk.target.name and action.name not in QUIET and _applies(desk, action):
                follow_up = action.name.startswith(FOLLOW_UP)
                found.append(Offer(action, f"{desk.url}/do/{action.name}", follow_up, not follow_up))
    return found


def _applies(desk: Desk, action: Action) -> bool:
    if action.needs in ("edit", "delete") and action.needs not in desk.verbs:
        return False
    return not action.when or test_of(desk.work, desk.target, action.when)(without_masks(desk.row))


def action_of(desk: Desk, name: str) -> Action:
    """The action by name, if it applies now; NotFound otherwise."""
    for app in desk.work.catalog.apps:
        for action in app.actions:
            if action.name == name and action.object == desk.target.name and _applies(desk, action):
                return action
    raise NotFound


def followed(desk: Desk) -> int | None:
    """The id of the reader's follow of this record; 0 if not followed, None where nothing can be followed."""
    follow = desk.work.catalog.objects.get("follow")
    if follow is None or desk.target.name not in desk.work.catalog.field(follow, "about").options["to"]:
        return None
    rows = find(desk.work, Query("follow", where=f"about = {desk.id} and person = me()", fields=("id",), limit=1)).rows
    return int(rows[0]["id"]) if rows else 0


def input_names(action: Action) -> list[str]:
    """What the action asks for, the record itself left out."""
    return [f.name for f in dataclasses.fields(action.input) if f.name not in ("id", "version")]


def typed_input(action: Action, values: dict[str, Any]) -> Any:
    """Texts of a form as the action's frozen input; ValidationError where they do not fit."""
    return msgspec.convert(values, action.input, strict=False)
