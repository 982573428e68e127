"""What entering a stage sets in motion: its tasks for the owner, and a word to the team it calls for (C41)."""

from __future__ import annotations

from collections.abc import Sequence

from guanxi.apps.collaboration.reactions import QUIET, tell
from guanxi.base.dates import iso_datetime
from guanxi.kernel.context import Work
from guanxi.kernel.expr.unparse import quote
from guanxi.kernel.records.reactions import Event
from guanxi.kernel.records.read import find, rows_of
from guanxi.kernel.records.types import Change, Query, Row
from guanxi.kernel.records.write import save

DAYS = 3
"""A stage's tasks are due this many days after it was entered."""
DAY = 86_400_000_000


def plan_stage_work(work: Work, events: Sequence[Event]) -> None:
    """Lines of the stage's text that begin with "- " become tasks, each once per deal and stage."""
    for event in events:
        stage = work.catalog.config["stage"].get(event.new.get("stage") or 0)
        if event.entry in QUIET or stage is None or stage["kind"] != "open":
            continue
        deal = rows_of(work, "opportunity", [event.id], ("owner",)).get(event.id)
        if deal is None:
            continue
        _plan_tasks(work, event, stage, deal["owner"])
        team = work.catalog.config["team"].get(stage["helpers"] or 0)
        if team is not None and team["lead"] is not None and team["lead"] != event.actor:
            tell(work, {team["lead"]}, "stage", ("opportunity", event.id), event.actor, str(stage["name"]))


def tasks_of(stage: Row) -> list[str]:
    """The subjects a stage's text asks for."""
    lines = (line.strip() for line in (stage["tasks"] or "").splitlines())
    return [line[2:].strip()[:255] for line in lines if line.startswith("- ") and line[2:].strip()]


def _plan_tasks(work: Work, event: Event, stage: Row, owner: int | None) -> None:
    changes = []
    for subject in tasks_of(stage):
        where = f"about = {event.id} and subject = {quote(subject)}"
        if find(work, Query("task", where=where, fields=("id",), limit=1)).rows:
            continue
        values = {
            "subject": subject,
            "due_at": iso_datetime(work.now + DAYS * DAY),
            "about": {"object": "opportunity", "id": str(event.id)},
            "owner": str(owner) if owner else None,
        }
        changes.append(Change("create", "task", values))
    if changes:
        save(work, changes)
