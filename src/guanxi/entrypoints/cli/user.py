"""`guanxi user`: who may sign in, and what to do when somebody cannot."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from guanxi.base.errors import NotFound, msg
from guanxi.entrypoints.cli.accounts import make_password
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.devices import distrust_devices
from guanxi.kernel.access.passwords import judge_password, set_password, user_by_email
from guanxi.kernel.access.policy import SETTING, policy_of
from guanxi.kernel.access.second_factor import remove_factor
from guanxi.kernel.access.sessions import close_sessions, list_sessions
from guanxi.kernel.admin.people import add_user
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.context import Space

Deed = Callable[[Terminal, Space, argparse.Namespace], int]


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    add = deeds.add_parser("add", help="add a person who may sign in")
    add.add_argument("email", metavar="EMAIL", help="their e-mail address")
    add.add_argument("--role", required=True, help="role, by key or name: administrator, sales, sales_manager …")
    add.add_argument("--name", default="", help="their name")
    add.add_argument("--team", default="", help="their team, by name")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    add.set_defaults(deed=_add)
    renew = deeds.add_parser("reset-password", help="give somebody a new password; signs all their devices out")
    renew.add_argument("email", metavar="EMAIL", help="their e-mail address")
    renew.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    renew.set_defaults(deed=_reset_password)
    factor = deeds.add_parser("reset-totp", help="take somebody's second factor away, when the phone is lost")
    factor.add_argument("email", metavar="EMAIL", help="their e-mail address")
    factor.set_defaults(deed=_reset_factor)
    sessions = deeds.add_parser("sessions", help="list the devices on which somebody is signed in")
    sessions.add_argument("email", metavar="EMAIL", help="their e-mail address")
    sessions.add_argument("--end", action="store_true", help="sign them all out")
    sessions.set_defaults(deed=_sessions)
    networks = deeds.add_parser("clear-networks", help="let people sign in from every network again")
    networks.set_defaults(deed=_clear_networks)


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    deed: Deed = args.deed
    return deed(terminal, terminal.space(), args)


def _given(args: argparse.Namespace) -> str:
    return sys.stdin.readline().rstrip("\r\n") if args.password_stdin else ""


def _add(terminal: Terminal, space: Space, args: argparse.Namespace) -> int:
    given = _given(args)
    password = given or make_password()
    with space.write(system("command line"), entry="cli") as work:
        user = add_user(work, args.email, args.role, password, name=args.name, team=args.team)
    terminal.say("{email} was added with the id {id}.", email=args.email, id=user)
    if not given:
        terminal.say("Password, shown only now: {password}", password=password)
    return 0


def _person(space: Space, email: str) -> int:
    with space.read(system("command line")) as work:
        user = user_by_email(work.catalog, email)
    if user is None:
        raise NotFound(msg("There is no active user with the e-mail {email}.", email=email))
    return user


def _reset_password(terminal: Terminal, space: Space, args: argparse.Namespace) -> int:
    user, given = _person(space, args.email), _given(args)
    password = given or make_password()
    with space.write(system("command line"), entry="cli") as work:
        judge_password(password, names=(args.email,), shortest=policy_of(work.catalog).shortest)
        set_password(work.session, user, password, work.now)
    _shut(space, user, "password_reset")
    terminal.say("{email} has a new password; all devices were signed out.", email=args.email)
    if not given:
        terminal.say("Password, shown only now: {password}", password=password)
    return 0


def _reset_factor(terminal: Terminal, space: Space, args: argparse.Namespace) -> int:
    user = _person(space, args.email)
    with space.db.write() as session:
        done = remove_factor(session, user)
    _shut(space, user, "second_factor_reset")
    text = "{email} signs in with the password alone now." if done else "{email} had no second factor."
    terminal.say(text, email=args.email)
    return 0


def _sessions(terminal: Terminal, space: Space, args: argparse.Namespace) -> int:
    user = _person(space, args.email)
    if args.end:
        _shut(space, user, "signed_out_everywhere")
        terminal.say("All devices of {email} were signed out.", email=args.email)
        return 0
    with space.read(system("command line")) as work:
        policy = policy_of(work.catalog)
    rows = [(_moment(s.created), _moment(s.seen), s.address, s.agent[:60])
            for s in list_sessions(space.db, user, space.clock(), policy)]  # fmt: skip
    head = tuple(terminal.text(name) for name in ("Signed in", "Last seen", "Address", "Browser"))
    print(table([head, *rows]))
    return 0


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _clear_networks(terminal: Terminal, space: Space, _args: argparse.Namespace) -> int:
    with space.write(system("command line"), entry="cli", kind="settings") as work:
        stored = work.catalog.settings.get(SETTING) or {}
        change_settings(work, {SETTING: {**stored, "networks": []}})
    terminal.say("People may sign in from every network again.")
    return 0


def _shut(space: Space, user: int, deed: str) -> None:
    close_sessions(space.db, user)
    distrust_devices(space.db, user, forget=True)
    note(space, "right_used", 0, entry="cli", object="user", record=user, detail={"deed": deed}, at_once=True)


COMMAND = Command("user", "Add people who may sign in, and help those who cannot.", declare, run)
