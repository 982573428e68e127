"""`guanxi work`: the background work as a process of its own."""

from __future__ import annotations

import argparse
import signal

from guanxi.entrypoints.cli.frame import Command, Terminal


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="end when nothing is left to do")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    loops = terminal.host.worker()
    if args.once:
        while loops.round():
            pass
        return 0
    signal.signal(signal.SIGTERM, lambda *_: loops.stop())
    terminal.note("Background work for: {names}", names=", ".join(terminal.host.workspaces()) or "–")
    loops.run()
    return 0


COMMAND = Command("work", "Do the background work: reactions, jobs, schedules.", declare, run)
