"""`guanxi backup` and `guanxi restore`: a whole workspace in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.entrypoints.cli.keys import declare_key, key_for_reading, key_for_writing
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.safekeeping import folder_of, make_backup, plan_of
from guanxi.kernel.storage.backup import Manifest, backup, verify
from guanxi.kernel.storage.backups import kept, runs
from guanxi.kernel.storage.crypt import make_key
from guanxi.kernel.storage.level import NeedsUpgrade


def declare_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="*", metavar="FILE",
        help="where to write; nothing: into the planned folder; list: what is there; verify FILE; key FILE: a new key",
    )  # fmt: skip
    declare_key(parser)


def run_backup(terminal: Terminal, args: argparse.Namespace) -> int:
    match args.words:
        case []:
            return _planned(terminal)
        case ["list"]:
            return _list(terminal)
        case ["verify", file]:
            manifest = _read(terminal, args, Path(file))
            terminal.say("The archive is whole: {rows} rows and {files} files.", **_counts(manifest))
            return 0
        case ["key", file]:
            make_key(Path(file))
            terminal.say("Key written to {file}. Keep a copy away from this machine: without it no backup opens.",
                         file=file)  # fmt: skip
            return 0
        case [file]:
            return _into(terminal, args, Path(file).resolve())
    raise BadInput("Write one of: guanxi backup FILE, guanxi backup list, guanxi backup verify FILE.")


def _into(terminal: Terminal, args: argparse.Namespace, target: Path) -> int:
    with terminal.host.raw(terminal.workspace) as space:
        manifest = backup(space.db, target, key=key_for_writing(terminal, args))
    terminal.say("Saved {rows} rows and {files} files in {file}.", **_counts(manifest), file=str(target))
    for missing in manifest.missing_files:
        terminal.note("The contents of the file {name} were missing already.", name=missing)
    return 0


def _planned(terminal: Terminal) -> int:
    target, manifest = make_backup(terminal.space())
    terminal.say("Saved {rows} rows and {files} files in {file}.", **_counts(manifest), file=str(target))
    return 0


def _list(terminal: Terminal) -> int:
    space = terminal.space()
    with space.read(system("command line")) as work:
        folder = folder_of(space, plan_of(work.catalog.settings))
    with space.db.read() as session:
        state = {Path(run.file).name: run.state for run in runs(session, 1000) if run.file}
    for archive in (found := kept(folder, space.name)):
        known = state.get(archive.path.name, archive.why or "?")
        size = f"{archive.size / 1_000_000:.1f} MB"
        print(table([[archive.made.isoformat(timespec="seconds"), size, known, str(archive.path)]]))
    if not found:
        terminal.note("There are no backups in {folder}.", folder=str(folder))
    return 0


def _read(terminal: Terminal, args: argparse.Namespace, source: Path) -> Manifest:
    if not source.is_file():
        raise NotFound(msg("There is no file {file}.", file=str(source)))
    return verify(source, key_for_reading(terminal, args, source))


def declare_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="an archive that `guanxi backup` made")
    parser.add_argument("--check", action="store_true", help="only read it and compare every checksum")
    parser.add_argument("--replay", metavar="LOG", help="then the log since, made by `guanxi log export`")
    declare_key(parser)


def run_restore(terminal: Terminal, args: argparse.Namespace) -> int:
    source = Path(args.file)
    if args.check:
        manifest = _read(terminal, args, source)
        terminal.say("The archive is whole: {rows} rows and {files} files.", **_counts(manifest))
        return 0
    for file in (source, *([Path(args.replay)] if args.replay else [])):
        if not file.is_file():
            raise NotFound(msg("There is no file {file}.", file=str(file)))
    key = key_for_reading(terminal, args, source)
    log = Path(args.replay) if args.replay else None
    manifest = terminal.host.restore(terminal.workspace, source, key=key, log=log)
    terminal.say("Restored {rows} rows and {files} files.", **_counts(manifest))
    try:
        terminal.host.open(terminal.workspace)
    except NeedsUpgrade:
        terminal.note("The backup is from an older version. Now run: guanxi upgrade")
    return 0


def _counts(manifest: Manifest) -> dict[str, int]:
    return {"rows": manifest.rows, "files": manifest.files}


BACKUP = Command("backup", "Save the whole workspace in one file, while others go on working.",
                 declare_backup, run_backup)  # fmt: skip
RESTORE = Command("restore", "Fill an empty workspace from a backup.", declare_restore, run_restore)
