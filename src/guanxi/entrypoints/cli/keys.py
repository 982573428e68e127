"""Options with which commands are given the key of an encrypted archive; never on the command line itself."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from guanxi.base.errors import BadInput
from guanxi.entrypoints.cli.frame import Terminal
from guanxi.kernel.storage.crypt import Key, is_sealed, passphrase, read_key

VARIABLE = "GUANXI_BACKUP_PASSPHRASE"


def declare_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key-file", metavar="FILE", help="encrypt or open with this key file")
    parser.add_argument("--passphrase", action="store_true", help="encrypt or open with a passphrase that is asked for")


def key_for_writing(terminal: Terminal, args: argparse.Namespace) -> Key | None:
    """None: the archive is not encrypted."""
    key = _given(terminal, args)
    if args.passphrase and sys.stdin.isatty() and not os.environ.get(VARIABLE):
        again = getpass.getpass(terminal.text("The same again: "))
        if key is None or again.encode() != key.secret:
            raise BadInput("The two differ; nothing was written.")
    return key


def key_for_reading(
    terminal: Terminal, args: argparse.Namespace, source: Path, *, only_sealed: bool = True
) -> Key | None:
    """Asks only where the archive is encrypted; an open one though a key was given may be somebody else's."""
    if source.is_file() and is_sealed(source):
        return _given(terminal, args)
    if only_sealed and source.is_file() and (args.key_file or args.passphrase):
        raise BadInput(
            "This archive is not encrypted: it is not the one your key made. To use it all the same, leave the key out."
        )
    return None


def _given(terminal: Terminal, args: argparse.Namespace) -> Key | None:
    if args.key_file:
        return read_key(Path(args.key_file))
    if not args.passphrase:
        return None
    known = os.environ.get(VARIABLE)
    if known:
        return passphrase(known)
    if sys.stdin.isatty():
        return passphrase(getpass.getpass(terminal.text("Passphrase: ")))
    return passphrase(sys.stdin.readline().rstrip("\n"))
