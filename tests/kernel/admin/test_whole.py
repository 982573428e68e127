"""A whole workspace goes out in an open format and comes into an empty one with the same records and values."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guanxi.base.errors import Conflict, Forbidden, Invalid
from guanxi.bootstrap import JOBS, open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.fields import add_field
from guanxi.kernel.admin.objects import add_object
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.admin.whole import ask_for_export, import_whole, ready
from guanxi.kernel.changes.audit import verify as verify_log
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.read import find, names
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.whole import export_whole
from guanxi.kernel.records.write import save
from guanxi.kernel.storage import files
from tests import postgres
from tests.make import person, record, values


@pytest.fixture
def lived_in(space: Space) -> Space:
    """Every object with every value it can take, own fields, a file, something in the trash."""
    actor = person(space, name="安")
    with space.write(actor, kind="catalog", catalog_change=True) as work:
        add_field(work, "contact", {"name": "floor", "type": "text", "label": {"en": "Floor", "zh": "楼层"}})
        colours = {"name": "colours", "type": "tags", "label": {"en": "Colours", "zh": "颜色"}}
        serial = {"name": "serial", "type": "auto_number", "label": {"en": "No.", "zh": "号"}, "format": "C-{0000}"}
        add_object(work, {"name": "car", "label": {"en": "Car", "zh": "车"}, "fields": (colours, serial)})
    with space.read(system("test")) as work:
        wanted = [o.name for o in work.catalog.objects.values() if o.parent is None and o.kind != "config"]
    for name in wanted:
        with space.write(actor) as work:
            made = values(work, name, full=True)
            try:
                save(work, [Change("create", name, made)])
            except Invalid:
                continue
    with space.write(actor, kind="settings") as work:
        change_settings(work, {"name": "整个搬家", "undo_days": 31})
    with space.write(actor) as work:
        cars = save(work, [Change("create", "car", {"name": n, "colours": ["红"]}) for n in "甲乙丙"]).ids
        save(work, [Change("trash", "car", id=cars[0])])
        save(work, [Change("edit", "car", {"name": "乙二"}, id=cars[1])])
    blob = files.store(space.folder, [b"\0\1contents"])
    with space.db.write() as session:
        files.add(session, blob, id=7, name="图.bin", type="x/y", by=actor, at=5)
    return space


@pytest.fixture(params=["same", "other"])
def empty(request: pytest.FixtureRequest, engine: str, tmp_path: Path, pg_server: str) -> Iterator[Space]:
    into = engine if request.param == "same" else {"sqlite": "postgresql", "postgresql": "sqlite"}[engine]
    if into == "sqlite":
        space = open_space(f"sqlite:///{tmp_path / 'e' / 'data.db'}", tmp_path / "e", node=3)
        yield space
        space.db.close()
        return
    with postgres.fresh_database(pg_server) as url:
        space = open_space(url, tmp_path / "e", node=3)
        yield space
        space.db.close()


def everything(space: Space) -> dict[str, Any]:
    """Rows of every object and its link tables by field name."""
    found: dict[str, Any] = {}
    with space.read(system("test"), timeout=60) as work:
        for obj in work.catalog.objects.values():
            columns = {c: c for c in work.catalog.columns(obj)}
            for f in obj.fields:  # own fields have other columns in another workspace
                columns |= {c: c.replace(f.column, f.name, 1) for c in columns if c.split("__")[0] == f.column}
            texts = ", ".join(f'"{c}"' for c in columns)
            sql = f'SELECT {texts} FROM {work.session.table(obj.table)} ORDER BY "id"'
            found[obj.name] = [dict(zip(columns.values(), row, strict=True)) for row in work.session.rows(sql)]
        found["_settings"] = dict(work.catalog.settings)
        found["_files"] = work.session.rows(f"SELECT id, sha256, name, record FROM {work.session.table('file')}")
    return found


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_out_and_in_again_gives_the_same(lived_in: Space, empty: Space, tmp_path: Path, form: str) -> None:
    target = tmp_path / ("whole.zip" if form == "zip" else "whole")
    with lived_in.read(system("test"), timeout=60) as work:
        made = export_whole(work, target)
        work.session.run("SELECT 1")
    assert sum(part.rows > 0 for part in made.objects.values()) > 15
    import_whole(empty, target)
    before, after = everything(lived_in), everything(empty)
    assert before.keys() == after.keys()
    for name, rows in before.items():
        assert after[name] == rows, name
    assert files.path_of(empty.folder, after["_files"][0][1]).read_bytes() == b"\0\1contents"
    seal(empty.db)
    follow(empty.db, search_follower(empty))
    with empty.write(system("test")) as work:
        assert not verify_log(work.session).broken
        found = [row["id"] for row in find(work, Query("car", text="乙二")).rows]
        assert list(names(work, "car", found).values()) == ["乙二"]
        saved = save(work, [Change("create", "car", {"name": "丁", "colours": ["白"]})])
        assert find(work, Query("car", where='name = "丁"')).rows[0]["id"] == saved.id
        column = work.catalog.field(work.catalog.object("car"), "serial").column
        serials = [row[column] for row in find(work, Query("car")).rows]
        assert sorted(serials) == ["C-0001", "C-0003", "C-0004", "C-0005"]
    with pytest.raises(Conflict, match="empty one"):
        import_whole(empty, target)


def test_it_can_be_read_without_the_program(lived_in: Space, tmp_path: Path) -> None:
    target = tmp_path / "whole"
    with lived_in.read(system("test"), timeout=60) as work:
        export_whole(work, target)
    cars = [json.loads(line) for line in (target / "objects" / "car.jsonl").read_text("utf-8").splitlines()]
    second = next(car for car in cars if car["name"] == "乙二")
    assert second["colours"] == ["红"]
    assert second["created_at"].endswith("Z")
    assert "_stored" not in second
    assert "guanxi import --all" in (target / "README.md").read_text("utf-8")
    history = [json.loads(line) for line in (target / "history.jsonl").read_text("utf-8").splitlines()]
    renamed = [h for h in history if h["object"] == "car" and h["op"] == "edit"]
    assert renamed[0]["old"] == {"name": "乙"}
    assert renamed[0]["new"]["name"] == "乙二"
    with pytest.raises(Conflict, match="already"), lived_in.read(system("test")) as work:
        export_whole(work, target)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("empty", ["same"], indirect=True)
def test_damaged_ones_are_refused_and_leave_nothing(lived_in: Space, empty: Space, tmp_path: Path) -> None:
    target = tmp_path / "whole"
    with lived_in.read(system("test"), timeout=60) as work:
        export_whole(work, target)
    before = everything(empty)
    place = target / "objects" / "car.jsonl"
    good = place.read_bytes()
    for bad in (good.replace("乙二".encode(), "乙三".encode()), good[: len(good) // 2], b"", good + good):
        place.write_bytes(bad)
        with pytest.raises(Invalid, match="damaged at"):
            import_whole(empty, target)
        assert everything(empty) == before
    place.unlink()
    with pytest.raises(Invalid, match="damaged at"):
        import_whole(empty, target)
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    with pytest.raises(Invalid, match="neither a folder nor a zip"):
        import_whole(empty, tmp_path / "x.zip")


def test_the_page_asks_a_job_whose_file_lies_ready(lived_in: Space) -> None:
    seller = person(lived_in, "sales")
    record(lived_in, "contact", seller)
    with pytest.raises(Forbidden), lived_in.read(seller) as work:
        export_whole(work, lived_in.folder / "no.zip")
    with lived_in.write(person(lived_in)) as work:
        ask_for_export(work)
    handlers = {kind: (lambda run, job=job: job(lived_in, run)) for kind, job in JOBS.items()}
    assert run_due(lived_in.db, handlers, worker="w", queues=("bulk",)) > 0
    (one,) = ready(lived_in)
    with zipfile.ZipFile(lived_in.folder / "exports" / one.name) as packed:
        assert packed.testzip() is None
        assert "objects/contact.jsonl" in packed.namelist()
