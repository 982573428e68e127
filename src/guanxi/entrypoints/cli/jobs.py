"""`guanxi jobs`: background jobs that failed for good: list, retry, discard."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.kernel.admin.health import dead_jobs, discard_job, figures, retry_jobs
from guanxi.kernel.context import Space

Deed = Callable[[Terminal, Space, argparse.Namespace], int]


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    deeds.add_parser("list", help="how many jobs wait and run, and which failed").set_defaults(deed=_list)
    retry = deeds.add_parser("retry", help="run failed jobs again from the start")
    retry.add_argument("id", metavar="ID", help="number of the job, or: all")
    retry.set_defaults(deed=_retry)
    discard = deeds.add_parser("discard", help="take a failed job out of the list; it will not be done")
    discard.add_argument("id", metavar="ID", help="number of the job")
    discard.set_defaults(deed=_discard)


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    deed: Deed = args.deed
    return deed(terminal, terminal.space(), args)


def _list(terminal: Terminal, space: Space, _args: argparse.Namespace) -> int:
    for (queue, state), n in sorted(figures(space).jobs.items()):
        terminal.say("{queue}: {n} {state}", queue=queue, state=state, n=n)
    with space.db.read() as session:
        found = dead_jobs(session)
    if found:
        print(table([(str(job.id), job.kind, _moment(job.at), job.error) for job in found]))
    else:
        terminal.say("No job has failed for good.")
    return 0


def _retry(terminal: Terminal, space: Space, args: argparse.Namespace) -> int:
    with space.db.write() as session:
        n = retry_jobs(session, None if args.id == "all" else _number(args.id))
    terminal.say("Jobs that run again: {n}", n=n)
    return 0


def _discard(terminal: Terminal, space: Space, args: argparse.Namespace) -> int:
    with space.db.write() as session:
        discard_job(session, _number(args.id))
    terminal.say("The job was taken out of the list.")
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput(msg("“{text}” is no number of a job.", text=text[:40]))
    return int(text)


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


COMMAND = Command("jobs", "Look after background jobs that failed.", declare, run)
