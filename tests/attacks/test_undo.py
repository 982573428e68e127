"""Undo is no way around rights: not to records of others, not to a role one had, not to hidden values."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change, Row
from guanxi.kernel.records.undo import preview, undo
from guanxi.kernel.records.write import save
from tests import make
from tests.attacks.conftest import People


def account_of(space: Space, ident: int) -> Row:
    with space.read(system("test")) as work:
        return get(work, "account", ident, trashed=True)


def test_a_manager_undoes_nothing_outside_the_own_teams(space: Space, people: People) -> None:
    """`undo_others` is about operations of those one manages; what one cannot reach stays."""
    account = make.record(space, "account", people.bert, name="Old")
    with space.write(people.bert) as work:
        saved = save(work, [Change("edit", "account", {"name": "New"}, id=account)])
    told = preview(space, people.manager, saved.operation)
    assert (told.restored, told.trashed) == (0, 0)
    assert all(not clash.fields for clash in told.clashes)
    undo(space, people.manager, saved.operation, edited="take")
    assert account_of(space, account)["name"] == "New"


def test_taking_back_what_others_did_since_needs_the_right_to_edit(space: Space, people: People) -> None:
    account = make.record(space, "account", people.anna, name="One")
    with space.write(people.anna) as work:
        saved = save(work, [Change("edit", "account", {"name": "Two"}, id=account)])
    with space.write(people.admin) as work:
        save(work, [Change("edit", "account", {"name": "Secret", "owner": str(people.bert)}, id=account)])
    told = preview(space, people.anna, saved.operation, edited="take")
    assert "Secret" not in repr(told.clashes)
    undo(space, people.anna, saved.operation, edited="take")
    assert account_of(space, account)["name"] == "Secret"


def test_giving_a_record_away_can_still_be_taken_back(space: Space, people: People) -> None:
    account = make.record(space, "account", people.anna, name="One")
    with space.write(people.anna) as work:
        saved = save(work, [Change("edit", "account", {"owner": str(people.bert)}, id=account)])
    assert undo(space, people.anna, saved.operation).restored == 1
    assert account_of(space, account)["owner"] == people.anna


def test_undo_gives_no_role_back(space: Space, people: People) -> None:
    """Somebody who was administrator undoes, as a salesperson, what made them one no longer."""
    with space.read(system("test")) as work:
        roles = {row["key"]: str(i) for i, row in work.catalog.config["role"].items()}
    with space.write(people.admin) as work:
        saved = save(work, [Change("edit", "user", {"roles": [roles["sales"]]}, id=people.admin)])
    undo(space, people.admin, saved.operation)
    with space.read(people.admin) as work:
        assert not work.actor.rights.admin


def test_undoing_a_new_record_leaves_one_in_the_trash_as_it_is(space: Space, people: People) -> None:
    with space.write(people.anna) as work:
        saved = save(work, [Change("create", "account", {"name": "One"})])
    with space.write(people.anna) as work:
        save(work, [Change("trash", "account", id=saved.id)])
    before = account_of(space, saved.id)
    assert undo(space, people.anna, saved.operation).trashed == 0
    assert account_of(space, saved.id)["trashed_at"] == before["trashed_at"]
