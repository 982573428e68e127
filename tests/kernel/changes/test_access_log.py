"""The access log loses nothing, shows every alteration, and costs the request nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from guanxi.bootstrap import open_space
from guanxi.kernel.changes.access_log import Act, note, unwritten, verify_access


def acts_in(space: Any) -> list[tuple[Any, ...]]:
    with space.db.read() as session:
        sql = f"SELECT kind, actor, object, record, count, detail FROM {session.table('access_log')} ORDER BY pos, n"
        return [tuple(row) for row in session.rows(sql)]


def test_an_act_is_written_within_a_second(space: Any) -> None:
    note(space, "sign_in", 7, address="10.0.0.1")
    deadline = time.monotonic() + 3.0
    while not acts_in(space) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert acts_in(space) == [("sign_in", 7, "", None, 1, None)]


def test_at_once_means_before_it_returns(space: Any) -> None:
    note(space, "reveal", 7, object="contact", record=5, detail={"field": "mobile"}, at_once=True)
    assert acts_in(space) == [("reveal", 7, "contact", 5, 1, '{"field":"mobile"}')]


def test_closing_writes_what_waits(space: Any, space_url: str, tmp_path: Any) -> None:
    for n in range(50):
        note(space, "read", 7, object="contact", record=n)
    space.db.close()
    again = open_space(space_url, tmp_path / "space")
    assert len(acts_in(again)) == 50
    with again.db.read() as session:
        assert verify_access(session).acts == 50
    again.db.close()


def test_acts_wait_while_the_database_is_away(space: Any, space_url: str, tmp_path: Any, monkeypatch: Any) -> None:
    def fail(_acts: list[Act]) -> None:
        raise OSError("the database is away")

    note(space, "read", 7, object="contact", record=1)
    with monkeypatch.context() as broken:
        broken.setattr(space.accesses, "write", fail)
        note(space, "read", 7, object="contact", record=2)
        time.sleep(0.7)
        space.db.close()
    assert len(unwritten(tmp_path / "space")) == 1
    again = open_space(space_url, tmp_path / "space")
    note(again, "read", 7, object="contact", record=3)
    again.accesses.flush()
    assert sorted(row[3] for row in acts_in(again)) == [1, 2, 3]
    assert unwritten(tmp_path / "space") == []
    again.db.close()


@pytest.mark.parametrize(
    "crime",
    [
        "UPDATE {log} SET record = 9 WHERE n = 1",
        "DELETE FROM {log} WHERE n = 1",
        "DELETE FROM {log} WHERE pos = 2",
        "UPDATE {log} SET at = at + 1 WHERE n = 0",
        "DELETE FROM {seal} WHERE pos = 2",
        "UPDATE {seal} SET digest = chain WHERE pos = 1",
    ],
)
def test_every_alteration_shows(space: Any, crime: str) -> None:
    for _ in range(3):
        for n in range(3):
            note(space, "read", 7, object="contact", record=n)
        space.accesses.flush()
    with space.db.read() as session:
        assert verify_access(session).broken == 0
    with space.db.write() as session:
        session.run(crime.format(log=session.table("access_log"), seal=session.table("access_seal")))
    with space.db.read() as session:
        assert verify_access(session).broken
