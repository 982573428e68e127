"""What follows from a deal's own values: state and probability from its stage, sums, dates, what a stage asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from guanxi.base.errors import msg
from guanxi.base.money import half_up
from guanxi.kernel.records.draft import Draft

MONEY = ("", "__c", "__b")
TAKEN_AS_THEY_ARE = ("import", "demo")  # what an old system did not ask for cannot be asked for now
Config = Mapping[str, Mapping[int, Mapping[str, Any]]]


def place_deal(draft: Draft) -> None:
    """A deal without a stage starts at the first one; its pipeline is that of its stage."""
    stages = draft.config["stage"]
    stage = stages.get(draft["stage"])
    wanted = draft["pipeline"]
    if stage is not None and (wanted is None or draft.changed("stage")):
        draft["pipeline"] = stage["pipeline"]
    elif stage is None or stage["pipeline"] != wanted:
        first = first_stage(draft.config, wanted)
        if first is not None:
            draft["stage"], draft["pipeline"] = first["id"], first["pipeline"]


def first_stage(config: Config, pipeline: int | None) -> Mapping[str, Any] | None:
    """The first open stage of a pipeline, or of the first pipeline in use."""
    if pipeline is None:
        live = [row for row in config["pipeline"].values() if row.get("active")]
        pipeline = min(live, key=lambda row: (row["position"] or 0, row["id"]))["id"] if live else None
    return next((row for row in stages_of(config, pipeline) if row["kind"] == "open"), None)


def stages_of(config: Config, pipeline: int | None) -> list[Mapping[str, Any]]:
    """Stages of a pipeline in use, in order."""
    rows = [row for row in config["stage"].values() if row["pipeline"] == pipeline and row.get("active")]
    return sorted(rows, key=lambda row: (row["position"] or 0, row["id"]))


def follow_stage(draft: Draft) -> None:
    """State, probability, path and dates follow the stage when it changes."""
    stage = draft.config["stage"].get(draft["stage"])
    if stage is None:
        return
    draft["state"] = stage["kind"]
    by_hand = draft["probability"] is not None and draft.changed("probability")
    if draft["probability"] is None or (draft.changed("stage") and not by_hand):
        draft["probability"] = stage["probability"]
    if not draft.changed("stage"):
        return
    if draft["stage_since"] is None or not draft.changed("stage_since"):
        draft["stage_since"] = draft.now
    passed = (draft["path"] or "").split()
    if str(stage["id"]) not in passed:
        draft["path"] = " ".join([*passed, str(stage["id"])])
    _date_close(draft, stage["kind"])


def _date_close(draft: Draft, kind: str) -> None:
    """A closed deal has the day it was closed; a reopened one forgets it and why."""
    if kind != "open":
        if draft["closed_on"] is None:
            draft["closed_on"] = draft.today
        return
    for column in ("closed_on", "close_reason", "lost_to"):
        draft[column] = None


def sum_deal(draft: Draft) -> None:
    """With product lines the amount is their sum; the weighted amount is amount × probability."""
    lines = [
        line
        for line in draft.lines.get("opportunity_line", ())
        if line["total"] is not None and line["trashed_at"] is None
    ]
    if lines:
        currencies = {line["total__c"] for line in lines}
        if len(currencies) > 1:
            draft.error("amount", msg("The lines are in different currencies. Use one currency per deal."))
            return
        draft["amount"] = sum(line["total"] for line in lines)
        draft["amount__c"] = currencies.pop()
        draft["amount__b"] = sum(line["total__b"] or 0 for line in lines)
        if draft["product"] is None:
            draft["product"] = max(lines, key=lambda line: line["total__b"] or 0)["product"]
    if draft["amount"] is None or draft["probability"] is None:
        for suffix in MONEY:
            draft["weighted" + suffix] = None
        return
    draft["weighted"] = half_up(draft["amount"] * draft["probability"], 10_000)
    draft["weighted__c"] = draft["amount__c"]
    draft["weighted__b"] = half_up((draft["amount__b"] or 0) * draft["probability"], 10_000)


def place_region(draft: Draft, facts: Mapping[str, Any]) -> None:
    """A deal lies in its account's region unless told otherwise."""
    account = facts["account"]
    if draft["region"] is None and account is not None:
        draft["region"] = account["region"]


def check_entry(draft: Draft) -> None:
    """What the stage requires must be there when it is entered; each missing field is named, to be asked in place."""
    stage = draft.config["stage"].get(draft["stage"])
    if stage is None:
        draft.error("stage", msg("There is no stage to start in. Set up a pipeline with an open stage first."))
        return
    if not draft.changed("stage") or draft.work.entry in TAKEN_AS_THEY_ARE:
        return
    fields = {field.name: field for field in draft.object.fields}
    for name in msgspec.json.decode(stage["requires"] or "[]"):
        field = fields.get(name)
        if field is not None and draft[field.column] is None:
            draft.error(
                name,
                msg("«{stage}» needs {field}.", stage=stage["name"], field=field.label),
                "stage_requires",
            )


def check_close(draft: Draft) -> None:
    """A deal lost by a person needs a reason: that is what the loss teaches."""
    lost = draft["state"] == "lost" and draft.changed("state")
    if lost and draft["close_reason"] is None and draft.work.entry not in TAKEN_AS_THEY_ARE:
        draft.error("close_reason", msg("Say why the deal was lost."), "stage_requires")
