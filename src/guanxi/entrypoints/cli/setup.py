"""`guanxi setup`: make the workspace and its first administrator."""

from __future__ import annotations

import argparse
import sys

from guanxi.entrypoints.cli.accounts import ADMIN_MAIL, first_administrator
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.settings import change_settings

FIRST = ("name", "currency", "zone", "country", "language")
"""Settings one knows before the start; the others are changed on their pages."""


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", default=ADMIN_MAIL, help="e-mail of the first administrator")
    parser.add_argument("--name", default="", help="name of the first administrator")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    for setting in FIRST:
        parser.add_argument(f"--set-{setting}", metavar="VALUE", help=f"the workspace's {setting}")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.host.open(terminal.workspace, create=True)
    values = {name: value for name in FIRST if (value := getattr(args, f"set_{name}"))}
    if values:
        with space.write(system("set-up"), entry="cli", kind="setup") as work:
            change_settings(work, values)
    password = sys.stdin.readline().rstrip("\r\n") if args.password_stdin else ""
    said = first_administrator(terminal, space, args.email, password, args.name)
    terminal.say("The workspace “{name}” is ready in {folder}.", name=space.name, folder=space.folder)
    print(said or terminal.text("It has an administrator already; add people with: guanxi user add"))
    return 0


COMMAND = Command("setup", "Make the workspace and its first administrator.", declare, run)
