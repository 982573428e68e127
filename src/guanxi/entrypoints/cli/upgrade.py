"""`guanxi upgrade`: brings a workspace of an older version up to this one, or back."""

from __future__ import annotations

import argparse
from pathlib import Path

from guanxi import __version__
from guanxi.base.errors import NotFound, msg
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.entrypoints.cli.keys import declare_key, key_for_reading, key_for_writing
from guanxi.kernel.admin.upgrade import outlook, upgrade
from guanxi.kernel.admin.upgrades.step import Step
from guanxi.kernel.storage.backups import Kept, kept


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say what it would do")
    parser.add_argument("--back", action="store_true", help="put back the backup that the last upgrade made first")
    parser.add_argument("--folder", metavar="FOLDER", help="where that backup lies; `backups` in the home folder")
    declare_key(parser)


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    folder = Path(args.folder).resolve() if args.folder else terminal.host.settings.home / "backups"
    if args.back:
        return _back(terminal, args, folder)
    with terminal.host.raw(terminal.workspace) as space:
        found = outlook(space.db)
        if not found.steps:
            terminal.say("The workspace fits this version ({version}, step {n}); there is nothing to do.",
                         version=__version__, n=found.level)  # fmt: skip
            return 0
        for step, rows in found.steps:
            terminal.say("{n}. {text}: {rows} rows", n=step.number, text=step.text.in_(terminal.language), rows=rows)
        if args.dry_run:
            return 0

        def tell(step: Step) -> None:
            terminal.say("Step {n} is done.", n=step.number)

        done = upgrade(space, folder, key=key_for_writing(terminal, args), tell=tell)
    terminal.say("Upgraded. The state before is in {file}; the way back is: guanxi upgrade --back",
                 file=str(done.archive))  # fmt: skip
    return 0


def _back(terminal: Terminal, args: argparse.Namespace, folder: Path) -> int:
    before = _before(folder, terminal.workspace)
    aside = terminal.host.go_back(terminal.workspace, before.path, key=key_for_reading(terminal, args, before.path))
    terminal.say("{file} is back. What was there until now is kept as {name}.", file=before.path.name, name=aside)
    return 0


def _before(folder: Path, workspace: str) -> Kept:
    found = [archive for archive in kept(folder, workspace) if archive.why == "upgrade"]
    if not found:
        raise NotFound(msg("There is no backup of an upgrade in {folder}.", folder=str(folder)))
    return found[0]


COMMAND = Command("upgrade", "Bring a workspace of an older version up to this one, or back.", declare, run)
