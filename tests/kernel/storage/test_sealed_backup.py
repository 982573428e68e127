"""Encrypted archives, attacked: changed, cut, mixed, opened with other keys; nothing of it is ever written."""

from __future__ import annotations

import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from guanxi.base.errors import Conflict, Invalid
from guanxi.bootstrap import APPS
from guanxi.kernel.context import Space
from guanxi.kernel.storage import crypt, files
from guanxi.kernel.storage.backup import backup, restore, verify
from guanxi.kernel.storage.crypt import CHUNK, Key, SealedReader, SealedWriter, make_key, passphrase, read_key
from guanxi.kernel.storage.database import open_database
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.tables import existing_columns
from tests.make import person, record

SECRET = "a long passphrase"


@pytest.fixture
def key(tmp_path: Path) -> Key:
    make_key(tmp_path / "k" / "backup.key")
    assert (tmp_path / "k" / "backup.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Invalid, match="never overwritten"):
        make_key(tmp_path / "k" / "backup.key")
    return read_key(tmp_path / "k" / "backup.key")


def sealed(place: Path, data: bytes, key: Key) -> None:
    with place.open("wb") as out:
        writer = SealedWriter(out, key)
        for start in range(0, len(data), 70_001):
            writer.write(data[start : start + 70_001])
        writer.finish()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 77])
def test_any_length_comes_back_from_any_place(size: int, tmp_path: Path, key: Key) -> None:
    data, place = os.urandom(size), tmp_path / "x"
    sealed(place, data, key)
    with place.open("rb") as source:
        reader = SealedReader(source, key)
        assert reader.read() == data
        for at in (0, size // 2, max(0, size - 5), size):
            reader.seek(at)
            assert reader.read(100) == data[at : at + min(100, CHUNK - at % CHUNK)]


def _is_refused(place: Path, key: Key) -> bool:
    try:
        with place.open("rb") as source:
            SealedReader(source, key).read()
    except Invalid:
        return True
    return False


def test_every_attack_is_refused(tmp_path: Path, key: Key) -> None:
    place = tmp_path / "x"
    sealed(place, os.urandom(3 * CHUNK + 50), key)
    good = place.read_bytes()
    head = good.index(b"}") + 1
    step = CHUNK + crypt.TAG
    chunks = [good[head + i * step : head + (i + 1) * step] for i in range(4)]
    attacks = {
        "cut in the middle of a chunk": good[:-10],
        "cut at the end of a chunk": good[: head + 2 * step],
        "the first chunk only": good[: head + step],
        "nothing but the header": good[:head],
        "half a header": good[:20],
        "two chunks changed places": good[:head] + chunks[1] + chunks[0] + b"".join(chunks[2:]),
        "a chunk twice": good[:head] + b"".join((chunks[0], chunks[0], chunks[2], chunks[3])),
        "a chunk left out": good[:head] + chunks[0] + chunks[2] + chunks[3],
        "bytes added": good + b"x" * 40,
        "another header": good.replace(b'"n":65536', b'"n":65535'),
        "a header that costs a day": good.replace(b'"n":65536', b'"n":99999'),
        **{f"bit at {at}": good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in (head, head + step + 9, -1)},
    }
    attacks["bit at -1"] = good[:-1] + bytes([good[-1] ^ 1])
    for name, data in attacks.items():
        place.write_bytes(data)
        assert _is_refused(place, key), name


def test_wrong_keys_are_told_apart(tmp_path: Path, key: Key) -> None:
    place = tmp_path / "x"
    sealed(place, b"hello", key)
    for other, words in ((Key("hkdf", b"y" * 32), "does not fit"), (passphrase(SECRET), "with a key file")):
        with pytest.raises(Invalid, match=words), place.open("rb") as source:
            SealedReader(source, other)
    with pytest.raises(Invalid, match="at least 12"):
        passphrase("short")
    (tmp_path / "bad.key").write_text("zz")
    with pytest.raises(Invalid, match="64 hexadecimal"):
        read_key(tmp_path / "bad.key")


@pytest.fixture
def filled(space: Space) -> Space:
    actor = person(space)
    for number in range(5):
        record(space, "contact", actor, name=f"秘密{number}")
    blob = files.store(space.folder, [os.urandom(200_000)])
    with space.db.write() as session:
        files.add(session, blob, id=9, name="x.bin", type="x/y", by=actor, at=1)
    return space


def test_a_sealed_backup_of_a_workspace_shows_nothing_and_comes_back(filled: Space, tmp_path: Path) -> None:
    archive, key = tmp_path / "b.tar.sealed", passphrase(SECRET)
    made = backup(filled.db, archive, key=key)
    data = archive.read_bytes()
    assert "秘密".encode() not in data
    assert b"ustar" not in data
    assert archive.stat().st_mode & 0o777 == 0o600
    assert verify(archive, key) == made
    with pytest.raises(Invalid, match="is encrypted"):
        verify(archive)
    folder = tmp_path / "new"
    other = open_database(f"sqlite:///{folder / 'data.db'}", folder)
    for bad in (data[:-1000], data[: len(data) // 2] + b"\0" + data[len(data) // 2 + 1 :]):
        archive.write_bytes(bad)
        with pytest.raises(Invalid):
            restore(other, archive, lambda session: install(session, APPS), key=key)
        with other.read() as session:
            assert existing_columns(session) == {}
        assert not (folder / "files").exists()
    archive.write_bytes(data)
    restore(other, archive, lambda session: install(session, APPS), key=key)
    again = backup(other, tmp_path / "again.tar")
    differ = {n for n, info in made.tables.items() if info.rows != again.tables[n].rows}
    assert differ <= {"follower"}
    with pytest.raises(Conflict, match="empty"):
        restore(other, archive, key=key)
    other.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_plain_archive_is_attacked(filled: Space, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar"
    backup(filled.db, archive)
    good = archive.read_bytes()
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        places = {m.name: m.offset for m in tar.getmembers()}
    cut = good[: places["tables/contact.jsonl.gz"]]
    without = good[: places["tables/contact.jsonl.gz"]] + good[places["tables/contact_role.jsonl.gz"] :]
    assert names[-1] == "manifest.json"
    for bad, words in ((cut, "end is missing"), (without, "contact"), (b"not a tar at all" * 99, "not a backup"),
                       (b"", "not a backup"), (good[:-30_000], "missing|damaged")):  # fmt: skip
        archive.write_bytes(bad)
        with pytest.raises(Invalid, match=words):
            verify(archive)


def test_writers_go_on_while_a_backup_is_made(filled: Space, tmp_path: Path) -> None:
    """A backup is one moment; saves in the middle of it neither wait for it nor are in it."""
    actor = person(filled)
    before = filled.db
    written: list[int] = []
    waits: list[float] = []

    def beat() -> None:
        if len(written) < 3:
            thread = threading.Thread(target=lambda: written.append(record(filled, "contact", actor, name="在途")))
            thread.start()
            thread.join(timeout=5)
            waits.append(thread.is_alive())

    made = backup(before, tmp_path / "b.tar", beat=beat)
    assert len(written) == 3
    assert not any(waits)
    assert made.tables["contact"].rows == 5


def test_a_failed_backup_leaves_nothing(filled: Space, tmp_path: Path, monkeypatch: Any) -> None:
    archive = tmp_path / "b" / "b.tar"

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        backup(filled.db, archive)
    assert list(archive.parent.iterdir()) == []
