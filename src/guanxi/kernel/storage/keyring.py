"""The keys of encrypted fields: a file beside the workspaces, never in one, its backups or its export."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guanxi.base.errors import Invalid, Problem, msg
from guanxi.kernel.storage.crypt import Key, SealedReader, SealedWriter
from guanxi.kernel.storage.session import Session

SETTING = "key_ring"  # which ring the workspace's values are sealed with
VERSION, ID, NONCE, MARK = b"\x01", 5, 12, 16
HEAD = 8  # characters in front of a stored value that say which key
CURRENT, OPEN, LOG = "current", "open", "log"


class KeyMissing(Problem):
    """The file of keys is not there, or is another one."""

    status, code = 503, "key_missing"


class Unopened(Exception):
    """A stored value that no key opens: damaged, moved from elsewhere, or its key is gone."""


class Entry(msgspec.Struct, frozen=True):
    """One key. `state`: current (new values), open (still in rows), log (retired: only the log holds its values)."""

    id: str
    key: str
    made: int
    state: str = CURRENT


class Keys(msgspec.Struct, frozen=True):
    """What the file holds. `index` makes blind indexes and never changes: else every record would have to be marked."""

    index: str
    keys: list[Entry]

    @property
    def current(self) -> Entry:
        return next(k for k in self.keys if k.state == CURRENT)

    @property
    def name(self) -> str:
        """Tells rings apart without telling anything of them."""
        return hashlib.sha256(b"guanxi key ring " + bytes.fromhex(self.index)).hexdigest()[:16]


class Ring:
    """The keys of one workspace, read again when their file changes. Safe to use from many threads."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._stamp: tuple[int, int, int] | None = None
        self._keys: Keys | None = None
        self._ciphers: dict[bytes, AESGCM] = {}
        self.known = False  # the database was seen to belong to this ring

    def read(self) -> Keys | None:
        """The keys; None if there is no file."""
        try:
            stat = self.place.stat()
        except FileNotFoundError:
            self._stamp, self._keys, self._ciphers, self.known = None, None, {}, False
            return None
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if stamp != self._stamp or self._keys is None:
            try:
                keys = msgspec.json.decode(self.place.read_bytes(), type=Keys)
                ciphers = {bytes.fromhex(k.id): AESGCM(bytes.fromhex(k.key)) for k in keys.keys}
                keys.current  # noqa: B018 - there must be one
            except (OSError, ValueError, StopIteration) as error:
                raise self.missing() from error
            self._keys, self._ciphers, self._stamp, self.known = keys, ciphers, stamp, False
        return self._keys

    def missing(self) -> KeyMissing:
        return KeyMissing(
            msg("The keys of encrypted fields are not in {file}. Bring the file back, or a recovery copy with: "
                "guanxi keys recover FILE", file=str(self.place))
        )  # fmt: skip

    def write(self, keys: Keys) -> None:
        """Replaces the file in one step; only its owner may read it."""
        self.place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.place.parent.chmod(0o700)
        fresh = self.place.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self.place)
        self._stamp = None

    def create(self, now: int) -> Keys:
        """A new ring, unless another process was faster."""
        self.place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.place.parent.chmod(0o700)
        fresh = self.place.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            made = Keys(os.urandom(32).hex(), [new_key(now)])
            out.write(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, self.place)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        found = self.read()
        if found is None:
            raise self.missing()
        return found

    def seal(self, plain: str, about: str) -> str:
        """The stored form of a value; `about` is bound to it: elsewhere it does not open."""
        keys = self._keys if self._keys is not None else self.read()
        if keys is None:
            raise self.missing()
        head = VERSION + bytes.fromhex(keys.current.id)
        nonce = os.urandom(NONCE)
        sealed = self._ciphers[head[1:]].encrypt(nonce, plain.encode(), head + about.encode())
        return base64.b64encode(head + nonce + sealed).decode()

    def open(self, stored: str, about: str) -> str:
        """The value; Unopened if it was not sealed with one of these keys for this place."""
        try:
            raw = base64.b64decode(stored, validate=True)
            head, nonce = raw[: 1 + ID], raw[1 + ID : 1 + ID + NONCE]
            if head[:1] != VERSION:
                raise Unopened
            cipher = self._ciphers[head[1:]]
            return cipher.decrypt(nonce, raw[1 + ID + NONCE :], head + about.encode()).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise Unopened from error

    def mark(self, folded: str, where: str) -> str:
        """The blind index of a value in a field: equal values have equal marks, and nothing else shows."""
        keys = self._keys if self._keys is not None else self.read()
        if keys is None:
            raise self.missing()
        text = f"{where}\0{folded}".encode()
        return base64.b64encode(hmac.digest(bytes.fromhex(keys.index), text, "sha256")[:MARK]).decode().rstrip("=")


def new_key(now: int) -> Entry:
    return Entry(os.urandom(ID).hex(), os.urandom(32).hex(), now)


def head_of(key: Entry) -> str:
    """How stored values of this key begin."""
    return base64.b64encode(VERSION + bytes.fromhex(key.id)).decode()


def opened(ring: Ring, session: Session) -> bool:
    """Whether there are keys to read with; KeyMissing where there should be some."""
    return _belongs(ring, session, ring.read())


def ready(ring: Ring, session: Session) -> bool:
    """Before something is sealed: the ring is there and this database's own. True if it had to be made."""
    keys = ring.read()
    if _belongs(ring, session, keys):
        return False
    keys = keys or ring.create(session.now())
    columns = ("name", "value")
    sql = f"{session.insert_sql('setting', columns)} ON CONFLICT (name) DO NOTHING"
    session.run(sql, (SETTING, msgspec.json.encode(keys.name).decode()))
    return True


def _belongs(ring: Ring, session: Session, keys: Keys | None) -> bool:
    if ring.known:
        return True
    stored = session.value(f"SELECT value FROM {session.table('setting')} WHERE name = ?", (SETTING,))
    if stored is None:
        return False
    if keys is None or msgspec.json.decode(stored) != keys.name:
        raise ring.missing()
    ring.known = True
    return True


def take_out(ring: Ring, target: Path, key: Key) -> None:
    """A recovery copy of the keys, itself encrypted."""
    keys = ring.read()
    if keys is None:
        raise ring.missing()
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Invalid(msg("{file} is there already; a key is never overwritten.", file=str(target))) from error
    with os.fdopen(handle, "wb") as out:
        writer = SealedWriter(out, key)
        writer.write(msgspec.json.encode(keys))
        writer.finish()
        out.flush()
        os.fsync(out.fileno())


def bring_back(ring: Ring, session: Session, source: Path, key: Key) -> Keys:
    """Puts a recovery copy where the keys are missing; only the copy of this workspace's own ring fits."""
    with source.open("rb") as file:
        keys = msgspec.json.decode(SealedReader(file, key).read(), type=Keys)
    stored = session.value(f"SELECT value FROM {session.table('setting')} WHERE name = ?", (SETTING,))
    if stored is not None and msgspec.json.decode(stored) != keys.name:
        raise Invalid(msg("These are the keys of another workspace; nothing was changed."))
    if ring.place.exists():
        raise Invalid(msg("{file} is there already; a key is never overwritten.", file=str(ring.place)))
    ring.write(keys)
    return keys


def rotate(ring: Ring, now: int) -> Entry:
    """A new key for new values; the one before stays for what it sealed."""
    keys = ring.read()
    if keys is None:
        raise ring.missing()
    fresh = new_key(now)
    older = [Entry(k.id, k.key, k.made, OPEN if k.state == CURRENT else k.state) for k in keys.keys]
    ring.write(Keys(keys.index, [fresh, *older]))
    ring.read()
    return fresh


def retire(ring: Ring, ids: Iterable[str]) -> None:
    """Those keys open nothing in the tables any more; the log keeps what they sealed, so they stay for reading it."""
    keys, wanted = ring.read(), set(ids)
    if keys is None:
        raise ring.missing()
    if wanted - {k.id for k in keys.keys} or keys.current.id in wanted:
        raise Invalid(msg("Only a key that is there and not in use for new values can be retired."))
    ring.write(Keys(keys.index, [Entry(k.id, k.key, k.made, LOG) if k.id in wanted else k for k in keys.keys]))
    ring.read()
