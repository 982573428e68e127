"""A person is erased everywhere: a marker in every field and copy, then every byte of home and database is searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guanxi.base.errors import BadInput, Conflict, Forbidden, NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.erasures import certificate, forget, preview, replay, run_bytes
from guanxi.kernel.admin.forget import Wish
from guanxi.kernel.admin.forgetters import FORGETTERS, NOTHING
from guanxi.kernel.changes.access_log import note, verify_access
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.imports import state
from guanxi.kernel.jobs.queue import enqueue
from guanxi.kernel.records.operations import operations
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from guanxi.kernel.storage import files
from guanxi.kernel.storage.tables import EPHEMERAL, KERNEL
from tests import make

MARK = "Zxqvorblat"  # one word, of letters only: words of names are learnt by heart
MAIL, NUMBER = "zxqvorblat@secret.example", "13987650421"


@pytest.fixture
def admin(space: Any) -> int:
    return make.person(space)


def every_value(work: Any) -> dict[str, Any]:
    """A contact with a value in each of its fields, the marker wherever text fits."""
    values = make.values(work, "contact", full=True)
    for field in work.catalog.object("contact").fields:
        if field.name in values and field.type in ("text", "long_text"):
            values[field.name] = f"{MARK} {field.name}"[: field.options.get("max_length", 200)]
        elif field.name in values and field.type == "phone":
            values[field.name] = NUMBER
        elif field.name in values and field.type == "tags":
            values[field.name] = [f"{MARK} tag"]
        elif field.name in values and field.type == "url":
            values[field.name] = f"https://example.com/{MARK}"
        elif field.name in values and field.type == "address":
            values[field.name] = {"country": "CN", "street": f"{MARK} Road 1"}
    return {**values, "name": MARK, "email": MAIL}


def planted(space: Any, admin: int) -> int:
    """The person, known in every corner: record, history, activity, file, search, draft, import, job, message."""
    with space.write(admin) as work:
        ident = save(work, [Change("create", "contact", every_value(work))]).id
        save(work, [Change("edit", "contact", {"name": f"{MARK} the Second"}, id=ident)])
        save(work, [Change("edit", "contact", {"name": MARK}, id=ident)])
    with space.write(admin) as work:
        about = {"object": "contact", "id": str(ident)}
        values = {**make.values(work, "call"), "subject": f"Call with {MARK}", "about": about, "notes": f"{MARK} said"}
        known = {f.name for f in work.catalog.object("call").fields}
        save(work, [Change("create", "call", {k: v for k, v in values.items() if k in known})])
        save(work, [Change("create", "notification", {"kind": "comment", "text": f"{MARK}: hello", "about": about,
                                                      "owner": str(admin)})])  # fmt: skip
        blob = files.store(space.folder, [f"a letter to {MARK}".encode()])
        stored = files.add(work.session, blob, id=space.ids.next(), name=f"{MARK}.txt", type="text/plain", by=admin,
                           at=work.now)  # fmt: skip
        files.attach(work.session, [stored.id], work.catalog.object("contact").id, ident)
        enqueue(work.session, "never", {"to": MAIL}, at=work.now + 10**12)
        run = state.new_run(work, "contact", "people.csv")
    state.keep_file(space, run, [f"name,email\nSomebody,a@b.example\n{MARK},{MAIL}\n".encode()])
    with space.db.write() as session:
        session.insert("import_fault", ("run", "row", "code", "field", "cells", "errors", "state"),
                       [(run.id, 3, "x", "email", f'["{MARK}","139 8765 0421"]', "[]", "open"),
                        (run.id, 2, "x", "email", '["Somebody","a@b.example"]', "[]", "open")])  # fmt: skip
        session.insert("job_fault", ("job", "record", "message"), [(1, 7, f"Looks like «{MARK}» (92).")])
        keep = f'{{"done": 3, "faults": [[7, "Looks like «{MARK}»"]]}}'
        session.run(f"UPDATE {session.table('job')} SET keep = ?", (keep,))
    (space.folder / "exports").mkdir(exist_ok=True)
    (space.folder / "exports" / "99").write_text(f"name,email\n{MARK},{MAIL}\n")
    with space.db.ephemeral() as session:
        session.insert("draft", ("user", "key", "value", "at"), [(admin, "form", f'{{"name":"{MARK}"}}', 1)])
    note(space, "read", admin, object="contact", record=ident, detail={"fields": ["mobile"]})
    space.accesses.flush()
    seal(space.db)
    follow(space.db, search_follower(space))
    return ident


def bytes_with(space: Any, needle: str) -> list[str]:
    """Where the needle stands: in any file of the home, in any column of any table."""
    found = [
        str(path.relative_to(space.folder))
        for path in Path(space.folder).rglob("*")
        if path.is_file() and needle.lower().encode() in path.read_bytes().lower()
    ]
    with space.db.read(timeout=60) as session:
        if session.dialect == "postgresql":
            tables = session.rows("SELECT tablename FROM pg_tables WHERE schemaname = ?", (session.schema,))
            for (name,) in tables:
                sql = f"SELECT count(*) FROM {session.table(name)} t WHERE t::text ILIKE ?"
                if session.value(sql, (f"%{needle}%",)):
                    found.append(name)
    return found


def test_nothing_of_a_person_is_left_anywhere(space: Any, admin: int) -> None:
    ident = planted(space, admin)
    assert bytes_with(space, MARK)
    assert bytes_with(space, NUMBER)
    lines: list[str] = []
    space.register_erasure = lines.append
    done = forget(space, admin, Wish("contact", ident, "person"))
    follow(space.db, search_follower(space))
    run_bytes(space, None)
    if space.db.dialect == "sqlite":  # readers' old pages go with them
        space.db.checkpoint()
    for needle in (MARK, MAIL, NUMBER, NUMBER[-8:], "letter to"):
        assert bytes_with(space, needle) == [], needle
    with space.db.read() as session:  # words learnt for typing errors, under themselves less a letter
        near = session.table("search_near")
        assert not session.rows(f"SELECT word FROM {near} WHERE variant LIKE '%zxqvorbla%' OR variant LIKE 'xqvorb%'")
    assert lines
    assert MARK not in lines[0]
    with space.db.read() as session:
        verdict = verify(session)
        assert (verdict.broken, verdict.why) == (0, "")
        assert verdict.erased
        assert verdict.requests == (done.id,)
        assert verify_access(session).broken == 0
        left = session.value(f"SELECT count(*) FROM {session.table('import_fault')}")
    assert left == 1  # the other row stays
    with space.read(admin) as work:
        row = get(work, "contact", ident, trashed=True)
        assert row["name"] in ("已抹除", "Erased")
        assert row["email"] is None
        kept = certificate(work, done.id)
    assert kept.bytes_at
    assert kept.digest == done.digest


def test_a_restored_backup_is_erased_again(space: Any, admin: int, tmp_path: Path) -> None:
    ident = planted(space, admin)
    lines: list[str] = []
    space.register_erasure = lines.append
    done = forget(space, admin, Wish("contact", ident))
    assert replay(space, lines) == 0  # nothing to do: it is known here
    with space.db.write() as session:  # what a backup from before looks like
        session.run(f"DELETE FROM {session.table('erasure')}")
        table = session.table("contact")
        session.run(f'UPDATE {table} SET "name" = ?, "email" = ?, "trashed_at" = NULL WHERE "id" = ?',
                    (MARK, MAIL, ident))  # fmt: skip
    assert replay(space, lines) == 1
    with space.read(system("test")) as work:
        row = get(work, "contact", ident, trashed=True)
        assert row["email"] is None
        assert certificate(work, done.id).id == done.id
    assert replay(space, lines) == 0


def test_the_preview_names_what_goes_and_what_stays(space: Any, admin: int) -> None:
    ident = planted(space, admin)
    other = make.record(space, "contact", name="Same Person", email=MAIL)
    found = preview(space, admin, Wish("contact", ident))
    assert found.texts["call"] == 1
    assert found.texts["notification"] == 1
    assert found.same == [("contact", other)]
    assert found.files == 1
    assert found.changes >= 3


def test_texts_may_stay_but_messages_go(space: Any, admin: int) -> None:
    ident = planted(space, admin)
    forget(space, admin, Wish("contact", ident, texts=False))
    with space.read(system("test")) as work:
        calls = find(work, Query("call", fields=("subject",))).rows
        assert any(MARK in (row["subject"] or "") for row in calls)
        assert not any(MARK in (row["text"] or "") for row in find(work, Query("notification")).rows)


def test_an_import_at_work_is_waited_for_and_nothing_is_registered(space: Any, admin: int) -> None:
    ident = planted(space, admin)
    lines: list[str] = []
    space.register_erasure = lines.append
    with space.db.write() as session:
        session.run(f"UPDATE {session.table('import_run')} SET state = 'running'")
    with pytest.raises(Conflict):
        forget(space, admin, Wish("contact", ident))
    assert lines == []


def test_only_administrators_erase_and_only_people(space: Any, admin: int) -> None:
    ident = make.record(space, "contact", name="Wang Fang", email="wang@example.com")
    seller = make.person(space, "sales")
    with pytest.raises(Forbidden):
        forget(space, seller, Wish("contact", ident))
    with pytest.raises(BadInput):
        forget(space, admin, Wish("product", 1))
    with pytest.raises(NotFound):
        forget(space, admin, Wish("contact", 12345))
    with pytest.raises(BadInput):
        forget(space, admin, Wish("contact", ident, "nobody"))


def test_an_erasure_is_not_undone(space: Any, admin: int) -> None:
    ident = make.record(space, "contact", admin, name="Wang Fang", email="wang@example.com")
    forget(space, admin, Wish("contact", ident))
    with space.read(admin) as work:
        erased = next(o for o in operations(work) if o.kind == "forget")
    with pytest.raises(Forbidden):
        undo(space, admin, erased.id)


def test_a_log_emptied_without_a_request_shows(space: Any, admin: int) -> None:
    ident = make.record(space, "contact", admin, name="Wang Fang")
    seal(space.db)
    with space.db.write() as session:
        table = session.table("change")
        session.run(f"UPDATE {table} SET old = NULL, new = NULL, salt = NULL WHERE record = ?", (ident,))
    with space.db.read() as session:
        assert "no request explains it" in verify(session).why


def test_every_kernel_table_has_an_answer() -> None:
    tables = {*KERNEL.tables, *EPHEMERAL.tables}
    assert tables - FORGETTERS.keys() - NOTHING == set()
    assert FORGETTERS.keys() & NOTHING == set()
