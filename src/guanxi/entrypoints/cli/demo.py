"""`guanxi demo`: make the sample company in a workspace of its own."""

from __future__ import annotations

import argparse

from guanxi.entrypoints.cli.accounts import demo_sign_in, open_demo
from guanxi.entrypoints.cli.frame import Command, Terminal


def declare(_parser: argparse.ArgumentParser) -> None:
    pass


def run(terminal: Terminal, _args: argparse.Namespace) -> int:
    open_demo(terminal)
    terminal.say("The sample company is ready. Start it with: guanxi run --demo")
    print(demo_sign_in(terminal))
    return 0


COMMAND = Command("demo", "Make the sample company in a workspace of its own.", declare, run)
