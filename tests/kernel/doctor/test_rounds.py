"""The doctor finds what was damaged behind the log's back, and is content with a healthy company."""

from __future__ import annotations

import pytest

from guanxi.apps.samples.load import load_samples
from guanxi.bootstrap import FOLLOWERS
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.rounds import examine, last_round
from guanxi.kernel.jobs.queue import enqueue
from tests import make


@pytest.fixture
def company(space: Space) -> Space:
    make.record(space, "sharing_rule", name="All", object="account", condition='name != "x"',
                to=f"team:{make.record(space, 'team', name='East')}", level="read", active=True)  # fmt: skip
    account = make.record(space, "account", name="Alder & Finch")
    make.record(space, "contact", name="Ann", account=str(account), tags=["vip", "east"])
    make.record(space, "opportunity", name="Line two", account=str(account))
    settle(space)
    return space


def settle(space: Space) -> None:
    seal(space.db)
    for make_follower in FOLLOWERS:
        follow(space.db, make_follower(space))


def damaged(space: Space, sql: str) -> dict[str, tuple[str, ...]]:
    """What is found after a statement past the kernel; `{name}` is a table."""
    with space.db.write() as session:
        session.run(sql.format_map(Tables(session.table)))
    return {f.check: f.wrong for f in examine(space) if not f.well}


class Tables(dict[str, str]):
    def __init__(self, name: object) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, key: str) -> str:
        return str(self.name(key))  # type: ignore[operator]  # Session.table


def test_a_healthy_company_has_no_findings(company: Space) -> None:
    found = examine(company)
    assert [f for f in found if not f.well] == []
    assert sum(f.looked for f in found if f.check in ("log", "keys", "references")) > 10
    at, kept = last_round(company) or (0, [])
    assert at
    assert [f.check for f in kept] == [f.check for f in found]


def test_the_sample_company_is_healthy(space: Space) -> None:
    load_samples(space)
    settle(space)
    assert [f for f in examine(space, 200) if not f.well] == []


@pytest.mark.parametrize(
    ("sql", "check", "says"),
    [
        ("UPDATE {account} SET name = 'Other Ltd'", "log", "name differs from the log"),
        ("UPDATE {account} SET version = 7", "log", "version 7, log 1"),
        ("UPDATE {account} SET name__k = 'zz'", "keys", "sort key of name"),
        ("DELETE FROM {m_contact_tags} WHERE b = 'vip'", "keys", "rows of tags"),
        ("UPDATE {opportunity} SET account = 5", "references", "account points at nothing"),
        ("UPDATE {search_doc} SET grams = 'ob1'", "search", "account"),
        ("DELETE FROM {match_key}", "matches", "account"),
        ("DELETE FROM {grant_row}", "grants", "account"),
        ("DELETE FROM {seal} WHERE pos = 1", "seal", "positions, the last is"),
    ],
)
def test_damage_past_the_log_is_found(company: Space, sql: str, check: str, says: str) -> None:
    found = damaged(company, sql)
    assert any(says in line for line in found[check]), found


def test_jobs_that_gave_up_and_lost_files_are_told(company: Space) -> None:
    with company.db.write() as session:
        ident = enqueue(session, "broken", {})
        session.run(f"UPDATE {session.table('job')} SET status = 'dead' WHERE id = ?", (ident,))
        row = (9, "ab" * 32, "a.pdf", "application/pdf", 5, 1)
        session.insert("file", ("id", "sha256", "name", "type", "size", "created_at"), [row])
    found = {f.check: f.wrong for f in examine(company) if not f.well}
    assert found == {"files": ("file 9",), "jobs": ("1 × broken",)}
