"""Two at once: what one takes away must not be pointed at by the other, and a number is given once."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

from guanxi.base.errors import Invalid, Problem
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.attacks.conftest import People


def beside(act: Callable[[], Any]) -> tuple[Thread, list[Problem]]:
    """Runs in a thread; gives the thread and what it was refused with."""
    refused: list[Problem] = []

    def run() -> None:
        try:
            act()
        except Problem as problem:
            refused.append(problem)

    thread = Thread(target=run)
    thread.start()
    return thread, refused


def test_nothing_new_hangs_on_what_is_just_being_trashed(space: Space, people: People) -> None:
    account = make.record(space, "account", people.admin, name="Going")
    with space.write(people.admin) as work:
        save(work, [Change("trash", "account", id=account)])
        thread, refused = beside(lambda: make.record(space, "contact", people.admin, name="C", account=str(account)))
        time.sleep(0.4)
    thread.join()
    assert [type(problem) for problem in refused] == [Invalid]


def test_what_is_just_being_pointed_at_is_not_trashed(space: Space, people: People) -> None:
    parent = make.record(space, "product", people.admin, name="Pump")
    deal = make.record(space, "opportunity", people.admin, name="Deal")

    def trash() -> None:
        with space.write(people.admin) as work:
            save(work, [Change("trash", "product", id=parent)])

    with space.write(people.admin) as work:
        line = Change("create", "opportunity_line", {"product": str(parent)})
        save(work, [Change("edit", "opportunity", {}, id=deal, lines={"opportunity_line": [line]})])
        thread, refused = beside(trash)
        time.sleep(0.4)
    thread.join()
    assert [type(problem) for problem in refused] == [Invalid]
    with space.read(system("test")) as work:
        assert get(work, "product", parent)["trashed_at"] is None


def test_edits_of_a_record_do_not_wait_for_those_who_point_at_it(space: Space, people: People) -> None:
    """On PostgreSQL; SQLite has one writer at a time anyway."""
    account = make.record(space, "account", people.admin, name="Busy")
    if space.db.dialect == "sqlite":
        return

    def rename() -> None:
        with space.write(people.admin) as work:
            save(work, [Change("edit", "account", {"name": "Renamed"}, id=account)])

    with space.write(people.admin) as work:
        save(work, [Change("create", "contact", {"name": "C", "account": str(account)})])
        thread, refused = beside(rename)
        thread.join(5)
        assert not thread.is_alive()
    assert refused == []
