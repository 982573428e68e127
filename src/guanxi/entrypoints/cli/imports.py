"""`guanxi import`: records from a file, with a mapping kept beside it; goes on where it was interrupted."""

from __future__ import annotations

import argparse
import filecmp
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from guanxi.base.errors import BadInput, Message, msg
from guanxi.base.i18n import render
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import Actor
from guanxi.kernel.admin.whole import import_whole
from guanxi.kernel.context import Space, Work
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import check_map, read_map, suggest, write_map
from guanxi.kernel.imports.mending import write_failed
from guanxi.kernel.imports.run import check, execute
from guanxi.kernel.imports.state import Run
from guanxi.kernel.imports.table import TableFile, open_table

BLOCK = 1 << 20
TOLD = 20  # faulty rows named on the terminal


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="OBJECT", nargs="?", help="for example account, contact, opportunity")
    parser.add_argument("file", metavar="FILE", nargs="?", help="CSV or XLSX, also packed with gzip")
    parser.add_argument("--all", metavar="PLACE", help="a whole workspace that `guanxi export --all` wrote")
    parser.add_argument("--map", metavar="FILE", help="which column becomes which field; without it by their names")
    parser.add_argument("--key", metavar="FIELD", help="records with the same value in this field are updated")
    parser.add_argument("--dry-run", action="store_true", help="only check; nothing is written")
    parser.add_argument("--all-or-nothing", action="store_true", help="one faulty row keeps all of them out")
    parser.add_argument("--failed", metavar="FILE", help="where to write the faulty rows with their reasons (CSV)")
    parser.add_argument("--as", dest="person", metavar="EMAIL", help="with this person's rights")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    if args.all:
        return _whole(terminal, Path(args.all))
    if not args.object or not args.file:
        raise BadInput("Say which object and which file, or --all with a whole workspace.")
    space = terminal.space()
    actor = terminal.actor(space, args.person)
    path = Path(args.file)
    table = open_table(path, path.name)
    opened = _open(terminal, space, actor, args, table)
    if opened.total is None:
        opened.total = sum(1 for _ in table.lines())
    show = Bar(terminal)
    if args.dry_run:
        done = check(space, opened, show)
    else:
        done = execute(space, opened, show, all_or_nothing=args.all_or_nothing)
    show.end()
    _tell(terminal, space, done)
    if args.failed:
        with Path(args.failed).open("w", encoding="utf-8-sig", newline="") as out:
            write_failed(space, done, out, terminal.language)
    print(msgspec.json.encode(_summary(done)).decode(), flush=True)
    return 1 if done.state == "failed" or (args.all_or_nothing and done.failed) else 0


def _open(terminal: Terminal, space: Space, actor: Actor | int, args: argparse.Namespace, table: TableFile) -> Run:
    """The interrupted import of this very file with this mapping, or a new one."""
    with space.write(actor, entry="cli") as work:
        target = work.catalog.object(args.object)
        file_map = read_map(Path(args.map).read_bytes()) if args.map else suggest(work, target, table.header)
        if args.key:
            file_map = replace(file_map, key=args.key)
        check_map(work, target, file_map, table.header)
        if not file_map.fields:
            raise BadInput(_nothing_fits(work, args.object))
        file_map = replace(file_map, columns=table.header)
        text = write_map(file_map)
        if not args.dry_run:
            for known in state.runs_of(work.session, work.actor.user):
                if _same(space, known, args, text, table):
                    terminal.note("Going on after row {row}.", row=known.row - 1)
                    return known
        made = state.new_run(work, args.object, table.name)
    state.keep_file(space, made, _blocks(table.path))
    with space.write(actor, entry="cli") as work:
        state.set_map(work.session, made, file_map)
    return made


def _same(space: Space, known: Run, args: argparse.Namespace, text: str, table: TableFile) -> bool:
    if known.state not in ("running", "paused") or known.object != args.object or known.mapping != text:
        return False
    kept = state.path_of(space, known)
    return kept.is_file() and filecmp.cmp(kept, table.path, shallow=False)


def _nothing_fits(work: Work, name: str) -> Message:
    target = work.catalog.object(name)
    return msg("No column is called like a field of {object}. Say which is which with --map.", object=target.label)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


class Bar:
    """A progress bar on a terminal; silent where standard error is a file."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal, self._shown = terminal, sys.stderr.isatty()

    def __call__(self, run: Run) -> bool:
        if self._shown:
            total = max(run.total or 0, run.done, 1)
            filled = 30 * run.done // total
            line = f"\r[{'#' * filled}{'.' * (30 - filled)}] {run.done:,}/{total:,}  "
            print(line + self._terminal.text("{n} faulty", n=run.failed), end="", file=sys.stderr, flush=True)
        return True

    def end(self) -> None:
        if self._shown:
            print(file=sys.stderr)


def _tell(terminal: Terminal, space: Space, done: Run) -> None:
    """The first faulty rows, each with its reason."""
    with space.read(done.who) as work:
        faults = state.faults_of(work.session, done.id, state="open", limit=TOLD)
    for fault in faults:
        said = "; ".join(str(render(message, terminal.language)) for _, _, message in fault.errors)
        terminal.note("Row {row}: {said}", row=fault.row, said=said)
    if done.failed > len(faults):
        terminal.note("… and {n} more faulty rows", n=done.failed - len(faults))


def _summary(done: Run) -> dict[str, object]:
    return {
        "created": done.created,
        "updated": done.updated,
        "same": done.same,
        "failed": done.failed,
        "duplicates": done.duplicates,
        "operation": str(done.operation) if done.operation else None,
        "import": str(done.id),
    }


def _whole(terminal: Terminal, source: Path) -> int:
    contents = import_whole(terminal.host.open(terminal.workspace, create=True), source)
    rows = sum(part.rows for part in contents.objects.values())
    terminal.say("{n} records and {files} files are in. People set a new password by invitation.",
                 n=rows, files=contents.files)  # fmt: skip
    return 0


COMMAND = Command("import", "Bring records in from a file: CSV or Excel.", declare, run)
