"""One tap after a conversation: the activity, the next task, and the record's last contact and next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from guanxi.apps.collaboration.activity import ABOUT
from guanxi.base.dates import day_start, iso_datetime, parse_date
from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import Action
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import get, rows_of
from guanxi.kernel.records.types import Change, Row
from guanxi.kernel.records.write import save

Kind = Literal["call", "meeting", "visit", "mail", "note"]
Result = Literal["progress", "again", "no_answer", "wechat_sent"]
HOUR = 3_600_000_000
WITH_RESULT = ("call", "meeting", "visit")


@dataclass(frozen=True, slots=True)
class LogFollowUp:
    """What was done about the record `id` (of the object the action was called on), and what comes next."""

    id: int
    kind: Kind = "call"
    result: Result | None = None
    text: str | None = None
    next_on: str | None = None
    next_text: str | None = None
    contact: int | None = None
    task: int | None = None  # the task this settles
    visit: int | None = None  # the planned visit this was


@dataclass(frozen=True, slots=True)
class LoggedFollowUp:
    activity: int
    task: int | None
    operation: int


def log_follow_up(work: Work, about: str, input: LogFollowUp) -> LoggedFollowUp:
    """Everything in the caller's one operation: activity, next task, settled task, the record itself."""
    record = get(work, about, input.id)
    if not (input.text or input.result):
        text = msg("Say in a word what came of it: a result or a line of text.")
        raise Invalid(text, errors=(FieldError("text", "required", text),))
    link = {"object": about, "id": str(input.id)}
    contact = str(input.contact) if input.contact else None
    if input.contact is not None:
        get(work, "contact", input.contact)  # it is touched below past the caller's rights
    if input.visit is not None:
        values = _activity(work, replace(input, kind="visit"), link, contact)
        done = {name: values[name] for name in ("result", "body", "next_on", "state")}
        activity = save(work, [Change("edit", "visit", done, id=input.visit)]).id
    else:
        activity = save(work, [Change("create", input.kind, _activity(work, input, link, contact))]).id
    task = None
    if input.next_on:
        task = save(work, [Change("create", "task", _task(work, input, link, contact, record))]).id
    if input.task is not None:
        save(work, [Change("edit", "task", {"done": True}, id=input.task)])
    saved = save(work, [Change("edit", about, _touched(work, about, input, record), id=input.id)])
    _touch_customer(work, about, record, input.contact)
    return LoggedFollowUp(activity, task, saved.operation)


def _activity(work: Work, input: LogFollowUp, link: Mapping[str, str], contact: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "at": iso_datetime(work.now),
        "about": link,
        "contact": contact,
        "body": input.text,
        "next_on": input.next_on,
    }
    if input.kind in WITH_RESULT:
        values["result"] = input.result
    if input.kind == "visit":
        values["state"] = "done"
    return values


def _task(work: Work, input: LogFollowUp, link: Mapping[str, str], contact: str | None, record: Row) -> dict[str, Any]:
    due = day_start(parse_date(input.next_on, work.today), work.zone) + 10 * HOUR
    subject = input.next_text or input.text or record.get("name")
    kind = "call" if input.kind in ("call", "note") else input.kind
    return {
        "subject": str(subject).strip().splitlines()[0][:200],
        "kind": kind if kind in ("call", "mail", "visit") else "todo",
        "due_at": iso_datetime(due),
        "about": link,
        "contact": contact,
    }


def _touched(work: Work, about: str, input: LogFollowUp, record: Row) -> dict[str, Any]:
    """What the record itself learns from it."""
    values: dict[str, Any] = {"last_activity_at": iso_datetime(work.now)}
    if input.next_on:
        step = (input.next_text or input.text or "").strip()
        values["next_follow_up_on" if about == "lead" else "next_step_on"] = input.next_on
        if step:
            values["next_step"] = step.splitlines()[0][:255]
    if about == "lead":
        values["follow_ups"] = (record.get("follow_ups") or 0) + 1
    return values


def _touch_customer(work: Work, about: str, record: Row, contact: int | None) -> None:
    """A talk about a deal or with a person is also the last contact with their account and the person."""
    wanted = {"account": record.get("account"), "contact": contact or record.get("contact")}
    moment = {"last_activity_at": iso_datetime(work.now)}
    with work.as_system("last contact follows the follow-up"):
        for name, ident in wanted.items():
            if ident is not None and name != about and rows_of(work, name, [ident], ("id",)):
                save(work, [Change("edit", name, moment, id=ident)])


def _on(about: str) -> Action:
    def run(work: Work, input: LogFollowUp) -> LoggedFollowUp:
        return log_follow_up(work, about, input)

    return Action(
        f"log_follow_up_{about}",
        about,
        L("Log follow-up", "记跟进"),
        run,
        LogFollowUp,
        icon="message-plus",
    )


ACTIONS = tuple(_on(about) for about in ABOUT)
