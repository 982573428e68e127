"""`guanxi run`: the web server and, unless told otherwise, the background work beside it."""

from __future__ import annotations

import argparse
import signal
from typing import NoReturn

from guanxi.entrypoints.cli.accounts import demo_sign_in, first_administrator, open_demo
from guanxi.entrypoints.cli.frame import Command, Terminal


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="serve the sample company in a workspace of its own")
    parser.add_argument("--host", help="address to listen on; 127.0.0.1 unless said otherwise")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")
    parser.add_argument("--processes", type=int, help="how many web processes")
    parser.add_argument("--no-jobs", action="store_true", help="no background work here: `guanxi work` does it")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    host, settings = terminal.host, terminal.host.settings
    if args.demo:
        host.default = open_demo(terminal).name
        sign_in = demo_sign_in(terminal)
    else:
        host.default = terminal.workspace
        sign_in = first_administrator(terminal, host.open(terminal.workspace, create=True))
    signal.signal(signal.SIGTERM, _stop)

    def ready(address: str) -> None:
        terminal.say("Guanxi listens on {address}", address=address)
        if sign_in:
            terminal.say(sign_in.replace("{", "{{").replace("}", "}}"))
        terminal.say("Stop with Ctrl+C.")

    work = host.worker([host.default] if args.demo else ()) if settings.jobs and not args.no_jobs else None
    if work is not None:
        work.start()
    try:
        port = settings.port if args.port is None else args.port
        host.serve(args.host or settings.host, port, args.processes or settings.processes, ready)
    except KeyboardInterrupt:  # uvicorn repeats the signal after it has ended well
        return 0
    finally:
        if work is not None:
            work.stop()
    return 0


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


COMMAND = Command("run", "Start the web server (creates what is missing).", declare, run)
