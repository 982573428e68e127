"""Backup and restore of a workspace: one archive format for both databases, with counts and checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, cast

import msgspec

from guanxi import __version__
from guanxi.base.errors import Conflict, Invalid, msg
from guanxi.kernel.storage import files
from guanxi.kernel.storage.crypt import Key, SealedReader, SealedWriter, is_sealed
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.level import LEVEL, level
from guanxi.kernel.storage.session import Session, quote
from guanxi.kernel.storage.tables import EPHEMERAL, KERNEL, create_kernel_tables, existing_columns

FORMAT = 2
BATCH = 5_000
FIRST = ("meta_object", "meta_field", "setting", "meta_version")  # what `prepare` needs to make the other tables
DERIVED = {"search_doc": "search"}  # made again by this follower: neither saved nor restored


class TableInfo(msgspec.Struct, frozen=True):
    """What the archive says about one table; `types` are `int` or `text`, `key` the primary key's columns."""

    columns: list[str]
    types: list[str]
    key: list[str]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The first thing to read in an archive (it is the last thing written)."""

    format: int
    made_at: int
    dialect: str
    tables: dict[str, TableInfo]
    files: int
    missing_files: list[str] = []
    kind: Literal["full", "log"] = "full"
    version: str = ""
    level: int = 0  # upgrade steps that had been taken
    pos: int = 0  # of the newest sealed change-set, and the chain there
    chain: str = ""
    since: int = 0  # a log: the position after which it begins, and the chain there
    since_chain: str = ""
    erasures: list[str] = []  # a log: the house's register, so that what was erased stays erased

    @property
    def rows(self) -> int:
        return sum(info.rows for info in self.tables.values())


def backup(
    database: Database, target: Path, *, key: Key | None = None, beat: Callable[[], None] = lambda: None
) -> Manifest:
    """
    Write everything as of one moment, while others go on working; read it again and compare; only then does the
    archive appear. `beat` is called now and then by long ones.
    """
    with whole(target, key) as tar, database.read(timeout=None) as session:
        tables = {name: dump(session, name, tar, beat) for name in saved_tables(session)}
        sql = f"SELECT DISTINCT sha256 FROM {session.table('file')} ORDER BY sha256"
        count, missing = add_files(tar, database.folder, [sha256 for (sha256,) in session.rows(sql)], beat)
        pos, chain = newest(session)
        manifest = Manifest(
            FORMAT, database.clock(), database.dialect, tables, count, missing,
            version=__version__, level=level(session), pos=pos, chain=chain,
        )  # fmt: skip
        add_manifest(tar, manifest)
    return manifest


@contextmanager
def whole(target: Path, key: Key | None) -> Iterator[tarfile.TarFile]:
    """A new archive that gets its name only when it is complete, durable and read again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    try:
        with partial.open("wb") as out:
            partial.chmod(0o600)
            sealed = SealedWriter(out, key) if key else None
            with tarfile.open(fileobj=sealed or out, mode="w") as tar:
                yield tar
            if sealed is not None:
                sealed.finish()
            out.flush()
            os.fsync(out.fileno())
        verify(partial, key)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def add_files(
    tar: tarfile.TarFile, folder: Path, wanted: Iterable[str], beat: Callable[[], None]
) -> tuple[int, list[str]]:
    """Contents by their digest; gives how many there were, and those that are missing."""
    count, missing = 0, []
    for sha256 in wanted:
        place = files.path_of(folder, sha256)
        if place.exists():
            tar.add(place, f"files/{sha256}")
            count += 1
        else:
            missing.append(sha256)
        beat()
    return count, missing


def add_manifest(tar: tarfile.TarFile, manifest: Manifest) -> None:
    data = msgspec.json.encode(manifest)
    member = tarfile.TarInfo("manifest.json")
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def newest(session: Session) -> tuple[int, str]:
    found = session.one(f"SELECT pos, chain FROM {session.table('seal')} ORDER BY pos DESC LIMIT 1")
    return (0, "") if found is None else (found[0], found[1])


@contextmanager
def opened(source: Path, key: Key | None) -> Iterator[tarfile.TarFile]:
    """An archive to read; whatever is wrong with it is one clear sentence."""
    with ExitStack() as stack:
        try:
            raw: IO[bytes] = stack.enter_context(source.open("rb"))
            if is_sealed(source):
                if key is None:
                    raise Invalid("This backup is encrypted: give its key file or passphrase.")
                raw = stack.enter_context(io.BufferedReader(cast("io.RawIOBase", SealedReader(raw, key)), 1 << 20))
            tar = stack.enter_context(tarfile.open(fileobj=raw, mode="r:"))
        except (tarfile.TarError, EOFError) as error:
            raise Invalid("This is not a backup of Guanxi, or it is damaged.") from error
        try:
            yield tar
        except (tarfile.TarError, EOFError) as error:
            raise Invalid("The backup is damaged: a part of it was changed, or its end is missing.") from error


def read_manifest(source: Path, key: Key | None = None) -> Manifest:
    """What an archive says about itself."""
    with opened(source, key) as tar:
        return manifest_of(tar)


def manifest_of(tar: tarfile.TarFile) -> Manifest:
    try:
        found = tar.extractfile("manifest.json")
        assert found is not None
        manifest = msgspec.json.decode(found.read(), type=Manifest)
    except (KeyError, AssertionError, msgspec.DecodeError) as error:
        raise Invalid("This is not a backup of Guanxi, or its end is missing.") from error
    if manifest.format > FORMAT or manifest.level > LEVEL:
        raise Invalid("This backup was made by a newer version of Guanxi; update first.")
    return manifest


def restore(
    database: Database, source: Path, prepare: Callable[[Session], None] | None = None, *, key: Key | None = None
) -> Manifest:
    """
    Fill an empty workspace from an archive, all or nothing; the whole archive is checked before anything is written.
    `prepare` (usually `install`) is called when the catalogue's rows are back, so that it makes the tables of run-time
    objects too; what it leaves out is made here.
    """
    manifest = verify(source, key)
    if manifest.kind != "full":
        raise Invalid("This file holds a log; restore a backup and give the log with --replay.")
    with opened(source, key) as tar:
        with database.read() as session:
            refuse_full(session)
        restore_files(tar, database.folder)
        with database.write(bulk=True, catalog_change=True) as session:
            refuse_full(session)
            create_kernel_tables(session)
            order = [n for n in FIRST if n in manifest.tables] + [n for n in manifest.tables if n not in FIRST]
            for name in order[: len(FIRST)]:
                load_table(session, name, manifest.tables[name], tar)
            if prepare is not None:
                prepare(session)
            for name in order[len(FIRST) :]:
                load_table(session, name, manifest.tables[name], tar)
            settle_restored(session)
    return manifest


def refuse_full(session: Session) -> None:
    """Only an empty place may be filled: nothing is ever overwritten."""
    if existing_columns(session).keys() & KERNEL.tables.keys():
        raise Conflict("A backup can only be restored into an empty workspace; choose another place.")


def verify(source: Path, key: Key | None = None) -> Manifest:
    """Read a whole archive and compare every count and checksum; `Invalid` names what is damaged."""
    with opened(source, key) as tar:
        manifest = manifest_of(tar)
        for name, info in manifest.tables.items():
            for _ in lines_of(tar, name, info):
                pass
        count = 0
        for member in tar:
            if member.name.startswith("files/"):
                _check_file(member.name.removeprefix("files/"), tar.extractfile(member))
                count += 1
        if count != manifest.files:
            raise Invalid("The backup is damaged: a part of it was changed, or its end is missing.")
    return manifest


def saved_tables(session: Session) -> list[str]:
    """All tables but short-lived and derived ones."""
    made_again = set(DERIVED)  # with the shadow tables of full-text indexes
    if session.dialect == "sqlite":
        made_again |= {n for (n,) in session.rows("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")}
    left_out = (*made_again, *EPHEMERAL.tables, "sqlite_sequence")
    prefixes = tuple(f"{name}_" for name in made_again)
    return sorted(
        n for n in existing_columns(session) if n not in left_out and not n.startswith((*prefixes, "sqlite_"))
    )


def _shape(session: Session, name: str) -> tuple[list[str], list[str], list[str]]:
    """Columns, types and key of a table, in its own order."""
    if session.dialect == "sqlite":
        found = session.rows("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", (name,))
    else:
        found = session.rows(
            "SELECT a.attname, format_type(a.atttypid, NULL), COALESCE(array_position(i.indkey::int2[], a.attnum), -1)"
            " + 1 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid ="
            " c.relnamespace LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE n.nspname = ?"
            " AND c.relname = ? AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            (session.schema, name),
        )
    key = [column for column, _, at in sorted(found, key=lambda row: row[2]) if at > 0]
    types = ["int" if "INT" in kind.upper() else "text" for _, kind, _ in found]
    return [column for column, _, _ in found], types, key


def dump(session: Session, name: str, tar: tarfile.TarFile, beat: Callable[[], None], where: str = "") -> TableInfo:
    """One table into the archive, or the rows that `where` (SQL of our own) leaves."""
    columns, types, key = _shape(session, name)
    digest, count, encoder = hashlib.sha256(), 0, msgspec.json.Encoder()
    with tempfile.TemporaryFile() as spool:
        with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=3, mtime=0) as packed:
            names = ", ".join(quote(column) for column in columns)
            for rows in session.stream(f"SELECT {names} FROM {session.table(name)}{where}", size=BATCH):
                beat()
                data = encoder.encode_lines(rows)
                digest.update(data)
                packed.write(data)
                count += len(rows)
        size = spool.tell()
        spool.seek(0)
        member = tarfile.TarInfo(f"tables/{name}.jsonl.gz")
        member.size = size
        tar.addfile(member, spool)
    return TableInfo(columns, types, key, count, digest.hexdigest())


def lines_of(tar: tarfile.TarFile, name: str, info: TableInfo) -> Iterator[list[list[Any]]]:
    """The rows of a table in lists; raises at the end if they are not what was written."""
    try:
        packed = tar.extractfile(f"tables/{name}.jsonl.gz")
    except KeyError as error:
        raise _damaged(name) from error
    assert packed is not None
    digest, count, batch = hashlib.sha256(), 0, []
    try:
        with gzip.GzipFile(fileobj=packed) as lines:
            for line in lines:
                digest.update(line)
                batch.append(msgspec.json.decode(line))
                count += 1
                if len(batch) == BATCH:
                    yield batch
                    batch = []
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise _damaged(name) from error
    if count != info.rows or digest.hexdigest() != info.sha256:
        raise _damaged(name)
    yield batch


def _damaged(name: str) -> Invalid:
    return Invalid(msg("The backup is damaged at {name}; nothing was restored.", name=name))


def load_table(session: Session, name: str, info: TableInfo, tar: tarfile.TarFile) -> None:
    known = existing_columns(session).get(name)
    if known is None:
        _make(session, name, info)
    else:
        session.run(f"DELETE FROM {session.table(name)}")  # rows that `prepare` has put there
        for column, kind in zip(info.columns, info.types, strict=True):
            if column not in known:
                session.run(f"ALTER TABLE {session.table(name)} ADD COLUMN {quote(column)} {_type(session, kind)}")
    for rows in lines_of(tar, name, info):
        session.insert(name, info.columns, rows)
    found = session.value(f"SELECT count(*) FROM {session.table(name)}")
    if found != info.rows:
        raise _damaged(name)


def _make(session: Session, name: str, info: TableInfo) -> None:
    parts = [f"{quote(c)} {_type(session, t)}" for c, t in zip(info.columns, info.types, strict=True)]
    if info.key:
        parts.append(f"PRIMARY KEY ({', '.join(quote(c) for c in info.key)})")
    session.run(f"CREATE TABLE {session.table(name)} ({', '.join(parts)})")


def _type(session: Session, kind: str) -> str:
    if session.dialect == "sqlite":
        return "INTEGER" if kind == "int" else "TEXT"
    return "BIGINT" if kind == "int" else 'TEXT COLLATE "C"'


def settle_restored(session: Session) -> None:
    """Derived tables are made again from the start; numbers given by the database go on after the largest."""
    for follower in DERIVED.values():
        session.run(f"DELETE FROM {session.table('follower')} WHERE name = ?", (follower,))
    if session.dialect == "postgresql":
        for name, column in (("job", "id"), ("unsealed", "seq")):
            where = session.table(name)
            session.rows(
                f"SELECT setval(pg_get_serial_sequence(?, ?), COALESCE(max({column}), 0) + 1, false) FROM {where}",
                (where, column),
            )


def restore_files(tar: tarfile.TarFile, folder: Path) -> None:
    """First, so that no row names contents that are not there; extra contents are swept later."""
    for member in tar:
        if member.name.startswith("files/") and (source := tar.extractfile(member)):
            blob = files.store(folder, iter(lambda: source.read(1 << 20), b""))
            if blob.sha256 != member.name.removeprefix("files/"):
                raise _damaged(member.name)


def _check_file(sha256: str, source: IO[bytes] | None) -> None:
    if source is None or hashlib.file_digest(source, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]  # a tar member reads like a file
        raise _damaged(f"files/{sha256}")
