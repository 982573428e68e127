"""What a person does with a deal: move it, win it, lose it, open it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guanxi.apps.sales.opportunity.rules import first_stage, stages_of
from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import Action
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change, Row, Saved
from guanxi.kernel.records.write import save


@dataclass(frozen=True, slots=True)
class MoveStage:
    """`values` are what the stage asks for, filled in at the gate."""

    id: int
    stage: int
    version: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WinOpportunity:
    id: int
    version: int | None = None
    amount: str | None = None
    closed_on: str | None = None
    close_reason: str | None = None
    close_note: str | None = None


@dataclass(frozen=True, slots=True)
class LoseOpportunity:
    id: int
    close_reason: str | None = None
    version: int | None = None
    lost_to: str | None = None
    closed_on: str | None = None
    close_note: str | None = None


@dataclass(frozen=True, slots=True)
class ReopenOpportunity:
    """Without a stage the deal goes back to the last open one it was in."""

    id: int
    stage: int | None = None
    version: int | None = None


def move_stage(work: Work, input: MoveStage) -> Saved:
    """Moves a deal; `Invalid` names every field that the stage still asks for (code `stage_requires`)."""
    deal = get(work, "opportunity", input.id)
    stage = work.catalog.config["stage"].get(input.stage)
    if stage is None or not stage.get("active"):
        raise _refuse("stage", "There is no such stage any more. Reload the board.")
    values = {key: value for key, value in input.values.items() if key not in ("stage", "pipeline")}
    return _edit(work, deal, {**values, "stage": str(input.stage)}, input.version)


def win_opportunity(work: Work, input: WinOpportunity) -> Saved:
    """Closes a deal as won, today unless told otherwise."""
    deal = get(work, "opportunity", input.id)
    given = {
        "amount": input.amount,
        "closed_on": input.closed_on,
        "close_reason": input.close_reason,
        "close_note": input.close_note,
    }
    return _close(work, deal, "won", given, input.version)


def lose_opportunity(work: Work, input: LoseOpportunity) -> Saved:
    """Closes a deal as lost; the reason is required."""
    deal = get(work, "opportunity", input.id)
    if not input.close_reason:
        raise _refuse("close_reason", "Say why the deal was lost.")
    given = {
        "close_reason": input.close_reason,
        "lost_to": input.lost_to,
        "closed_on": input.closed_on,
        "close_note": input.close_note,
    }
    return _close(work, deal, "lost", given, input.version)


def reopen_opportunity(work: Work, input: ReopenOpportunity) -> Saved:
    """Opens a closed deal again where it last was."""
    deal = get(work, "opportunity", input.id)
    if deal["state"] == "open":
        raise _refuse("state", "This deal is open already.")
    stage = input.stage or _last_open(work, deal)
    if stage is None:
        raise _refuse("stage", "This pipeline has no open stage. Choose a stage to reopen the deal in.")
    return _edit(work, deal, {"stage": str(stage)}, input.version)


def _close(work: Work, deal: Row, kind: str, given: Mapping[str, Any], version: int | None) -> Saved:
    if deal["state"] != "open":
        raise _refuse("state", "This deal is closed already. Reopen it first.")
    stage = next((row for row in stages_of(work.catalog.config, deal["pipeline"]) if row["kind"] == kind), None)
    if stage is None:
        raise _refuse("stage", "This pipeline has no stage for closed deals of that kind. Add one in the settings.")
    values = {name: value for name, value in given.items() if value is not None}
    return _edit(work, deal, {**values, "stage": str(stage["id"])}, version)


def _last_open(work: Work, deal: Row) -> int | None:
    """The last open stage on the deal's path, else the first of its pipeline."""
    stages = work.catalog.config["stage"]
    for ident in reversed((deal["path"] or "").split()):
        row = stages.get(int(ident))
        if row is not None and row["kind"] == "open" and row.get("active"):
            return int(ident)
    first = first_stage(work.catalog.config, deal["pipeline"])
    return None if first is None else int(first["id"])


def _edit(work: Work, deal: Row, values: Mapping[str, Any], version: int | None) -> Saved:
    return save(work, [Change("edit", "opportunity", values, id=deal["id"], version=version)])


def _refuse(name: str, text: str) -> Invalid:
    return Invalid(msg(text), errors=(FieldError(name, "invalid", msg(text)),))


ACTIONS = (
    Action("move_stage", "opportunity", L("Move to stage", "移到阶段"), move_stage, MoveStage, icon="arrow-right"),
    Action(
        "win_opportunity",
        "opportunity",
        L("Mark as won", "赢单"),
        win_opportunity,
        WinOpportunity,
        when='state = "open"',
        icon="trophy",
    ),
    Action(
        "lose_opportunity",
        "opportunity",
        L("Mark as lost", "丢单"),
        lose_opportunity,
        LoseOpportunity,
        when='state = "open"',
        icon="x",
    ),
    Action(
        "reopen_opportunity",
        "opportunity",
        L("Reopen", "重新打开"),
        reopen_opportunity,
        ReopenOpportunity,
        when='state != "open"',
        icon="rotate",
    ),
)
