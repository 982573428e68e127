"""Both logs on one time line: filters, pages, report, who has read a record."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.changes.access_log import Act
from guanxi.kernel.changes.trail import Asked, readers, report, timeline
from tests import make

HOUR = 3_600_000_000


def filled(space: Any) -> tuple[int, int]:
    """One person, one record; two reads, a list and an export around it."""
    person = make.person(space)
    record = make.record(space, "contact", person, name="Wang Fang")
    now = space.clock()
    space.accesses.write(
        [
            Act(now - HOUR, "read", 9, "contact", record, 1, "form", "10.0.0.1", '{"fields":["mobile"]}'),
            Act(now, "read", person, "contact", record, 1, "api"),
            Act(now, "list", person, "contact", None, 50, "form"),
            Act(now, "export", person, "account", None, 3_410, "form"),
        ]
    )
    return person, record


def kinds(space: Any, **asked: Any) -> list[str]:
    with space.db.read() as session:
        return [trace.kind for trace in timeline(session, Asked(**asked))[0]]


def test_one_line_of_both_logs_with_filters(space: Any) -> None:
    person, record = filled(space)
    with space.db.read() as session:
        contact = space.catalog(session).object("contact").id
    everything = kinds(space, actor=person)
    assert set(everything) >= {"export", "list", "read", "edit"}
    assert kinds(space, kind="export") == ["export"]
    assert kinds(space, actor=9) == ["read"]
    assert kinds(space, record=record, object="contact", object_id=contact) == ["read", "edit", "read"] or kinds(
        space, record=record, object="contact", object_id=contact
    ) == ["read", "read", "edit"]
    assert set(kinds(space, object="account", object_id=1)) == {"export"}
    assert kinds(space, entry="api") == ["read"]
    assert kinds(space, until=space.clock() - HOUR // 2, source="access") == ["read"]
    assert "read" not in kinds(space, source="change")


def test_pages_miss_nothing_and_repeat_nothing(space: Any) -> None:
    filled(space)
    with space.db.read() as session:
        whole = [t.ident for t in timeline(session, Asked(), limit=200)[0]]
        seen: list[str] = []
        cursor = ""
        while True:
            page, cursor = timeline(session, Asked(), limit=2, cursor=cursor)
            seen += [t.ident for t in page]
            if not cursor:
                break
    assert seen == whole
    assert len(set(seen)) == len(seen)


def test_the_report_counts_by_person_and_kind(space: Any) -> None:
    person, record = filled(space)
    now = space.clock()
    with space.db.read() as session:
        lines = {
            (line.actor, line.kind): (line.times, line.records) for line in report(session, now - 9 * HOUR, now + HOUR)
        }
        assert lines[person, "export"] == (1, 3_410)
        assert lines[9, "read"] == (1, 1)
        assert lines[person, "edit"][0] == 1
        assert report(session, 0, 1) == []
        assert {(r.actor, r.times) for r in readers(session, "contact", record)} == {(9, 1), (person, 1)}
