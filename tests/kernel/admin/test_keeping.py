"""Retention by tier, the anchors, and that the proof of both logs survives what is dropped."""

from __future__ import annotations

import os
from typing import Any

import pytest

from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.keeping import DAY, DAYS, anchor, clean, days_of, fault_of, keep
from guanxi.kernel.changes.access_log import Act, verify_access
from guanxi.kernel.changes.anchors import drop_anchor, read_anchors, verify_anchors
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.changes.log import history
from guanxi.kernel.imports import state
from guanxi.kernel.storage import files, idempotency
from tests import make


@pytest.fixture
def later(space: Any) -> Any:
    """A record with its history, three years ago."""
    with space.write(make.person(space)) as work:
        ident = make.made(work, "contact", name="Wang Fang")
        run = state.new_run(work, "contact", "old.csv")
        work.session.run(f"UPDATE {work.session.table('import_run')} SET state = 'done', ended_at = 1")
    state.keep_file(space, run, [b"name\nWang\n"])
    space.accesses.write([Act(space.clock(), "sign_in", 7)])
    seal(space.db)
    now = space.clock() + 1_000 * DAY
    space.clock = lambda: now
    return space, ident, run


def test_detail_shrinks_and_the_chain_holds(later: Any) -> None:
    space, ident, run = later
    with space.db.read() as session:
        catalog = space.catalog(session)
        target = catalog.object("contact")
        plain = {str(f.id) for f in target.fields if not f.history}
        before = verify(session)
    gone = keep(space)
    assert gone["access"] == 1
    assert gone["imports"] == 1
    assert not state.folder_of(space, run).exists()
    with space.db.read() as session:
        after = verify(session)
        assert (after.broken, after.why) == (0, "")
        assert after.sets == before.sets
        access = verify_access(session)
        assert (access.broken, access.dropped) == (0, 1)
        past = history(session, target.id, ident)
        assert past
        assert plain.isdisjoint(key for step in past for key in step.entry.new or {})
    assert keep(space) == {"log": 0, "access": 0, "imports": 0, "jobs": 0}


def test_who_looked_at_what_is_kept_half_a_year_whatever_is_set(space: Any) -> None:
    assert fault_of({"access": 179}) is not None
    assert fault_of({"access": 180, "imports": 1}) is None
    assert days_of({"keep": {"access": 1, "jobs": 3}}) == {**DAYS, "access": 180, "jobs": 3}


def test_rows_gone_before_their_time_show(space: Any) -> None:
    space.accesses.write([Act(space.clock(), "sign_in", 7)])
    with space.db.write() as session:
        session.run(f"DELETE FROM {session.table('access_log')}")
        session.run(f"UPDATE {session.table('access_seal')} SET dropped_at = 5")
    with space.db.read() as session:
        assert verify_access(session).why == "rows are gone before their time"


def test_a_rewritten_log_does_not_fit_its_anchor(space: Any) -> None:
    make.record(space, "contact", name="Wang Fang")
    anchor(space)
    make.record(space, "contact", name="Li Na")
    anchor(space)
    with space.db.read() as session:
        assert verify_anchors(session, space.anchors).anchors == 2
        assert verify_anchors(session, space.anchors).broken == ""
    with space.db.write() as session:  # everything after some point, cut off as a whole: the chain alone fits
        last = session.value(f"SELECT max(pos) FROM {session.table('seal')}")
        session.run(f"DELETE FROM {session.table('seal')} WHERE pos = ?", (last,))
    with space.db.read() as session:
        verdict = verify_anchors(session, space.anchors)
        assert verdict.why == "the log ends before it"
        drop_anchor(session, space.anchors, space.clock(), restored=True)
        assert verify_anchors(session, space.anchors).broken == ""
    assert len(space.anchors.read_bytes().splitlines()) == 3  # append-only
    assert len(read_anchors(space.anchors)) == 1


def test_what_killed_uploads_and_old_requests_left_goes(space: Any) -> None:
    """Contents that a row names stay, and so does what came in today: its transaction may still be open."""
    kept, lost, fresh = (files.store(space.folder, [text]) for text in (b"kept", b"lost", b"fresh"))
    with space.write(system("test")) as work:
        files.add(work.session, kept, id=space.ids.next(), name="a.txt", type="text/plain", by=None, at=work.now)
    half = space.folder / "files" / ".tmp-half"
    half.write_bytes(b"half")
    for place in (files.path_of(space.folder, kept.sha256), files.path_of(space.folder, lost.sha256), half):
        os.utime(place, (1, 1))
    with space.db.write() as session:
        idempotency.begin(session, 1, "old", "x")
        session.run(f"UPDATE {session.table('idempotency')} SET at = 1")
        idempotency.begin(session, 1, "new", "x")
    clean(space)
    there = [files.path_of(space.folder, blob.sha256).exists() for blob in (kept, lost, fresh)]
    assert (there, half.exists()) == ([True, False, True], False)
    with space.db.read() as session:
        assert session.rows(f"SELECT key FROM {session.table('idempotency')}") == [("new",)]
