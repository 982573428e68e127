"""A role carries its contact's name: it shows only to those who see the contact too."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests.apps.test_reactions import people


def test_a_role_shows_only_with_its_contact(space: Space) -> None:
    manager, seller, outsider = people(space)
    with space.write(system("test")) as work:
        account = save(work, [Change("create", "account", {"name": "禾木", "owner": str(seller)})]).id
        for name, owner in (("刘建国", seller), ("吴敏", outsider)):
            values = {"name": name, "mobile": "13800001234", "owner": str(owner)}
            contact = save(work, [Change("create", "contact", values)]).id
            about = {"object": "account", "id": str(account)}
            role = {"contact": str(contact), "about": about, "role": "finance"}
            save(work, [Change("create", "contact_role", role)])
    seen = {}
    for person in (manager, seller, outsider):
        with space.read(person) as work:
            rows = find(work, Query("contact_role", sort=("name",))).rows
            seen[person] = {row["name"] for row in rows}
    assert seen == {manager: {"刘建国", "吴敏"}, seller: {"刘建国"}, outsider: set()}
