"""The whole workspace in an open format: a file per object, catalogue, files, history, and how to read them."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from guanxi import __version__
from guanxi.base.dates import iso_datetime
from guanxi.base.errors import Conflict, Forbidden, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.pack import encode, export
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.catalog.system import PSEUDO_OBJECTS
from guanxi.kernel.changes.log import decode
from guanxi.kernel.context import Work
from guanxi.kernel.records.output import json_value
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.whole_values import written
from guanxi.kernel.storage import files

FORMAT = 1
BATCH = 2_000
OWN_SETTINGS = frozenset({"seeded"})  # what the program keeps for itself
README = """# A whole workspace of Guanxi

Every file is UTF-8. Ids are texts, dates ISO 8601, moments UTC with `Z`, amounts decimal texts with their currency.

* `manifest.json`: format, version, moment, and for each object the number of records and the SHA-256 of its file.
* `catalogue.json`: objects and fields made in this workspace, and what was changed about the built-in ones.
* `settings.json`: settings of the workspace. `series.json`: the next automatic numbers.
* `objects/NAME.jsonl`: one record a line, by field name, trashed ones too. Empty fields are left out. `_stored` holds
  a field's columns where the readable form would lose something (the base amount of money in another currency).
* `files.jsonl` and `files/SHA256`: names and contents of attached files.
* `history.jsonl`: who changed what and when, oldest first. It is for reading: an import does not take it in.

Not in it: passwords, tokens, second factors, sessions, shares of single records, retired objects and fields.
`guanxi import --all` reads it into an empty workspace.
"""


class Part(msgspec.Struct, frozen=True):
    """One object's file."""

    rows: int
    sha256: str


class Contents(msgspec.Struct, frozen=True):
    """`manifest.json`."""

    format: int
    version: str
    made_at: str
    objects: dict[str, Part]
    files: int
    missing_files: list[str] = []


Open = Callable[[str], Any]


@contextmanager
def _place(target: Path) -> Iterator[Open]:
    """A folder, or a zip if the name ends so; it gets its name when it is complete."""
    if target.exists():
        raise Conflict(msg("{file} is there already; choose another name.", file=str(target)))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    try:
        if target.suffix == ".zip":
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as packed:
                yield lambda name: packed.open(name, "w", force_zip64=True)
        else:
            partial.mkdir(mode=0o700)

            def make(name: str) -> IO[bytes]:
                place = partial / name
                place.parent.mkdir(parents=True, exist_ok=True)
                return place.open("wb")

            yield make
        partial.chmod(0o700 if partial.is_dir() else 0o600)
        partial.rename(target)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)


def export_whole(
    work: Work, target: Path, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Contents:
    """Everything, as of one moment; for administrators and the system only."""
    if not (work.actor.rights.admin or work.actor.is_system):
        raise Forbidden(msg("Only administrators take the whole workspace out."))
    session, catalog = work.session, work.catalog
    objects = list(catalog.objects.values())
    total = sum(session.value(f"SELECT count(*) FROM {session.table(o.table)}") for o in objects)
    done, parts = 0, {}
    with _place(target) as make:
        with make("README.md") as out:
            out.write(README.encode())
        _write_json(make, "catalogue.json", encode(export(session, catalog, work.space.name)).encode())
        settings = {k: v for k, v in catalog.settings.items() if k not in OWN_SETTINGS}
        _write_json(make, "settings.json", msgspec.json.encode(settings))
        _write_json(make, "series.json", msgspec.json.encode(_series(work)))
        for obj in objects:
            parts[obj.name] = _write_object(work, obj, make, lambda n: progress(n, total), done)
            done += parts[obj.name].rows
        count, missing = _write_files(work, make)
        _write_history(work, make)
        contents = Contents(FORMAT, __version__, iso_datetime(work.now), parts, count, missing)
        _write_json(make, "manifest.json", msgspec.json.encode(contents))
    return contents


def _series(work: Work) -> dict[str, int]:
    """Automatic numbers by object, field and period: ids of fields stay at home."""
    found: dict[str, int] = {}
    for name, following in work.session.rows(f"SELECT name, next FROM {work.session.table('number_series')}"):
        _, ident, period = name.split(".", 2)
        known = work.catalog.fields_by_id.get(int(ident))
        if known is not None:
            found[f"{known[0].name}.{known[1].name}.{period}"] = following
    return found


def _write_json(make: Open, name: str, data: bytes) -> None:
    with make(name) as out:
        out.write(msgspec.json.format(data, indent=2))


def _write_object(work: Work, obj: Object, make: Open, progress: Callable[[int], None], before: int) -> Part:
    shape = shape_of(work.catalog, obj)
    write = written(work.catalog, obj, work.env)
    names = ", ".join(f'"{c}"' for c in shape.columns)
    digest, count, encoder = hashlib.sha256(), 0, msgspec.json.Encoder()
    sql = f'SELECT {names} FROM {work.session.table(obj.table)} ORDER BY "id"'
    with make(f"objects/{obj.name}.jsonl") as out:
        for rows in work.session.stream(sql, size=BATCH):
            data = encoder.encode_lines([write(dict(zip(shape.columns, row, strict=True))) for row in rows])
            digest.update(data)
            out.write(data)
            count += len(rows)
            progress(before + count)
    return Part(count, digest.hexdigest())


def _write_files(work: Work, make: Open) -> tuple[int, list[str]]:
    names = ", ".join(files.COLUMNS)
    objects = work.catalog.objects_by_id
    wanted: set[str] = set()
    with make("files.jsonl") as out:
        sql = f"SELECT {names} FROM {work.session.table('file')} ORDER BY id"
        for rows in work.session.stream(sql, size=BATCH):
            for row in rows:
                said = dict(zip(files.COLUMNS, row, strict=True))
                owner = objects.get(said["object"] or 0)
                said["object"] = owner.name if owner is not None else None
                for name in ("id", "created_by", "record"):
                    said[name] = str(said[name]) if said[name] is not None else None
                out.write(msgspec.json.encode(said) + b"\n")
                wanted.add(said["sha256"])
    missing = []
    for sha256 in sorted(wanted):
        place = files.path_of(work.space.db.folder, sha256)
        if not place.exists():
            missing.append(sha256)
            continue
        with place.open("rb") as source, make(f"files/{sha256}") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    return len(wanted) - len(missing), missing


def _write_history(work: Work, make: Open) -> None:
    table = work.session.table
    sql = (
        f"SELECT s.at, o.actor, o.entry, o.kind, s.operation, c.object, c.record, c.version, c.op, c.old, c.new"
        f" FROM {table('change')} c JOIN {table('change_set')} s ON s.id = c.set_id"
        f" LEFT JOIN {table('operation')} o ON o.id = s.operation ORDER BY c.set_id, c.n"
    )
    encoder = msgspec.json.Encoder()
    with make("history.jsonl") as out:
        for rows in work.session.stream(sql, size=BATCH):
            out.write(encoder.encode_lines([_past(work.catalog, row) for row in rows]))


def _past(catalog: Catalog, row: tuple[Any, ...]) -> dict[str, Any]:
    at, actor, entry, kind, operation, number, record, version, op, old, new = row
    obj = catalog.objects_by_id.get(number)
    name = obj.name if obj is not None else PSEUDO_OBJECTS.get(number, str(number))
    said = {"at": iso_datetime(at), "by": str(actor) if actor else None, "entry": entry, "kind": kind}
    said |= {"operation": str(operation), "object": name, "record": str(record), "version": version, "op": op}
    return said | {"old": _named(catalog, decode(old)), "new": _named(catalog, decode(new))}


def _named(catalog: Catalog, values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Field ids become names, stored values readable ones."""
    if values is None:
        return None
    found = {}
    for key, value in values.items():
        field = catalog.field_of(int(key)) if key.isdigit() else None
        if field is None:
            found[key] = value
        else:
            several = value if isinstance(value, list) else [value]
            found[field.name] = json_value(catalog, field, several)
    return found
