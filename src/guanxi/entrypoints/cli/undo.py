"""`guanxi undo`: take an operation back, or show what that would do."""

from __future__ import annotations

import argparse

import msgspec

from guanxi.base.dates import iso_datetime
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.kernel.context import Work
from guanxi.kernel.records.operations import operations
from guanxi.kernel.records.read import names
from guanxi.kernel.records.undo import Undone, preview, undo


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operation", metavar="OPERATION", nargs="?", type=int, help="its number; none: list the newest")
    parser.add_argument("--dry-run", action="store_true", help="only show what it would do")
    edited = "values changed since: leave, or take back too"
    parser.add_argument("--edited", choices=("skip", "take"), default="skip", help=edited)
    parser.add_argument("--as", dest="person", metavar="EMAIL", help="with this person's rights")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.space()
    actor = terminal.actor(space, args.person)
    if args.operation is None:
        with space.read(actor) as work:
            print(_list(terminal, work))
        return 0
    if args.dry_run:
        result = preview(space, actor, args.operation)
    else:
        result = undo(space, actor, args.operation, edited=args.edited, entry="cli")
    with space.read(actor) as work:
        print(_report(terminal, work, result, args.dry_run))
    print(msgspec.json.encode(result).decode())
    return 0


def _list(terminal: Terminal, work: Work) -> str:
    people = work.catalog.config["user"]
    head = [terminal.text(t) for t in ("Operation", "When", "Who", "What", "Changes", "State")]
    rows = [
        [
            str(o.id),
            iso_datetime(o.at)[:19],
            str(people.get(o.actor, {}).get("name", "Guanxi")),
            f"{o.kind} ({o.entry})",
            str(o.changes),
            o.state,
        ]
        for o in operations(work, limit=20)
    ]
    return table([head, *rows])


def _report(terminal: Terminal, work: Work, result: Undone, dry: bool) -> str:
    titles = (
        ("Would be put back", "Would go to the trash", "Would stay as it is")
        if dry
        else ("Put back", "Put in the trash", "Left as it is")
    )
    counts = (result.restored, result.trashed, result.skipped)
    lines = [table([[terminal.text(t), str(n)] for t, n in zip(titles, counts, strict=True)])]
    if result.clashes:
        why = {
            "edited": "edited since",
            "used": "others refer to it",
            "taken": "another record has its value now",
            "gone": "no longer there",
        }
        rows = [
            [c.object, str(c.id), names(work, c.object, [c.id]).get(c.id, ""), terminal.text(why[c.reason])]
            for c in result.clashes
        ]
        lines.append(table(rows))
    return "\n\n".join(lines) + "\n"


COMMAND = Command("undo", "Take an operation back, or show what that would do.", declare, run)
