"""Encrypted archives: AES-256-GCM in chunks, readable at any place; cut, changed or mixed ones are refused."""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from guanxi.base.errors import Invalid, msg

MAGIC = b"GXSEAL1\n"
CHUNK, TAG = 1 << 20, 16
HARDEST = 1 << 20  # scrypt's n; a made-up header must not make us compute for an hour
MOST_CHUNK, MOST_HEADER = 1 << 24, 4_096
SHORTEST_PASSPHRASE, SHORTEST_KEY = 12, 32


@dataclass(frozen=True, slots=True)
class Key:
    """What opens an archive: a passphrase, or the contents of a key file."""

    kind: Literal["scrypt", "hkdf"]
    secret: bytes


class Header(msgspec.Struct, frozen=True):
    """In clear at the beginning; bound to every chunk, so that changing it makes the archive unreadable."""

    kdf: Literal["scrypt", "hkdf"]
    salt: str
    n: int = 1 << 16
    chunk: int = CHUNK


def passphrase(text: str) -> Key:
    if len(text) < SHORTEST_PASSPHRASE:
        raise Invalid(msg("A passphrase for backups has at least {n} characters.", n=SHORTEST_PASSPHRASE))
    return Key("scrypt", text.encode())


def read_key(place: Path) -> Key:
    """A key file: 64 hexadecimal digits, as `make_key` writes it."""
    try:
        secret = bytes.fromhex(place.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise Invalid(msg("There is no key file {file}.", file=str(place))) from error
    except (OSError, ValueError) as error:
        raise Invalid(msg("The key file {file} cannot be read; it holds 64 hexadecimal digits.",
                          file=str(place))) from error  # fmt: skip
    if len(secret) < SHORTEST_KEY:
        raise Invalid(msg("The key file {file} cannot be read; it holds 64 hexadecimal digits.", file=str(place)))
    return Key("hkdf", secret)


def make_key(place: Path) -> None:
    """A new key file that only its owner may read; an old one is never overwritten."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Invalid(msg("{file} is there already; a key is never overwritten.", file=str(place))) from error
    with os.fdopen(handle, "w") as out:
        out.write(os.urandom(32).hex() + "\n")
        out.flush()
        os.fsync(out.fileno())


def is_sealed(place: Path) -> bool:
    with place.open("rb") as source:
        return source.read(len(MAGIC)) == MAGIC


class SealedWriter(io.RawIOBase):
    """Encrypts what is written to it; without `close` the archive lacks its end and is refused when read."""

    def __init__(self, out: IO[bytes], key: Key) -> None:
        head = msgspec.json.encode(Header(key.kind, os.urandom(16).hex()))
        self._out, self._buffer, self._count, self._place = out, bytearray(), 0, 0
        self._head = MAGIC + struct.pack(">I", len(head)) + head
        self._cipher = _cipher(key, msgspec.json.decode(head, type=Header))
        out.write(self._head)

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, data: bytes) -> int:  # type: ignore[override]  # whoever writes to it writes bytes
        self._buffer += data
        self._place += len(data)
        while len(self._buffer) > CHUNK:  # the last chunk is never empty-handed: its flag says that it is the last
            self._put(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def _put(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._count, last), data, self._head))
        self._count += 1

    def finish(self) -> None:
        """The end of the archive."""
        self._put(bytes(self._buffer), last=True)
        self._buffer.clear()


class SealedReader(io.RawIOBase):
    """Decrypts at any place. First and last chunk are tried at once: a wrong key or a missing end is told first."""

    def __init__(self, source: IO[bytes], key: Key) -> None:
        self._source = source
        self._head, header = _read_header(source)
        if header.kdf != key.kind:
            raise Invalid(
                msg("This backup was encrypted with a passphrase.")
                if header.kdf == "scrypt"
                else msg("This backup was encrypted with a key file.")
            )
        self._cipher, self._chunk = _cipher(key, header), header.chunk
        size = source.seek(0, os.SEEK_END) - len(self._head)
        self._chunks = max(1, -(-size // (self._chunk + TAG)))
        self._size = size - self._chunks * TAG
        self._place, self._known = 0, (-1, b"")
        if self._size < 0:
            raise _cut()
        try:
            self._read(0)
        except Invalid as error:
            raise Invalid("The key does not fit this backup, or the backup is damaged.") from error
        self._read(self._chunks - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the buffer's protocol has no name in 3.11
        if self._place >= self._size:
            return 0
        number, at = divmod(self._place, self._chunk)
        data = self._read(number)[at : at + len(buffer)]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _read(self, number: int) -> bytes:
        if self._known[0] != number:
            self._source.seek(len(self._head) + number * (self._chunk + TAG))
            data = self._source.read(self._chunk + TAG)
            try:
                nonce = _nonce(number, number == self._chunks - 1)
                self._known = number, self._cipher.decrypt(nonce, data, self._head)
            except (InvalidTag, ValueError) as error:
                raise _cut() from error
        return self._known[1]


def _read_header(source: IO[bytes]) -> tuple[bytes, Header]:
    source.seek(0)
    start = source.read(len(MAGIC) + 4)
    try:
        size = struct.unpack(">I", start[len(MAGIC) :])[0]
        text = source.read(min(size, MOST_HEADER))
        header = msgspec.json.decode(text, type=Header)
        if header.n > HARDEST or header.n < 2 or header.n & (header.n - 1) or not 0 < header.chunk <= MOST_CHUNK:
            raise _cut()
        bytes.fromhex(header.salt)
    except (struct.error, msgspec.DecodeError, ValueError) as error:
        raise _cut() from error
    return start + text, header


def _cut() -> Invalid:
    return Invalid("The backup is damaged: a part of it was changed, or its end is missing.")


def _nonce(number: int, last: bool) -> bytes:
    """Each archive has a key of its own, so a counter never repeats under a key."""
    return struct.pack(">3xQB", number, last)


def _cipher(key: Key, header: Header) -> AESGCM:
    salt = bytes.fromhex(header.salt)
    if header.kdf == "scrypt":
        return AESGCM(Scrypt(salt=salt, length=32, n=header.n, r=8, p=1).derive(key.secret))
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"guanxi backup").derive(key.secret))
