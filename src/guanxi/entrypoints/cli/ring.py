"""`guanxi keys`: the keys of encrypted fields, changed, retired, copied for the safe and brought back."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.entrypoints.cli.keys import declare_key, key_for_reading, key_for_writing
from guanxi.kernel.records import rekey
from guanxi.kernel.storage import keyring

STATES = {keyring.CURRENT: "for new values", keyring.OPEN: "for older values", keyring.LOG: "for the log only"}


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="+", metavar="DEED",
        help="list; rotate: a new key, all records are brought to it; retire: older keys that no record needs;"
        " export-recovery FILE: an encrypted copy; recover FILE: bring such a copy back",
    )  # fmt: skip
    declare_key(parser)


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    match args.words:
        case ["list"]:
            return _list(terminal)
        case ["rotate"]:
            made = rekey.start(terminal.space())
            terminal.say("New values are encrypted with the key {key}; the records follow in the background.",
                         key=made.id)  # fmt: skip
            return 0
        case ["retire"]:
            for key in rekey.retire(terminal.space()):
                terminal.say("The key {key} is kept for the log only.", key=key.id)
            return 0
        case ["export-recovery", file]:
            return _export(terminal, args, Path(file))
        case ["recover", file]:
            return _recover(terminal, args, Path(file))
    raise BadInput("Write one of: guanxi keys list, rotate, retire, export-recovery FILE, recover FILE.")


def _list(terminal: Terminal) -> int:
    space = terminal.space()
    found = rekey.usage(space)
    if not found:
        terminal.note("There are no keys yet: they are made with the first encrypted value.")
        return 0
    print(space.db.ring.place)
    rows = []
    for key, used in found:
        made = datetime.fromtimestamp(key.made / 1_000_000, UTC).strftime("%Y-%m-%d")
        rows.append((key.id, made, terminal.text(STATES[key.state]), terminal.text("{n} values", n=used)))
    print(table(rows))
    return 0


def _export(terminal: Terminal, args: argparse.Namespace, target: Path) -> int:
    key = key_for_writing(terminal, args)
    if key is None:
        raise BadInput("A recovery copy is always encrypted: add --passphrase or --key-file FILE.")
    keyring.take_out(terminal.space().db.ring, target, key)
    terminal.say("Keys written to {file}. Keep it away from this machine, and not beside the backups.",
                 file=str(target))  # fmt: skip
    return 0


def _recover(terminal: Terminal, args: argparse.Namespace, source: Path) -> int:
    if not source.is_file():
        raise NotFound(msg("There is no file {file}.", file=str(source)))
    key = key_for_reading(terminal, args, source)
    if key is None:
        raise BadInput("A recovery copy is always encrypted: add --passphrase or --key-file FILE.")
    with terminal.host.raw(terminal.workspace) as space, space.db.read() as session:
        keyring.bring_back(space.db.ring, session, source, key)
        terminal.say("The keys are in {file} again.", file=str(space.db.ring.place))
    return 0


COMMAND = Command("keys", "Keys of encrypted fields: list, change, retire, copy for recovery.", declare, run)
