"""KD 8 and 20: workspaces, hosts, due list; node numbers are leased so that ids never repeat."""

import threading

import pytest

from guanxi.base.errors import Conflict, NotFound
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.house import NODE_LEASE, House


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_workspaces_hosts_and_prefixes(house: House) -> None:
    house.add("acme", "sqlite:///acme/data.db", "acme")
    with pytest.raises(Conflict, match="acme"):
        house.add("acme", "x", "y")
    house.assign_host("CRM.Acme.cn", "acme")
    house.assign_host("crm.acme.cn", "acme")
    house.assign_prefix("gx_ab", "acme")
    assert (house.by_host("crm.acme.cn"), house.by_prefix("gx_ab"), house.by_host("other")) == ("acme", "acme", None)
    assert [w.name for w in house.workspaces()] == ["acme"]
    with pytest.raises(NotFound):
        house.workspace("nobody")


def test_eight_processes_get_eight_numbers_and_distinct_ids(house: House) -> None:
    nodes = []

    def lease(n: int) -> None:
        nodes.append(house.lease_node(f"process {n}"))

    threads = [threading.Thread(target=lease, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({node.ids.node for node in nodes}) == 8
    ids = [i for node in nodes for i in node.ids.take(5000)]
    assert len(set(ids)) == 40_000


def test_ids_go_on_after_a_crash_and_a_clock_set_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanxi.kernel.storage.house.NODES", 1)
    now = [1_800_000_000_000_000]
    house.database.clock = lambda: now[0]
    first = house.lease_node("a")
    seen = set(first.ids.take(10_000))
    with pytest.raises(Exception, match="in use"):
        house.lease_node("b")
    now[0] += NODE_LEASE + 1  # "a" crashed and never renewed
    second = house.lease_node("b")
    with pytest.raises(Conflict):
        house.renew_node(first)
    seen |= set(second.ids.take(10_000))
    house.renew_node(second)
    house.release_node(second)
    now[0] -= NODE_LEASE // 2  # the clock is set back
    third = house.lease_node("c")
    seen |= set(third.ids.take(10_000))
    assert len(seen) == 30_000


def test_a_thousand_idle_workspaces_cost_one_question(house: House) -> None:
    for n in range(1000):
        if n % 100 == 0:
            house.set_due(f"w{n}", 1000 + n)
    assert house.take_due(999) == []
    house.set_due("w500", 50)
    house.set_due("w500", 5000)  # an earlier wish stays
    assert house.take_due(1100) == ["w500", "w0", "w100"]
    assert house.take_due(1100) == []
