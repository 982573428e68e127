"""`guanxi doctor`: recomputes samples of what is derived and reports drift."""

from __future__ import annotations

import argparse

from guanxi.base.i18n import render, translate
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.kernel.doctor.mending import mend
from guanxi.kernel.doctor.rounds import SAMPLE, examine


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sample", type=int, default=SAMPLE, help="records looked at of each object and kind")
    parser.add_argument("--mend", action="store_true", help="make anew what is derived: the search index and roll-ups")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    if args.mend:
        for name, number in mend(terminal.space()).items():
            print(translate("{name}: {n} records made anew", terminal.language).format(name=name, n=number))
    found = examine(terminal.space(), max(1, args.sample))
    rows = [[f.check, str(f.looked), terminal.text("well" if f.well else "differs")] for f in found]
    print(table(rows))
    for one in found:
        for line in one.wrong:
            print(f"{one.check}: {line}")
        if one.more:
            print(f"{one.check}: " + translate("… and {n} more", terminal.language).format(n=one.more))
        if one.mend is not None:
            print(f"→ {render(one.mend, terminal.language)}")
    return 0 if all(f.well for f in found) else 1


COMMAND = Command(
    "doctor", "Recompute samples of what is derived and report what differs; mend it if asked.", declare, run
)
