"""Reactions: events with old and new values, once per change-set, never for an undo, and an end to loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from guanxi.base.i18n import L
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog.model import App
from guanxi.kernel.context import Work
from guanxi.kernel.records.reactions import DEEPEST, Event
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save

SEEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = []


def watch(_work: Work, events: Sequence[Event]) -> None:
    SEEN.extend((e.name, dict(e.old), dict(e.new)) for e in events)


def rename_for_ever(work: Work, events: Sequence[Event]) -> None:
    save(work, [Change("edit", "account", {"name": f"{e.new['name']}x"}, id=e.id) for e in events if "name" in e.new])


def worked(space: Any, reactions: dict[str, Any]) -> Worker:
    space.apps = (*space.apps, App("watch", L("Watch", "看"), "Only for this test.", reactions=reactions))
    worker = Worker(lambda: [space], {})
    while worker.round():
        pass
    return worker


@pytest.fixture(autouse=True)
def _forget() -> None:
    SEEN.clear()


def test_events_name_what_changed(space: Any) -> None:
    with space.write(system("test")) as work:
        account = save(work, [Change("create", "account", {"name": "A"})]).id
    with space.write(system("test")) as work:
        operation = save(work, [Change("edit", "account", {"name": "B"}, id=account)]).operation
    undo(space, system("test"), operation)
    worker = worked(space, {"account.created": (watch,), "account.edited": (watch,), "account.undone": (watch,)})
    assert [name for name, _, _ in SEEN] == ["account.created", "account.edited"]
    assert (SEEN[1][1]["name"], SEEN[1][2]["name"]) == ("A", "B")
    assert worker.round() == 0


def test_a_loop_of_reactions_ends(space: Any) -> None:
    with space.write(system("test")) as work:
        account = save(work, [Change("create", "account", {"name": "A"})]).id
    with space.write(system("test")) as work:
        save(work, [Change("edit", "account", {"name": "B"}, id=account)])
    worked(space, {"account.edited": (rename_for_ever, watch)})
    assert 2 <= len(SEEN) <= DEEPEST + 1
