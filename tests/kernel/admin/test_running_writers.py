"""KD 4: writers loop while fields with a default are added and filled: no unfilled row, no error."""

import threading
import time
from typing import Any

import pytest

from guanxi.base.errors import Invalid
from guanxi.base.ids import IdSource
from guanxi.kernel.access.actors import SYSTEM
from guanxi.kernel.admin.backing import handlers
from guanxi.kernel.admin.fields import add_field, change_field
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.storage import schema

LABEL = {"en": "Size", "zh": "规模"}
ROUNDS = 4


def write_until(space, stop, failures, written):
    """Writes rows as `save` does: it gives each field of *its* snapshot a value, defaults included."""
    while not stop.is_set():
        try:
            with space.write(SYSTEM) as work:
                obj = work.catalog.object("account")
                filled = {f.column: f.default for f in obj.fields if f.default is not None}
                columns = ("id", "version", "created_at", "updated_at", *filled)
                work.session.insert(obj.table, columns, [(space.ids.next(), 1, 0, 0, *filled.values())])
            written.append(1)
            time.sleep(0.005)  # people pause; without it they would keep bulk work waiting for ever
        except Exception as error:
            failures.append(error)
            return


def drain(space):
    while run_due(space.db, handlers(space), worker="t", limit=10, queues=("default", "bulk")):
        pass


def test_no_row_is_left_without_the_default(crm, add_rows):
    add_rows("account", 2500)
    stop = threading.Event()
    failures: list[Any] = []
    written: list[Any] = []
    spaces = [Space("w", crm.folder, crm.db, IdSource(n + 2, now_micros), crm.apps) for n in range(3)]
    writers = [threading.Thread(target=write_until, args=(s, stop, failures, written)) for s in spaces]
    for writer in writers:
        writer.start()
    names = []
    try:
        for n in range(ROUNDS):
            with crm.write(SYSTEM, kind="catalog", catalog_change=True) as work:
                spec = {"name": f"size_{n}", "type": "integer", "label": LABEL, "default": n}
                names.append(add_field(work, "account", spec).column)
            drain(crm)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert failures == []
    assert written
    with crm.read(SYSTEM) as work:
        table = work.session.table("account")
        for column in names:
            assert work.session.value(f'SELECT COUNT(*) FROM {table} WHERE "{column}" IS NULL') == 0
        logged = work.session.value(f"SELECT COUNT(*) FROM {work.session.table('change')} WHERE op = 'edit'")
        assert logged >= 2500 * ROUNDS


def test_a_unique_index_is_made_after_the_commit(crm, add_rows):
    with crm.write(SYSTEM, kind="catalog", catalog_change=True) as work:
        change_field(work, "account", "name", {"unique": True})
        assert "u_account_name" not in schema.inspect(work.session).indexes
    drain(crm)
    with crm.read(SYSTEM) as work:
        assert "u_account_name" in schema.inspect(work.session).indexes
    add_rows("account", 1, name="Same")
    with pytest.raises(Exception, match="already in use"):
        add_rows("account", 1, name="Same")


def test_a_default_that_cannot_be_read_is_refused_at_once(crm, add_rows):
    add_rows("account", 1)
    spec = {"type": "integer", "label": LABEL, "default": "many"}
    with pytest.raises(Invalid), crm.write(SYSTEM, catalog_change=True) as work:
        add_field(work, "account", spec)
