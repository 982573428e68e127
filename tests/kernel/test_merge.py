"""Merging and un-merging: values, links, history and old ids; a model in Python agrees with both engines (KD 14)."""

from __future__ import annotations

import random
from threading import Thread
from typing import Any

import msgspec
import pytest

from guanxi.base.errors import BadInput, Conflict, Forbidden, Invalid, NotFound, Problem
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.aliases import family, merged_here, winner_of, winners
from guanxi.kernel.records.merge import Merge, Merged, merge
from guanxi.kernel.records.merge_links import Party, count_links
from guanxi.kernel.records.operations import operation_info
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.shares import share
from guanxi.kernel.records.timeline import timeline
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.unmerge import newer
from guanxi.kernel.records.write import save
from guanxi.kernel.storage import files
from tests import make

SKIP = {"version", "updated_at", "updated_by"}


@pytest.fixture
def admin(space: Space) -> int:
    return make.person(space)


def account(space: Space, actor: int, **given: Any) -> int:
    return make.record(space, "account", actor, **given)


def do(space: Space, actor: int, winner: int, *losers: int, **more: Any) -> Merged:
    with space.write(actor, kind="merge") as work:
        return merge(work, Merge(more.pop("object", "account"), winner, losers, **more))


def everything(space: Space, *objects: str) -> dict[str, dict[int, dict[str, Any]]]:
    """All rows and link rows, without what every write moves on."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with space.read(system("test")) as work:
        for name in objects:
            target = work.catalog.object(name)
            columns = [c for c in work.catalog.columns(target) if c not in SKIP]
            listed = ", ".join(f'"{c}"' for c in columns)
            rows = work.session.rows(f"SELECT {listed} FROM {work.session.table(target.table)}")
            found[name] = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
        tags = work.session.rows(f"SELECT a, b FROM {work.session.table('m_account_tags')}")
        found["tags"] = {n: {"pair": pair} for n, pair in enumerate(sorted(tags))}
    return found


OBJECTS = ("account", "contact", "opportunity", "opportunity_line", "task", "comment", "follow", "relationship")


def surroundings(space: Space, actor: int, ident: int, n: int) -> None:
    contact = make.record(space, "contact", actor, name=f"Person {n}", account=str(ident))
    make.record(space, "opportunity", actor, name=f"Deal {n}", account=str(ident), contact=str(contact))
    about = {"object": "account", "id": str(ident)}
    make.record(space, "task", actor, subject=f"Call {n}", about=about)
    with space.write(system("test")) as work:
        save(work, [Change("create", "follow", {"person": str(actor), "about": about})])


def test_five_become_one_and_five_again(space: Space, admin: int) -> None:
    ids = [
        account(space, admin, name=f"远山 {n}", tags=[f"T{n}", "VIP"], website=f"https://{n}.example") for n in range(5)
    ]
    for n, ident in enumerate(ids):
        surroundings(space, admin, ident, n)
    before = everything(space, *OBJECTS)
    done = do(space, admin, ids[0], *ids[1:], values={"name": "远山自动化"}, chosen={"website": ids[3]})
    with space.read(admin) as work:
        row = get(work, "account", ids[0])
        assert row["name"] == "远山自动化"
        assert row["website"] == "https://3.example"
        assert row["tags"] == '["T0","T1","T2","T3","T4","VIP"]'
        for name, way in (("contact", "account"), ("opportunity", "account")):
            assert len(find(work, Query(name, f"{way} = {ids[0]}")).rows) == 5
        target = work.catalog.object("account")
        assert winners(work, target, ids) == dict.fromkeys(ids[1:], ids[0])
        assert family(work, target, ids[0]) == sorted(ids)
        assert {p.operation for p in merged_here(work, target, ids[0])} == {done.operation}
        shown = timeline(work, target, ids[0], limit=100).items
        assert sum(i.object == "task" for i in shown) == 5
        assert sum(i.step is not None and i.step.op == "create" for i in shown) == 5
        follows = work.session.value(
            f"SELECT count(*) FROM {work.session.table('follow')} WHERE about = ? AND trashed_at IS NULL", (ids[0],)
        )
        assert follows == 1  # one person follows one record once
        with pytest.raises(NotFound):
            get(work, "account", ids[2])
        assert not find(work, Query("account", trashed=True)).rows
    with space.write(admin) as work, pytest.raises(Problem, match="merged"):
        save(work, [Change("restore", "account", id=ids[2])])
    result = undo(space, admin, done.operation)
    assert not result.skipped
    assert everything(space, *OBJECTS) == before


def test_what_was_edited_since_stays_and_newer_links_are_offered(space: Space, admin: int) -> None:
    one, two = account(space, admin, name="A", phone=""), account(space, admin, name="B", phone="13800001111")
    contact = make.record(space, "contact", admin, account=str(two))
    deal = make.record(space, "opportunity", admin, account=str(two))
    done = do(space, admin, one, two)
    with space.write(admin) as work:
        save(work, [Change("edit", "account", {"phone": "13900002222"}, id=one)])
        other = make.made(work, "account", name="C")
        save(work, [Change("edit", "contact", {"account": str(other)}, id=contact)])
    fresh = make.record(space, "contact", admin, name="New one", account=str(two))  # by the old id
    with space.read(admin) as work:
        assert get(work, "contact", fresh)["account"] == one
        at = operation_info(work, done.operation).at
        assert [(n.object, n.id, n.title) for n in newer(work, done.operation, at)] == [("contact", fresh, "New one")]
    result = undo(space, admin, done.operation)
    assert result.skipped == 2  # the phone of the winner, the account of the contact
    with space.read(admin) as work:
        assert get(work, "account", one)["phone"] == "+8613900002222"
        assert get(work, "account", two)["phone"] == "+8613800001111"
        assert get(work, "contact", contact)["account"] == other
        assert get(work, "opportunity", deal)["account"] == two
        assert get(work, "contact", fresh)["account"] == one


def test_merges_of_merges_are_taken_back_last_first(space: Space, admin: int) -> None:
    a, b, c = (account(space, admin, name=n) for n in "ABC")
    contact = make.record(space, "contact", admin, account=str(a))
    before = everything(space, *OBJECTS)
    first = do(space, admin, b, a)
    second = do(space, admin, c, b)
    with space.read(admin) as work:
        target = work.catalog.object("account")
        assert winner_of(work, target, a) == c
        assert get(work, "contact", contact)["account"] == c
    with pytest.raises(Conflict):
        undo(space, admin, first.operation)
    taken = undo(space, admin, second.operation)
    with pytest.raises(Conflict):
        undo(space, admin, taken.undo)  # merging again is not an undo
    undo(space, admin, first.operation)
    assert everything(space, *OBJECTS) == before


def test_a_unique_value_may_change_its_owner(space: Space, admin: int) -> None:
    with space.read(admin) as work:
        name, unique = next(
            (o.name, f.name)
            for o in work.catalog.objects.values()
            for f in o.fields
            if o.kind == "record" and f.unique and not f.read_only and not f.required and f.type == "text"
        )
    one = make.record(space, name, admin, **{unique: ""})
    two = make.record(space, name, admin, **{unique: "U-77"})
    done = do(space, admin, one, two, object=name)
    with space.read(admin) as work:
        assert get(work, name, one)[unique] == "U-77"
    assert not undo(space, admin, done.operation).skipped
    with space.read(admin) as work:
        assert get(work, name, two)[unique] == "U-77"
        assert get(work, name, one)[unique] is None


def test_lines_come_from_one_document(space: Space, admin: int) -> None:
    def deal(name: str, *quantities: str) -> int:
        with space.write(admin) as work:
            given = [{"name": f"{name} {q}", "quantity": q, "price": "100"} for q in quantities]
            lines = [Change("create", "opportunity_line", line) for line in given]
            values = {**make.values(work, "opportunity"), "name": name}
            return save(work, [Change("create", "opportunity", values, lines={"opportunity_line": lines})]).id

    one, two = deal("One", "1", "2"), deal("Two", "5")
    before = everything(space, *OBJECTS)
    done = do(space, admin, one, two, object="opportunity", chosen={"opportunity_line": two})
    with space.read(admin) as work:
        rows = find(work, Query("opportunity_line", f"opportunity = {one}")).rows
        assert [r["quantity"] for r in rows] == [50_000]
        assert get(work, "opportunity", one)["amount"] == 500 * 10_000
    undo(space, admin, done.operation)
    after = everything(space, *OBJECTS)
    made = {i for i in after["opportunity_line"] if i not in before["opportunity_line"]}
    assert len(made) == 1
    assert all(after["opportunity_line"][i]["trashed_at"] for i in made)
    for ident in made:
        del after["opportunity_line"][ident]
    assert after == before


def test_rights(space: Space, admin: int) -> None:
    rep, colleague = make.person(space, "sales"), make.person(space, "sales")
    mine, also, theirs = account(space, rep), account(space, rep), account(space, colleague)
    with pytest.raises((NotFound, Forbidden)):
        do(space, rep, mine, theirs)
    with pytest.raises((NotFound, Forbidden)):
        do(space, rep, theirs, mine)
    with space.write(system("test")) as work:  # a deal of somebody else hangs on the loser: it moves, by the system
        contact = make.made(work, "contact", account=str(also), owner=str(colleague))
    with pytest.raises(BadInput):
        do(space, rep, mine, mine)
    with pytest.raises(BadInput):
        do(space, rep, mine, also, chosen={"nothing": also})
    done = do(space, rep, mine, also)
    with space.read(admin) as work:
        assert get(work, "contact", contact)["account"] == mine
        assert "merge" in operation_info(work, done.operation).cause


def test_shares_and_files_come_along_and_go_back(space: Space, admin: int) -> None:
    reader = make.person(space, "sales")
    one, two = account(space, admin), account(space, admin)
    with space.write(admin) as work:
        share(work, "account", [two], ("user", reader))
        blob = files.store(space.folder, [b"plan"])
        file = files.add(
            work.session, blob, id=space.ids.next(), name="a.txt", type="text/plain", by=admin, at=work.now
        )
        save(work, [Change("edit", "account", {"files": [str(file.id)]}, id=two)])
    done = do(space, admin, one, two)
    with space.read(reader) as work:
        assert get(work, "account", one)["files"] == f'["{file.id}"]'
        assert files.get(work.session, file.id).record == one
    undo(space, admin, done.operation)
    with space.read(reader) as work:
        assert get(work, "account", two)["files"] == f'["{file.id}"]'
        assert files.get(work.session, file.id).record == two
        with pytest.raises(NotFound):
            get(work, "account", one)


def test_a_merge_is_its_makers_own_to_take_back(space: Space, admin: int) -> None:
    rep, other = make.person(space, "sales_manager"), make.person(space, "sales")
    one, two = account(space, rep), account(space, rep)
    contact = make.record(space, "contact", rep, account=str(two))
    done = do(space, rep, one, two)
    with space.read(rep) as work:
        info = operation_info(work, done.operation)
        assert (info.actor, info.kind) == (rep, "merge")
    with pytest.raises(NotFound):
        undo(space, other, done.operation)
    assert not undo(space, rep, done.operation).skipped
    with space.read(rep) as work:
        assert get(work, "contact", contact)["account"] == two


def test_a_record_changed_meanwhile_stops_the_merge(space: Space, admin: int) -> None:
    one, two = account(space, admin), account(space, admin)
    with space.write(admin) as work:
        save(work, [Change("edit", "account", {"name": "Changed"}, id=two)])
    with pytest.raises(Conflict):
        do(space, admin, one, two, versions={one: 1, two: 1})
    do(space, admin, one, two, versions={one: 1, two: 2})


def test_two_at_once(space: Space, admin: int) -> None:
    """The same two records, each the winner in one of the merges: one of them goes through."""
    one, two = account(space, admin), account(space, admin)
    results: list[str] = []

    def run(winner: int, loser: int) -> None:
        try:
            do(space, admin, winner, loser)
            results.append("done")
        except Problem:
            results.append("refused")

    threads = [Thread(target=run, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "refused"]


def test_statements_do_not_grow_with_the_links(space: Space, admin: int) -> None:
    def cost(n: int) -> int:
        one, two = account(space, admin), account(space, admin)
        with space.write(admin) as work:
            save(work, [Change("create", "contact", {"name": f"P{i}", "account": str(two)}) for i in range(n)])
        with space.write(admin, kind="merge") as work:
            before = work.session.statements
            assert merge(work, Merge("account", one, (two,))).moved == n
            return work.session.statements - before

    assert cost(300) <= cost(2) + 3


def test_counts_are_of_what_one_sees(space: Space, admin: int) -> None:
    one, two = account(space, admin), account(space, admin)
    surroundings(space, admin, two, 1)
    with space.read(admin) as work:
        party = Party(work.catalog.object("account"), one, (two,))
        assert {"contact": 1, "opportunity": 1, "task": 1}.items() <= count_links(work, party).items()


@pytest.mark.parametrize("seed", range(3))
def test_random_merges_edits_and_unmerges_agree_with_a_model(space: Space, admin: int, seed: int) -> None:
    """Accounts, contacts that point at them; merges of merges, moves and un-merges in any order that is allowed."""
    dice = random.Random(seed)
    accounts = [account(space, admin, name=f"A{n}") for n in range(7)]
    contacts = [make.record(space, "contact", admin, account=str(dice.choice(accounts))) for _ in range(10)]
    with space.read(admin) as work:
        points = {c: get(work, "contact", c)["account"] for c in contacts}
    alias: dict[int, int] = {}
    done: list[tuple[int, int, list[int], dict[int, int]]] = []  # operation, winner, losers, contacts that moved
    for _ in range(25):
        live = [a for a in accounts if a not in alias]
        step = dice.random()
        if step < 0.4 and len(live) > 2:
            winner, *losers = dice.sample(live, dice.choice((2, 2, 3)))
            moved = {c: a for c, a in points.items() if a in losers}
            done.append((do(space, admin, winner, *losers).operation, winner, losers, moved))
            alias.update(dict.fromkeys(losers, winner))
            points.update(dict.fromkeys(moved, winner))
        elif step < 0.7:
            contact, to = dice.choice(contacts), dice.choice(accounts)  # by an old id too
            with space.write(admin) as work:
                save(work, [Change("edit", "contact", {"account": str(to)}, id=contact)])
            while to in alias:
                to = alias[to]
            points[contact] = to
        elif done:
            operation, winner, losers, moved = done.pop()
            undo(space, admin, operation)
            for loser in losers:
                del alias[loser]
            points.update({c: a for c, a in moved.items() if points[c] == winner})
        with space.read(admin) as work:
            assert {c: get(work, "contact", c)["account"] for c in contacts} == points
            assert winners(work, work.catalog.object("account"), accounts).keys() == alias.keys()


def limited(space: Space, name: str, **spec: Any) -> int:
    """Somebody who works on all accounts and contacts, but for what `spec` says."""
    verbs = dict.fromkeys(("create", "read", "edit", "delete"), "all")
    rights = msgspec.json.encode({"objects": {"*": verbs}, **spec}).decode()
    with space.write(system("test")) as work:
        role = save(work, [Change("create", "role", {"name": name, "rights": rights})]).id
        values = {"name": name, "email": f"{name}@example.com", "roles": [str(role)]}
        return save(work, [Change("create", "user", values)]).id


def test_merging_gives_nothing_away_without_the_verb_transfer(space: Space, admin: int) -> None:
    who = limited(space, "keeper")
    mine, theirs = account(space, who), account(space, admin)
    for wish in ({"values": {"owner": str(admin)}}, {"chosen": {"owner": theirs}}):
        with pytest.raises((BadInput, Forbidden, Invalid)):
            do(space, who, mine, theirs, **wish)
    done = do(space, who, mine, theirs)
    with space.read(admin) as work:
        assert get(work, "account", done.winner)["owner"] == who


def test_merging_lifts_no_mask(space: Space, admin: int) -> None:
    """What is clear on one's own records only does not become clear by merging somebody else's into them."""
    fields = {"contact.mobile": {"level": "masked", "better": [["owner = me", "edit"]]}}
    who = limited(space, "merger", fields=fields)
    theirs = make.record(space, "contact", admin, name="赵敏", mobile="13900001111")
    with space.write(who) as work:
        mine = save(work, [Change("create", "contact", {"name": "赵敏"})]).id
    done = do(space, who, mine, theirs, object="contact")
    with space.read(who) as work:
        assert "13900001111" not in str(get(work, "contact", mine))
        assert "13900001111" not in str(timeline(work, work.catalog.object("contact"), mine, limit=50))
    undo(space, who, done.operation)
    with space.read(admin) as work:
        assert get(work, "contact", theirs)["mobile"] == "+8613900001111"


def test_merging_names_no_record_out_of_sight(space: Space, admin: int) -> None:
    """Typed values are judged as the caller's, though the system does the rest."""
    verbs = dict.fromkeys(("create", "read", "edit", "delete"), "all")
    who = limited(space, "narrow", objects={"contact": verbs, "account": {"read": "own", "create": "all"}})
    hidden, seen = account(space, admin), account(space, who)
    one, two = (make.record(space, "contact", who, name="赵敏") for _ in range(2))
    for wrong in (hidden, 12345):
        with pytest.raises(Invalid):
            do(space, who, one, two, object="contact", values={"account": str(wrong)})
    done = do(space, who, one, two, object="contact", values={"account": str(seen)})
    with space.read(who) as work:
        assert get(work, "contact", done.winner)["account"] == seen
