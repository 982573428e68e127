"""The ring of keys: made when needed, changed, retired, lost, brought back."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

import pytest

from guanxi.base.errors import Conflict, Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.records import log_check, sealed_check
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records import rekey
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import preview, undo
from guanxi.kernel.records.write import save
from guanxi.kernel.storage import keyring
from guanxi.kernel.storage.crypt import passphrase
from guanxi.kernel.storage.keyring import KeyMissing
from tests.kernel.sealing.conftest import SECRETS, client

SYSTEM = system("test")
WORDS = passphrase("a long passphrase")


def rekey_now(space: Space) -> None:
    assert run_due(space.db, {rekey.KIND: partial(rekey.run_rekey, space)}, worker="w", queues=("bulk",)) == 1


def codes(space: Space) -> list[object]:
    with space.read(SYSTEM) as work:
        return [row["code"] for row in find(work, Query("client", sort=("created_at",))).rows]


def test_the_ring_is_made_with_the_first_value_and_is_its_owners_alone(space: Space) -> None:
    client(space)
    assert not space.db.ring.place.exists()
    client(space, code="a")
    place = space.db.ring.place
    assert place == space.folder.parent / "keys" / "main.json"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_change_of_keys_keeps_values_equality_history_and_undo(space: Space) -> None:
    idents = [client(space, code=f"c{n}", diagnosis="same") for n in range(5)]
    with space.write(SYSTEM) as work:
        operation = save(work, [Change("edit", "client", {"code": "new"}, id=idents[0])]).operation
    first = space.db.ring.read()
    assert first is not None
    made = rekey.start(space)
    with pytest.raises(Conflict):
        rekey.retire(space)
    client(space, code="c5")
    rekey_now(space)
    assert codes(space) == ["new", "c1", "c2", "c3", "c4", "c5"]
    assert [(key.id, used) for key, used in rekey.usage(space)] == [(made.id, 11), (first.current.id, 0)]
    with space.read(SYSTEM) as work:
        assert get(work, "client", idents[0])["version"] == 2
        assert count(work, Query("client", 'diagnosis = "same"'))[0] == 5
        assert count(work, Query("client", 'code = "NEW"'))[0] == 1
    assert [key.id for key in rekey.retire(space)] == [first.current.id]
    with space.read(SYSTEM) as work:
        assert [f.new for s in steps(work, "client", idents[0]) for f in s.fields if f.field.name == "code"] == [
            ("new", None), ("c0", None)]  # fmt: skip
    assert preview(space, SYSTEM, operation).clashes == []
    undo(space, SYSTEM, operation)
    assert codes(space)[0] == "c0"
    assert not log_check(space, 10).wrong
    assert not sealed_check(space, 10).wrong


def test_without_the_file_reading_goes_on_and_writing_says_what_to_do(space: Space, tmp_path: Path) -> None:
    ident = client(space, **SECRETS)
    keyring.take_out(space.db.ring, tmp_path / "copy", WORDS)
    place = space.db.ring.place
    place.unlink()
    with space.read(SYSTEM) as work:
        row = get(work, "client", ident)
        assert isinstance(row["code"], Masked)
        assert row["name"] == "Li"
        with pytest.raises(KeyMissing) as missing:
            count(work, Query("client", 'code = "a"'))
    assert str(place) in str(missing.value)
    assert missing.value.status == 503
    with pytest.raises(KeyMissing):
        client(space, code="new")
    assert not place.exists()  # a new ring would lock the old values away for good
    with space.write(SYSTEM) as work:
        operation = save(work, [Change("edit", "client", {"name": "Wang", "code": ""}, id=ident)]).operation
    undo(space, SYSTEM, operation)
    assert sealed_check(space, 10).wrong
    with pytest.raises(Invalid), space.db.read() as session:
        keyring.bring_back(space.db.ring, session, tmp_path / "copy", passphrase("another passphrase"))
    with space.db.read() as session:
        keyring.bring_back(space.db.ring, session, tmp_path / "copy", WORDS)
    assert codes(space) == ["Quetzal-77"]
    assert not sealed_check(space, 10).wrong
    assert b"Quetzal" not in (tmp_path / "copy").read_bytes()


def test_the_keys_of_another_workspace_are_refused(space: Space, tmp_path: Path) -> None:
    ident = client(space, code="a")
    other = keyring.Ring(tmp_path / "other" / "main.json")
    other.create(1)
    keyring.take_out(other, tmp_path / "copy", WORDS)
    space.db.ring.place.unlink()
    with pytest.raises(Invalid), space.db.read() as session:
        keyring.bring_back(space.db.ring, session, tmp_path / "copy", WORDS)
    other.place.rename(space.db.ring.place)
    with space.read(SYSTEM) as work:
        assert isinstance(get(work, "client", ident)["code"], Masked)
    with pytest.raises(KeyMissing):
        client(space, code="b")


def test_a_broken_file_is_told(space: Space) -> None:
    client(space, code="a")
    space.db.ring.place.write_text("{")
    with pytest.raises(KeyMissing):
        client(space, code="b")
    with space.read(SYSTEM) as work:
        assert isinstance(find(work, Query("client")).rows[0]["code"], Masked)
