"""`guanxi explain`: what saving a record runs, or with `--person` what somebody may do with it and why."""

from __future__ import annotations

import argparse

from guanxi.base.errors import NotFound, msg
from guanxi.base.i18n import render
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.passwords import user_by_email
from guanxi.kernel.admin.because import explain_object, explain_record
from guanxi.kernel.context import Work
from guanxi.kernel.explain import explain

SIGNS = {"yes": "+", "part": "~", "no": "-"}


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="OBJECT", help="for example opportunity")
    parser.add_argument("--person", metavar="EMAIL", help="explain what this person may do with it, and why")
    parser.add_argument("--record", type=int, metavar="ID", help="with --person: one record")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    with terminal.space().read(system("explain")) as work:
        if args.person:
            return _access(terminal, work, args)
        steps = explain(work.catalog, args.object)
    for number, step in enumerate(steps, 1):
        print(f"{number:3}  {step.stage:<10} {render(step.text, terminal.language)}")
        if step.place:
            print(f"{'':16}{step.name}  {step.place}")
    return 0


def _access(terminal: Terminal, work: Work, args: argparse.Namespace) -> int:
    user, target = user_by_email(work.catalog, args.person), work.catalog.object(args.object)
    if user is None:
        raise NotFound(msg("There is no active user with the e-mail {email}.", email=args.person))
    lines = explain_record(work, user, target, args.record) if args.record else explain_object(work, user, target)
    for line in lines:
        print(f"{SIGNS[line.tone]} {render(line.text, terminal.language)}")
    return 0


COMMAND = Command("explain", "Show what saving a record runs, or what somebody may do and why.", declare, run)
