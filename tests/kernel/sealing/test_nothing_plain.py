"""No value of an encrypted field lies anywhere in plain: tables, write-ahead logs, files of imports and exports."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from io import StringIO
from typing import Any

import pytest

from guanxi.base.errors import BadInput, Invalid, Problem
from guanxi.kernel.access import second_factor
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mending import mend, replace_value, write_failed
from guanxi.kernel.imports.run import check, execute
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records import export_jobs
from guanxi.kernel.records.bulk import BulkEdit, start_bulk
from guanxi.kernel.records.export_jobs import Wanted, start_export
from guanxi.kernel.records.merge import Merge, merge
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.backup import backup
from tests.kernel.imports.conftest import start_run
from tests.kernel.sealing.conftest import SECRETS, client, everything_kept, plain_in

SYSTEM = system("test")
FILE = """Name,Code,ID,Mobile,Mail
Li,Quetzal-77,11010519491231002X,139 1234 5678,quartz@example.com
,Quetzal-77,11010519491231002X,13912345678,quartz@example.com
Wang,Quetzal-77 ,11010519491231002X,139 1234 5678,quartz@example.com
Mu,,110105194912310021,13912345678x99999999999,quartz@example.com@
"""
FIELDS = {"name": "Name", "code": "Code", "id_number": "ID", "mobile": "Mobile", "mail": "Mail"}


def test_the_search_for_plain_values_finds_them(space: Space) -> None:
    client(space, name=SECRETS["code"])
    assert "Quetzal-77" in plain_in(everything_kept(space))


def test_create_edit_undo_and_merge(space: Space) -> None:
    one, two = client(space, **SECRETS), client(space)
    with space.write(SYSTEM) as work:
        operation = save(work, [Change("edit", "client", dict.fromkeys(SECRETS), id=one)]).operation
    undo(space, SYSTEM, operation)
    with space.write(SYSTEM, kind="merge") as work:
        operation = merge(work, Merge("client", two, (one,), {}, dict.fromkeys(SECRETS, one), {})).operation
    undo(space, SYSTEM, operation)
    with suppress(Problem), space.write(SYSTEM) as work:
        save(work, [Change("create", "client", {"name": "x", **SECRETS})], collect=True)
    assert plain_in(everything_kept(space)) == []


def test_import_with_faults(space: Space) -> None:
    run = start_run(space, "client", FILE.encode(), fields=FIELDS)
    check(space, run)
    with space.write(SYSTEM) as work:
        with pytest.raises(BadInput):
            mend(work, run, {5: {"ID": SECRETS["id_number"]}})
        with pytest.raises(BadInput):
            replace_value(work, run, "mobile", "13912345678x99999999999", SECRETS["mobile"])
    execute(space, run)
    assert (run.created, run.failed) == (1, 3)
    assert plain_in(everything_kept(space)) == []
    with space.read(SYSTEM) as work:
        assert find(work, Query("client")).rows[0]["code"] == "Quetzal-77"
        told = state.faults_of(work.session, run.id)
    assert {f.code for f in told} == {"required", "not_unique", "not_an_identity_number"}
    out = StringIO()
    assert write_failed(space, run, out, "en") == 3
    assert "Wang,,,," in out.getvalue()
    with pytest.raises(Problem) as gone:
        execute(space, run)
    assert "encrypted" in str(gone.value)


@pytest.mark.parametrize("kept", [{"key": "code"}, {"fixed": {"diagnosis": "x"}}])
def test_a_mapping_holds_no_values(space: Space, kept: dict[str, Any]) -> None:
    run = start_run(space, "client", FILE.encode(), fields=FIELDS, **kept)
    with pytest.raises(BadInput):
        check(space, run)


def test_jobs_keep_marks_instead_of_values(space: Space, who: dict[str, int]) -> None:
    ident = client(space, **SECRETS)
    where = 'code = "Quetzal-77" and mobile in ["139 1234 5678", "13000000000"]'
    with pytest.raises(Invalid):
        start_bulk(space, who["reads"], BulkEdit("edit", "client", values=SECRETS), 1)
    start_export(space, who["reads"], Wanted("client", where=where))
    handlers = {export_jobs.KIND: partial(export_jobs.run_export, space)}
    assert run_due(space.db, handlers, worker="w", queues=("bulk",)) == 1
    kept = everything_kept(space)
    assert plain_in(kept) == []
    (made,) = (space.folder / "exports").rglob("*") if (space.folder / "exports").is_dir() else (None,)
    assert made is None or str(ident).encode() in made.read_bytes()


def test_backup_and_second_factor(space: Space) -> None:
    client(space, **SECRETS)
    secret = second_factor.begin_set_up(space.db, 1, space.clock())
    assert second_factor.set_up_secret(space.db, 1, space.clock()) == secret
    import pyotp

    second_factor.finish_set_up(space.db, 1, pyotp.TOTP(secret).at(space.clock() // 1_000_000), space.clock())
    backup(space.db, space.folder.parent / "copy.guanxi")
    kept = everything_kept(space)
    assert plain_in(kept) == []
    assert secret.encode() not in kept
    ring = space.db.ring.read()
    assert ring is not None
    assert ring.index.encode() not in kept
    assert ring.current.key.encode() not in kept
