"""`guanxi user add`: a person who may sign in."""

from __future__ import annotations

import argparse
import sys

from guanxi.entrypoints.cli.accounts import make_password
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.people import add_user


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    add = deeds.add_parser("add", help="add a person who may sign in")
    add.add_argument("email", metavar="EMAIL", help="their e-mail address")
    add.add_argument("--role", required=True, help="role, by key or name: administrator, sales, sales_manager …")
    add.add_argument("--name", default="", help="their name")
    add.add_argument("--team", default="", help="their team, by name")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.space()
    given = sys.stdin.readline().rstrip("\r\n") if args.password_stdin else ""
    password = given or make_password()
    with space.write(system("command line"), entry="cli") as work:
        user = add_user(work, args.email, args.role, password, name=args.name, team=args.team)
    terminal.say("{email} was added with the id {id}.", email=args.email, id=user)
    if not given:
        terminal.say("Password, shown only now: {password}", password=password)
    return 0


COMMAND = Command("user", "Add people who may sign in.", declare, run)
