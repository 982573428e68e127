"""`guanxi token add`: a token for programs that use the API."""

from __future__ import annotations

import argparse

from guanxi.base.errors import NotFound, msg
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.passwords import user_by_email
from guanxi.kernel.access.tokens import SCOPES, create_token
from guanxi.kernel.changes.access_log import note

DAY = 86_400_000_000


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    add = deeds.add_parser("add", help="make a token; it is shown only once")
    add.add_argument("--user", required=True, metavar="EMAIL", help="the program acts with this person's rights")
    add.add_argument("--name", default="", help="what it is for")
    add.add_argument("--scope", action="append", choices=SCOPES, help="limit it; may be given several times")
    add.add_argument("--agent", action="store_true", help="for an AI agent: reads only unless --scope says more")
    add.add_argument("--days", type=int, help="how many days it is valid; without it until it is revoked")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.space()
    with space.write(system("command line"), entry="cli") as work:
        user = user_by_email(work.catalog, args.user)
        if user is None:
            raise NotFound(msg("There is no active user with the e-mail {email}.", email=args.user))
        until = work.now + args.days * DAY if args.days else None
        scopes = args.scope or (("read",) if args.agent else ("read", "write"))
        secret, _ = create_token(
            work.session,
            space.ids,
            user,
            name=args.name,
            scopes=scopes,
            expires_at=until,
            now=work.now,
            agent=args.agent,
        )
    note(space, "token_made", user, entry="cli", detail={"scopes": list(scopes)})
    print(secret)
    terminal.note("Keep it safe: it is not shown again.")
    return 0


COMMAND = Command("token", "Make tokens for programs that use the API.", declare, run)
