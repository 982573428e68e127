"""`guanxi forget`: erase a person everywhere, or show what that would touch."""

from __future__ import annotations

import argparse

import msgspec

from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.admin.erasures import forget, preview, run_bytes
from guanxi.kernel.admin.forget import ASKED_BY, Wish


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("object", metavar="OBJECT", help="for example contact, lead")
    parser.add_argument("record", metavar="ID", type=int, help="the record's number")
    parser.add_argument("--asked-by", choices=ASKED_BY, default="person", help="at whose wish")
    parser.add_argument("--keep-texts", action="store_true", help="leave the text of activities about the person")
    also = "another record of the same person, as object:id; may be given several times"
    parser.add_argument("--also", action="append", default=[], metavar="OBJECT:ID", help=also)
    parser.add_argument("--dry-run", action="store_true", help="only show what it would touch")
    parser.add_argument("--as", dest="person", metavar="EMAIL", help="with this person's rights")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.space()
    actor = terminal.actor(space, args.person)
    pairs = [(name, int(ident)) for name, _, ident in (text.partition(":") for text in args.also) if ident.isdigit()]
    wish = Wish(args.object, args.record, args.asked_by, not args.keep_texts, tuple(pairs))
    if args.dry_run:
        found = preview(space, actor, wish)
        shown = {
            "records": [{"object": t.name, "id": str(i)} for t, i in found.person.records],
            "texts": found.texts,
            "files": found.files,
            "changes": found.changes,
            "kept": found.kept,
            "perhaps_the_same": [{"object": name, "id": str(ident)} for name, ident in found.same],
        }
        print(msgspec.json.encode(shown).decode())
        return 0
    done = forget(space, actor, wish, entry="cli")
    run_bytes(space, None)
    terminal.note("Erased. The certificate {n} has the digest {digest}.", n=done.id, digest=done.digest)
    print(msgspec.json.encode({**done.report, "sha256": done.digest}).decode())
    return 0


COMMAND = Command("forget", "Erase a person everywhere: records, history, files, copies.", declare, run)
