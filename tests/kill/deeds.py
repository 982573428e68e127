"""What a process may be killed over: each deed is prepared, done (and killed), finished by the next process, judged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from guanxi.base.i18n import L
from guanxi.bootstrap import FOLLOWERS, JOBS
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.drafts import Draft, publish, read_draft, write_draft
from guanxi.kernel.admin.fields import add_field, retire_field
from guanxi.kernel.admin.objects import add_object
from guanxi.kernel.catalog.rows import FieldSpec
from guanxi.kernel.context import Space
from guanxi.kernel.duplicates.search import search_object
from guanxi.kernel.records import bulk, export_jobs, merge_links, search_rebuild
from guanxi.kernel.records import merge as merging
from guanxi.kernel.records import undo as undoing
from guanxi.kernel.records.bulk import BulkEdit, start_bulk
from guanxi.kernel.records.export_jobs import Wanted, finished, start_export
from guanxi.kernel.records.merge import Merge, merge
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo_jobs import start_undo
from guanxi.kernel.records.write import save
from tests import make

MANY = 60
Given = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """`prepare` before, `do` under fire, `judge` after the next process has worked everything off."""

    prepare: Callable[[Space, int], Given]
    do: Callable[[Space, Given], None]
    judge: Callable[[Space, Given], None]


def small_chunks(patch: pytest.MonkeyPatch) -> None:
    """Many transactions for few records, so that there is much to be killed between."""
    for module, name in ((bulk, "CHUNK"), (merging, "CHUNK"), (merge_links, "CHUNK"), (undoing, "CHUNK"),
                         (export_jobs, "PAGE"), (search_rebuild, "CHUNK")):  # fmt: skip
        patch.setattr(module, name, 13)


def work_off(space: Space) -> None:
    """A worker's rounds until nothing is left to do at once."""
    worker = Worker(lambda: [space], JOBS, FOLLOWERS)
    while worker.round():
        pass


def finish(space: Space) -> None:
    """The same after a kill: no lease is waited for; the dead one's connection may hold its locks for a moment."""
    deadline = time.monotonic() + 30
    while True:
        with space.db.write() as session:
            job = session.table("job")
            session.run(f"UPDATE {job} SET lease_until = 0 WHERE status = 'running'")
            session.run(f"UPDATE {job} SET run_at = 0 WHERE status = 'ready'")
        work_off(space)
        with space.read(system("judge")) as work:
            sql = f"SELECT kind, status, error FROM {work.session.table('job')} WHERE status <> 'done'"
            left = work.session.rows(sql)
        if not left:
            return
        assert time.monotonic() < deadline, left


def contacts(space: Space, actor: int, **values: Any) -> Given:
    turn = random.randrange(10**9)
    with space.write(actor) as work:
        rows = [{"name": f"王{n:03}", "email": f"p{n % 40}@example.com", "title": str(turn)} for n in range(MANY)]
        ids = save(work, [Change("create", "contact", row | values) for row in rows]).ids
    return {"actor": actor, "ids": ids, "turn": turn}


def clear(space: Space, given: Given) -> None:
    """The next round begins with few records."""
    with space.write(given["actor"]) as work:
        save(work, [Change("trash", "contact", id=ident) for ident in given["ids"]])


def ready(space: Space, actor: int, **values: Any) -> Given:
    """The same with everything that follows from it done."""
    given = contacts(space, actor, **values)
    finish(space)
    return given


def how_many(space: Space, actor: int, where: str) -> int:
    with space.read(actor) as work:
        return count(work, Query("contact", where), cap=10_000)[0]


def versions(space: Space, ids: tuple[int, ...]) -> set[int]:
    with space.read(system("judge")) as work:
        sql = f'SELECT "version" FROM {work.session.table("contact")} WHERE "id" >= ? AND "id" <= ?'
        return {v for (v,) in work.session.rows(sql, (min(ids), max(ids)))}


# --- the catalogue ----------------------------------------------------------------------------------------------
def add_a_field(space: Space, given: Given) -> None:
    name = f"size_{given['turn']}"
    with space.write(given["actor"], kind="catalog", catalog_change=True) as work:
        add_field(
            work, "contact", {"name": name, "type": "integer", "label": {"en": "Size", "zh": "规模"}, "default": 7}
        )
    work_off(space)


def field_is_whole(space: Space, given: Given) -> None:
    """There with its default on every record, or not there at all."""
    name = f"size_{given['turn']}"
    with space.read(given["actor"]) as work:
        there = any(f.name == name for f in work.catalog.object("contact").fields)
    if there:
        assert how_many(space, given["actor"], f"{name} = 7") == MANY


def add_an_object(space: Space, given: Given) -> None:
    label = {"en": "Thing", "zh": "东西"}
    fields = ({"name": "code", "type": "text", "label": label, "unique": True},
              {"name": "owner_of", "type": "links", "to": ["contact"], "label": label})  # fmt: skip
    with space.write(given["actor"], kind="catalog", catalog_change=True) as work:
        add_object(work, {"name": f"thing_{given['turn']}", "label": label, "fields": fields})
    work_off(space)


def object_is_whole(space: Space, given: Given) -> None:
    name = f"thing_{given['turn']}"
    with space.read(given["actor"]) as work:
        there = name in work.catalog.objects
    if there:
        with space.write(given["actor"]) as work:
            save(work, [Change("create", name, {"name": "One", "code": "1", "owner_of": [str(given["ids"][0])]})])


def publish_a_draft(space: Space, given: Given) -> None:
    actor, name = given["actor"], f"part_{given['turn']}"
    specs = [FieldSpec(name=f"{name}_{n}", type="text", label=L("Part", "部分")) for n in range(3)]
    write_draft(space.db, actor, "contact", Draft(add=specs), space.clock())
    draft = read_draft(space.db, actor, "contact")
    with space.write(actor, kind="catalog", catalog_change=True) as work:
        publish(work, "contact", draft)
    with space.write(actor, kind="catalog", catalog_change=True) as work:
        retire_field(work, "contact", f"{name}_0")


def draft_is_all_or_nothing(space: Space, given: Given) -> None:
    with space.read(given["actor"]) as work:
        names = {f.name for f in work.catalog.object("contact").fields}
    there = [f"part_{given['turn']}_{n}" in names for n in range(3)]
    assert there[1] == there[2]
    assert there[1] or not there[0]


# --- long work --------------------------------------------------------------------------------------------------
def edit_in_bulk(space: Space, given: Given) -> None:
    edit = BulkEdit("edit", "contact", f'title = "{given["turn"]}"', values={"department": f"D{given['turn']}"})
    start_bulk(space, given["actor"], edit, MANY)
    work_off(space)


def edited_once(space: Space, given: Given) -> None:
    touched = how_many(space, given["actor"], f'department = "D{given["turn"]}"')
    assert touched in (0, MANY)
    assert versions(space, given["ids"]) == {2 if touched else 1}


def changed_in_bulk(space: Space, actor: int) -> Given:
    given = contacts(space, actor, department="before")
    edit = BulkEdit("edit", "contact", 'department = "before"', values={"department": "after"})
    operation, _ = start_bulk(space, actor, edit, MANY)
    finish(space)
    return {**given, "operation": operation}


def undo_it(space: Space, given: Given) -> None:
    start_undo(space, given["actor"], given["operation"], edited="skip", total=MANY)
    work_off(space)


def undone_once(space: Space, given: Given) -> None:
    found = versions(space, given["ids"])
    assert found in ({2}, {3})
    left = how_many(space, given["actor"], f'department = "after" and title = "{given["turn"]}"')
    assert left == (MANY if found == {2} else 0)


def two_accounts(space: Space, actor: int) -> Given:
    with space.write(actor) as work:
        one, two = save(work, [Change("create", "account", {"name": f"甲{n}公司"}) for n in range(2)]).ids
    return {**ready(space, actor, account=str(two)), "one": one, "two": two}


def merge_them(space: Space, given: Given) -> None:
    with space.write(given["actor"], kind="merge") as work:
        merge(work, Merge("account", given["one"], (given["two"],)))
    work_off(space)


def merged_whole(space: Space, given: Given) -> None:
    """All links with the winner, or all where they were."""
    moved, left = (how_many(space, given["actor"], f"account = {given[which]}") for which in ("one", "two"))
    assert (moved, left) in ((MANY, 0), (0, MANY))


def export_them(space: Space, given: Given) -> None:
    start_export(space, given["actor"], Wanted("contact", fields=("name", "email")))
    work_off(space)


def exported_whole(space: Space, given: Given) -> None:
    with space.read(given["actor"]) as work:
        job = work.session.value(f"SELECT max(id) FROM {work.session.table('job')} WHERE kind = ?", (export_jobs.KIND,))
        if job is None:
            return
        lines = finished(work, job)[2].read_text("utf-8-sig").splitlines()[1:]
        assert len(lines) == count(work, Query("contact"), cap=100_000)[0]
        assert len(set(lines)) == len({line for line in lines if line})


def index_anew(space: Space, given: Given) -> None:
    search_rebuild.rebuild(space, everything=True)


def found_again(space: Space, given: Given) -> None:
    search_rebuild.rebuild(space)
    assert search_rebuild.drift(space) == []


def search_twins(space: Space, given: Given) -> None:
    search_object(space, "contact", full=bool(given["turn"] % 2))


def twins_found(space: Space, given: Given) -> None:
    """The same pairs as a search that nobody killed."""

    def pairs() -> list[Any]:
        with space.read(system("judge")) as work:
            sql = f"SELECT a, b, state FROM {work.session.table('duplicate_pair')} WHERE state = 'open' ORDER BY a, b"
            return work.session.rows(sql)

    search_object(space, "contact")
    found = pairs()
    search_object(space, "contact", full=True)
    assert found == pairs()
    assert found


def sell(space: Space, given: Given) -> None:
    """Deals come, grow, move to another account and go; a follower keeps the figures of both accounts."""
    one, two = str(given["one"]), str(given["two"])
    with space.write(given["actor"]) as work:
        rows = [{**make.values(work, "opportunity"), "account": one, "amount": str(n)} for n in range(20)]
        deals = save(work, [Change("create", "opportunity", row) for row in rows]).ids
    work_off(space)
    for n, deal in enumerate(deals):
        change = (Change("edit", "opportunity", {"amount": "1000"}, id=deal) if n % 3 == 0
                  else Change("edit", "opportunity", {"account": two}, id=deal) if n % 3 == 1
                  else Change("trash", "opportunity", id=deal))  # fmt: skip
        with space.write(given["actor"]) as work:
            save(work, [change])
        if n % 4 == 0:
            work_off(space)
    work_off(space)


def sold(space: Space, given: Given) -> None:
    """What `consistent` says of roll-ups is all there is to say."""


def six_accounts(space: Space, actor: int) -> Given:
    given = ready(space, actor)
    with space.write(actor) as work:
        wanted = [Change("create", "account", {"name": f"丙{n}公司"}) for n in range(6)]
        return {**given, "accounts": save(work, wanted).ids}


def call_them(space: Space, given: Given) -> None:
    for ident in given["accounts"]:
        about = {"object": "account", "id": str(ident)}
        with space.write(given["actor"]) as work:
            save(work, [Change("create", "call", {"subject": "Hi", "about": about, "at": "2026-01-05T08:00:00Z"})])
        work_off(space)


def reacted_once(space: Space, given: Given) -> None:
    """Each account with a call was touched by its reaction, and once only."""
    with space.read(system("judge")) as work:
        session, found = work.session, []
        for ident in given["accounts"]:
            calls = session.value(f'SELECT count(*) FROM {session.table("call")} WHERE "about" = ?', (ident,))
            sql = f'SELECT "version", "last_activity_at" IS NOT NULL FROM {session.table("account")} WHERE "id" = ?'
            found.append((calls, session.one(sql, (ident,))))
    assert all(row == (1 + calls, bool(calls)) for calls, row in found), found


def share_by_rule(space: Space, given: Given) -> None:
    to = {"object": "user", "id": str(given["actor"])}
    values = {"name": str(given["turn"]), "object": "contact", "level": "read", "to": to}
    with space.write(given["actor"]) as work:
        save(work, [Change("create", "sharing_rule", {**values, "condition": f'title = "{given["turn"]}"'})])
    work_off(space)


def shared_by_rule(space: Space, given: Given) -> None:
    """The rule with a grant for each record, or none of it."""
    with space.read(system("judge")) as work:
        rules = [i for i, r in work.catalog.config["sharing_rule"].items() if r["name"] == str(given["turn"])]
        sql = f'SELECT count(*) FROM {work.session.table("grant_row")} WHERE "reason" = ?'
        assert [work.session.value(sql, (f"r{i}",)) for i in rules] == [MANY] * len(rules)


DEEDS = {
    "reactions": Deed(six_accounts, call_them, reacted_once),
    "sharing rule": Deed(ready, share_by_rule, shared_by_rule),
    "roll-ups": Deed(two_accounts, sell, sold),
    "field added": Deed(ready, add_a_field, field_is_whole),
    "object added": Deed(ready, add_an_object, object_is_whole),
    "draft published": Deed(ready, publish_a_draft, draft_is_all_or_nothing),
    "bulk edit": Deed(ready, edit_in_bulk, edited_once),
    "undo": Deed(changed_in_bulk, undo_it, undone_once),
    "merge": Deed(two_accounts, merge_them, merged_whole),
    "export": Deed(ready, export_them, exported_whole),
    "search index": Deed(ready, index_anew, found_again),
    "search for duplicates": Deed(ready, search_twins, twins_found),
}
