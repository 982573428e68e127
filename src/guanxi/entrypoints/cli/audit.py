"""`guanxi audit verify`: has anybody changed the log of changes?"""

from __future__ import annotations

import argparse

from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    deeds.add_parser("verify", help="recompute the chain of digests over the whole log")


def run(terminal: Terminal, _args: argparse.Namespace) -> int:
    database = terminal.space().db
    seal(database)
    with database.read(timeout=None) as session:
        verdict = verify(session)
    if verdict.broken:
        terminal.note("The log was changed: position {n}, {why}.", n=verdict.broken, why=verdict.why)
        return 1
    terminal.say(
        "The log is whole: {sets} change-sets, {changes} changes, {erased} of them erased on purpose.",
        sets=verdict.sets, changes=verdict.changes, erased=verdict.erased,
    )  # fmt: skip
    return 0


COMMAND = Command("audit", "Check that nobody has changed the log of changes.", declare, run)
