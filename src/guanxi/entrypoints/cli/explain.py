"""`guanxi explain`: everything that saving a record runs, in order, with its place in the code."""

from __future__ import annotations

import argparse

from guanxi.base.i18n import render
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.explain import explain


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="OBJECT", help="for example opportunity")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    with terminal.space().read(system("explain")) as work:
        steps = explain(work.catalog, args.object)
    for number, step in enumerate(steps, 1):
        print(f"{number:3}  {step.stage:<10} {render(step.text, terminal.language)}")
        if step.place:
            print(f"{'':16}{step.name}  {step.place}")
    return 0


COMMAND = Command("explain", "Show everything that saving a record runs.", declare, run)
