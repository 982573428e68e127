"""A whole workspace in the open format, read into an empty one: all of it or nothing."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from guanxi.base.errors import Conflict, Invalid, msg
from guanxi.kernel.catalog.columns import LINKED, link_table
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.store import insert
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.whole import BATCH, FORMAT, Contents
from guanxi.kernel.records.whole_values import read_back
from guanxi.kernel.storage import files
from guanxi.kernel.storage.session import Duplicate

LOG = ("change", "change_set", "operation", "seal", "unsealed", "follower")
Find = Callable[[str], IO[bytes]]


@contextmanager
def opened(source: Path) -> Iterator[Find]:
    """A folder or a zip; gives its parts by name."""
    if source.is_dir():
        yield lambda name: (source / PurePosixPath(name)).open("rb")
        return
    try:
        with zipfile.ZipFile(source) as packed:
            yield packed.open
    except (zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise Invalid(msg("{file} is neither a folder nor a zip of a whole workspace.", file=str(source))) from error


def contents_of(find: Find) -> Contents:
    try:
        with find("manifest.json") as part:
            found = msgspec.json.decode(part.read(), type=Contents)
    except (OSError, KeyError, msgspec.DecodeError) as error:
        raise Invalid("This is not a whole workspace: its manifest.json cannot be read.") from error
    if found.format > FORMAT:
        raise Invalid("This workspace was written by a newer version of Guanxi; update first.")
    return found


def refuse_used(work: Work) -> None:
    """Only a workspace in which nobody has worked yet: no users, no records but those it began with."""
    for obj in work.catalog.objects.values():
        if obj.kind != "config" or obj.name == "user":
            if work.session.value(f"SELECT count(*) FROM {work.session.table(obj.table)}"):
                raise Conflict("A whole workspace can only be read into an empty one; choose another with --workspace.")


def clear(work: Work) -> None:
    """The rows a new workspace began with, and their log: what comes in has its own."""
    session = work.session
    for obj in work.catalog.objects.values():
        session.run(f"DELETE FROM {session.table(obj.table)}")
        for f in obj.fields:
            if f.type in LINKED:
                session.run(f"DELETE FROM {session.table(link_table(obj, f))}")
    for name in LOG:
        session.run(f"DELETE FROM {session.table(name)}")


def import_records(work: Work, find: Find, contents: Contents) -> int:
    """Every object's records with ids, versions and moments as they were; gives how many."""
    unknown = sorted(set(contents.objects) - set(work.catalog.objects))
    if unknown:
        raise Invalid(msg("This program does not know the object {name}; is an app missing?", name=unknown[0]))
    done = 0
    for name, part in contents.objects.items():
        count = _import_object(work, work.catalog.object(name), find, part.sha256)
        if count != part.rows:
            raise _damaged(name)
        done += count
    return done


def _import_object(work: Work, obj: Object, find: Find, sha256: str) -> int:
    shape, read = shape_of(work.catalog, obj), read_back(work.catalog, obj, work.env)
    digest, count = hashlib.sha256(), 0
    drafts: list[Draft] = []

    def store() -> None:
        if drafts:
            try:
                insert(work, shape, drafts)
                work.finish()
            except Duplicate as error:
                raise _damaged(obj.name) from error
            drafts.clear()

    with _part(find, f"objects/{obj.name}.jsonl") as lines:
        for line in lines:
            digest.update(line)
            try:
                row = read(msgspec.json.decode(line))
            except (ValueError, KeyError, TypeError) as error:
                raise _damaged(f"{obj.name}: {error}") from error
            draft = Draft(work, obj, Change("create", obj.name, id=row["id"]), count, None, row)
            draft.version = row["version"]
            drafts.append(draft)
            count += 1
            if len(drafts) == BATCH:
                store()
    store()
    if digest.hexdigest() != sha256:
        raise _damaged(obj.name)
    return count


def import_series(work: Work, series: Mapping[str, int]) -> None:
    """Automatic numbers go on where they were."""
    rows = []
    for name, following in series.items():
        object_name, field_name, period = name.split(".", 2)
        obj = work.catalog.object(object_name)
        rows.append((f"{obj.id}.{work.catalog.field(obj, field_name).id}.{period}", following))
    work.session.run(f"DELETE FROM {work.session.table('number_series')}")
    work.session.insert("number_series", ("name", "next"), rows)


@contextmanager
def _part(find: Find, name: str) -> Iterator[IO[bytes]]:
    try:
        part = find(name)
    except (OSError, KeyError) as error:
        raise _damaged(name) from error
    with part:
        yield part


def import_files(work: Work, find: Find) -> int:
    """Contents first, then their names; gives how many."""
    stored: dict[str, bool] = {}
    rows = []
    with _part(find, "files.jsonl") as lines:
        for line in lines:
            said = msgspec.json.decode(line, type=dict[str, Any])
            sha256 = str(said["sha256"])
            if not (len(sha256) == 64 and sha256.isalnum()):
                raise _damaged("files.jsonl")
            if sha256 not in stored:
                stored[sha256] = _store(work, find, sha256)
            rows.append(_file_row(work, said))
    work.session.insert("file", files.COLUMNS, rows)
    return sum(stored.values())


def _file_row(work: Work, said: Mapping[str, Any]) -> tuple[Any, ...]:
    obj = work.catalog.objects.get(said["object"] or "")
    numbers = {n: int(said[n]) if said[n] is not None else None for n in ("id", "created_by", "record")}
    found = {**said, **numbers, "object": obj.id if obj is not None else None}
    return tuple(found[name] for name in files.COLUMNS)


def _store(work: Work, find: Find, sha256: str) -> bool:
    try:
        part = find(f"files/{sha256}")
    except (OSError, KeyError):
        return False  # it was missing when the workspace was written: the manifest says so
    with part:
        blob = files.store(work.space.db.folder, iter(lambda: part.read(1 << 20), b""))
    if blob.sha256 != sha256:
        raise _damaged(f"files/{sha256}")
    return True


def _damaged(name: str) -> Invalid:
    return Invalid(msg("The whole workspace is damaged at {name}; nothing was imported.", name=name))
