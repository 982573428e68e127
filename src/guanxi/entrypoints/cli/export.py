"""`guanxi export`: records as a file, or on standard output for another program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from guanxi.base.errors import BadInput
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import Actor
from guanxi.kernel.context import Space
from guanxi.kernel.records.export import FORMATS, Header, export, note_export
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.whole import export_whole


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="OBJECT", nargs="?", help="for example account, contact, opportunity")
    parser.add_argument("--all", metavar="PLACE", help="the whole workspace in an open format: a new folder, or a .zip")
    parser.add_argument("--filter", help="only these records, as an expression: amount > 10000")
    parser.add_argument("--fields", help="field names with commas between; without it all one may read")
    parser.add_argument("--format", choices=FORMATS, help="by the file's ending unless given; csv on standard output")
    parser.add_argument("--labels", action="store_true", help="headings and values as people read them")
    parser.add_argument("--bom", action="store_true", help="mark the CSV as UTF-8, for Excel")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write; standard output without it")
    parser.add_argument("--as", dest="person", metavar="EMAIL", help="with this person's rights")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.space()
    actor = terminal.actor(space, args.person)
    if args.all:
        return _whole(terminal, space, actor, Path(args.all).resolve())
    if not args.object:
        raise BadInput("Say which object, or --all with a place for the whole workspace.")
    fields = tuple(name.strip() for name in args.fields.split(",") if name.strip()) if args.fields else ()
    ending = Path(args.output).suffix.lstrip(".").lower() if args.output else ""
    format_ = args.format or (ending if ending in FORMATS else "csv")
    query = Query(args.object, where=args.filter or None, fields=fields)
    header: Header = "labels" if args.labels else "names"
    target = Path(args.output) if args.output else None
    partial = target.with_name(f".{target.name}.part") if target else None
    try:
        with space.read(actor, timeout=60.0) as work:
            if partial is None:
                count = export(work, query, sys.stdout.buffer, format=format_, header=header, bom=args.bom)
                sys.stdout.buffer.flush()
            else:
                with partial.open("wb") as out:
                    count = export(work, query, out, format=format_, header=header, bom=args.bom)
        if partial is not None and target is not None:
            partial.rename(target)
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    user = actor if isinstance(actor, int) else actor.user
    note_export(space, user, args.object, count, fields, entry="cli")
    terminal.note("{n} records exported.", n=count)
    return 0


def _whole(terminal: Terminal, space: Space, actor: Actor | int, target: Path) -> int:
    with space.read(actor, timeout=3_600.0) as work:
        contents = export_whole(work, target)
    rows = sum(part.rows for part in contents.objects.values())
    user = actor if isinstance(actor, int) else actor.user
    note_export(space, user, "*", rows, (), entry="cli")
    terminal.note("{n} records and {files} files written to {place}.", n=rows, files=contents.files, place=str(target))
    return 0


COMMAND = Command("export", "Write records to a file: CSV, JSON lines or Excel.", declare, run)
