"""`guanxi audit`: has anybody changed the logs, who did and read how much, write an anchor now."""

from __future__ import annotations

import argparse
import csv
import sys
from typing import TYPE_CHECKING

from guanxi.base.dates import day_start, parse_date
from guanxi.base.errors import BadInput, msg
from guanxi.base.gate import BadValue
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.keeping import anchor
from guanxi.kernel.changes.access_log import verify_access
from guanxi.kernel.changes.anchors import verify_anchors
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.changes.trail import report

if TYPE_CHECKING:
    from guanxi.kernel.context import Space


def declare(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(metavar="DEED", required=True, dest="deed")
    deeds.add_parser("verify", help="recompute the chains of both logs and compare them with the anchors")
    deeds.add_parser("anchor", help="write the heads of both chains to the file of anchors now")
    told = deeds.add_parser("report", help="who did and read how much in a period, as CSV")
    told.add_argument("--from", dest="since", required=True, metavar="DAY", help="first day, like 2026-11-01")
    told.add_argument("--to", dest="until", required=True, metavar="DAY", help="last day")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space = terminal.space()
    if args.deed == "report":
        return _report(space, args.since, args.until)
    if args.deed == "anchor":
        anchor(space)
        terminal.say("Anchored in {path}.", path=space.anchors)
        return 0
    return _verify(terminal, space)


def _verify(terminal: Terminal, space: Space) -> int:
    space.accesses.flush()
    seal(space.db)
    with space.db.read(timeout=None) as session:
        verdict, access = verify(session), verify_access(session)
        anchors = verify_anchors(session, space.anchors)
    if verdict.broken:
        terminal.note("The log was changed: position {n}, {why}.", n=verdict.broken, why=verdict.why)
    if access.broken:
        terminal.note("The access log was changed: batch {n}, {why}.", n=access.broken, why=access.why)
    if anchors.broken:
        terminal.note("The log does not fit its anchor of {at}: {why}.", at=anchors.broken, why=anchors.why)
    if verdict.broken or access.broken or anchors.broken:
        return 1
    terminal.say(
        "The log is whole: {sets} change-sets, {changes} changes, {erased} of them erased on purpose.",
        sets=verdict.sets, changes=verdict.changes, erased=verdict.erased,
    )  # fmt: skip
    if verdict.requests:
        requests = ", ".join(str(ident) for ident in verdict.requests)
        terminal.say("Erased by request: {requests}", requests=requests)
    if verdict.shrunk:
        terminal.say("Shortened after their time: {n} changes", n=verdict.shrunk)
    terminal.say("The access log is whole: {batches} batches, {acts} acts; {dropped} batches are past their time.",
                 batches=access.batches, acts=access.acts, dropped=access.dropped)  # fmt: skip
    terminal.say("Anchors that fit: {n}", n=anchors.anchors)
    return 0


def _report(space: Space, since: str, until: str) -> int:
    with space.read(system("audit report"), timeout=60.0) as work:
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
        first, last = _day(since, work.today), _day(until, work.today)
        lines = report(work.session, day_start(first, zone), day_start(last + 1, zone))
        people = work.catalog.config["user"]
    out = csv.writer(sys.stdout)
    out.writerow(["person", "e-mail", "log", "kind", "times", "records"])
    for line in lines:
        row = people.get(line.actor, {})
        name, mail = row.get("name", "Guanxi"), row.get("email") or ""
        out.writerow([name, mail, line.source, line.kind, line.times, line.records])
    return 0


def _day(text: str, today: int) -> int:
    try:
        return parse_date(text, today)
    except BadValue as error:
        raise BadInput(msg("«{text}» is no day; write it like 2026-11-21.", text=text)) from error


COMMAND = Command("audit", "Check the logs of changes and accesses, and report on them.", declare, run)
