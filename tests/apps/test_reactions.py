"""Reactions of the collaboration app, called as the worker calls them."""

from __future__ import annotations

from functools import partial
from typing import Any

from guanxi.apps.collaboration.reactions import notify_comment, notify_owner, touch_records
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.feed import follow
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.reactions import Event, react_handler, reactions_follower
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.shares import share
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

ACTOR = system("test")


def event(name: str, ident: int, actor: int, new: dict[str, Any], entry: str = "form") -> Event:
    return Event(name, name.split(".")[0], ident, 1, 0, actor, 1, entry, {}, new)


def people(space: Space) -> tuple[int, int, int]:
    """A manager who sees all, a seller who sees own records, an outsider who sees none of them."""
    with space.write(ACTOR) as work:
        role = {row["key"]: str(ident) for ident, row in work.catalog.config["role"].items()}
        users = [("王晓明", "management"), ("李薇", "sales"), ("罗天宇", "sales")]
        changes = [
            Change("create", "user", {"name": n, "email": f"{i}@example.com", "roles": [role[r]], "active": True})
            for i, (n, r) in enumerate(users)
        ]
        manager, seller, outsider = save(work, changes).ids
    return manager, seller, outsider


def test_mention_tells_those_who_may_see_the_record_and_never_the_author(space: Space) -> None:
    manager, seller, outsider = people(space)
    with space.write(ACTOR) as work:
        account = save(work, [Change("create", "account", {"name": "禾木", "owner": str(seller)})]).id
        follow = {"person": str(seller), "about": {"object": "account", "id": str(account)}}
        save(work, [Change("create", "follow", follow)])
        ids = f'["{manager}","{seller}","{outsider}"]'
        new = {"about": [account, "account"], "mentions": ids, "excerpt": "看一下"}
        notify_comment(work, [event("comment.created", 1, manager, new)])
        rows = find(work, Query("notification")).rows
        assert [(r["owner"], r["kind"], r["text"]) for r in rows] == [(seller, "mention", "禾木: 看一下")]
        notify_comment(work, [event("comment.created", 2, manager, {**new, "mentions": None})])
        kinds = sorted(r["kind"] for r in find(work, Query("notification")).rows)
        assert kinds == ["comment", "mention"]
        notify_comment(work, [event("comment.created", 3, manager, new, entry="demo")])
        assert len(find(work, Query("notification")).rows) == 2


def test_help_in_time_is_told_to_the_helper_and_to_the_owner(space: Space) -> None:
    """A manager opens a deal of the team, comments, brings a helper in; the owner hears of both (C51)."""
    manager, seller, helper = people(space)
    with space.write(ACTOR) as work:
        account = save(work, [Change("create", "account", {"name": "禾木", "owner": str(seller)})]).id
    with space.write(manager) as work:
        share(work, "account", [account], ("user", helper), "read", role="方案")
        comment = {"about": {"object": "account", "id": str(account)}, "body": "我来帮一把"}
        save(work, [Change("create", "comment", comment)])
    follow(space.db, reactions_follower(space))
    while run_due(space.db, {"reaction": partial(react_handler, space)}, worker="t"):
        pass
    with space.read(ACTOR) as work:
        told = {(r["owner"], r["kind"]) for r in find(work, Query("notification")).rows}
    assert told == {(helper, "shared"), (seller, "helper"), (seller, "comment")}


def test_new_owner_is_told(space: Space) -> None:
    manager, seller, _ = people(space)
    with space.write(ACTOR) as work:
        account = save(work, [Change("create", "account", {"name": "禾木", "owner": str(seller)})]).id
        notify_owner(work, [event("account.edited", account, manager, {"owner": seller})])
        notify_owner(work, [event("account.edited", account, seller, {"owner": seller})])
        notify_owner(work, [event("account.edited", account, manager, {"name": "x"})])
        rows = find(work, Query("notification")).rows
        assert [(r["owner"], r["kind"]) for r in rows] == [(seller, "assigned")]


def test_a_call_is_the_last_contact_unless_there_was_a_later_one(space: Space) -> None:
    with space.write(ACTOR) as work:
        account = save(work, [Change("create", "account", {"name": "禾木"})]).id
        early, late = work.now - 2_000_000, work.now - 1_000_000
        for moment in (late, early, work.now + 9_000_000):
            new = {"at": moment, "about": [account, "account"], "account": account}
            touch_records(work, [event("call.created", 1, 0, new)])
        assert get(work, "account", account)["last_activity_at"] == late


def work_off(space: Space) -> None:
    """What the worker does: seal, follow, run what is due."""
    follow(space.db, reactions_follower(space))
    while run_due(space.db, {"reaction": partial(react_handler, space)}, worker="t"):
        pass


def test_comment_reaches_the_mentioned_colleague_through_the_feed(space: Space) -> None:
    manager, seller, _ = people(space)
    with space.write(manager) as work:
        account = save(work, [Change("create", "account", {"name": "禾木", "owner": str(manager)})]).id
    with space.write(manager) as work:
        about = {"object": "account", "id": str(account)}
        save(work, [Change("create", "comment", {"about": about, "body": "@李薇 你来跟吧"})])
        save(work, [Change("edit", "account", {"owner": str(seller)}, id=account)])
    work_off(space)
    work_off(space)
    with space.read(seller) as work:
        rows = find(work, Query("notification", where="owner = me()")).rows
        assert sorted(r["kind"] for r in rows) == ["assigned", "mention"]
        assert {r["by"] for r in rows} == {manager}
