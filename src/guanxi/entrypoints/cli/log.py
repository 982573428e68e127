"""`guanxi log export`: what a backup lacks, taken from the log; also from a database whose tables are damaged."""

from __future__ import annotations

import argparse
from pathlib import Path

from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.entrypoints.cli.keys import declare_key, key_for_reading, key_for_writing
from guanxi.kernel.storage.backup import verify


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    deed = deeds.add_parser("export", help="write the log into a file that `guanxi restore --replay` reads")
    deed.add_argument("file", metavar="FILE", help="where to write it")
    deed.add_argument("--since", metavar="BACKUP", help="only what this backup lacks; without it the whole log")
    declare_key(deed)


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    since = Path(args.since) if args.since else None
    manifest = verify(since, key_for_reading(terminal, args, since, only_sealed=False)) if since is not None else None
    target = Path(args.file).resolve()
    made = terminal.host.export_log(terminal.workspace, target, manifest, key=key_for_writing(terminal, args))
    terminal.say("Saved {sets} change-sets since position {pos} in {file}.",
                 sets=made.tables["change_set"].rows, pos=made.since, file=args.file)  # fmt: skip
    return 0


COMMAND = Command("log", "Take the log of changes out, to bring an old backup up to date.", declare, run)
