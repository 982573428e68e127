"""`guanxi backup` and `guanxi restore`: a whole workspace in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from guanxi.base.errors import NotFound, msg
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.storage.backup import Manifest, backup, verify


def declare_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="where to write the archive")


def run_backup(terminal: Terminal, args: argparse.Namespace) -> int:
    manifest = backup(terminal.space().db, Path(args.file).resolve())
    terminal.say("Saved {rows} rows and {files} files in {file}.", **_counts(manifest), file=args.file)
    for missing in manifest.missing_files:
        terminal.note("The contents of the file {name} were missing already.", name=missing)
    return 0


def declare_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="an archive that `guanxi backup` made")
    parser.add_argument("--check", action="store_true", help="only read it and compare every checksum")


def run_restore(terminal: Terminal, args: argparse.Namespace) -> int:
    source = Path(args.file)
    if not source.is_file():
        raise NotFound(msg("There is no file {file}.", file=args.file))
    manifest = verify(source)
    if args.check:
        terminal.say("The archive is whole: {rows} rows and {files} files.", **_counts(manifest))
        return 0
    terminal.host.restore(terminal.workspace, source)
    terminal.host.open(terminal.workspace)
    terminal.say("Restored {rows} rows and {files} files.", **_counts(manifest))
    return 0


def _counts(manifest: Manifest) -> dict[str, int]:
    return {"rows": sum(info.rows for info in manifest.tables.values()), "files": manifest.files}


BACKUP = Command("backup", "Save the whole workspace in one file, while others go on working.",
                 declare_backup, run_backup)  # fmt: skip
RESTORE = Command("restore", "Fill an empty workspace from a backup.", declare_restore, run_restore)
