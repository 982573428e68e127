"""`guanxi scan`: the security check, as a dated report on the screen and under Settings."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

from guanxi.base.i18n import render
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.kernel.admin.scan import HIGH, Surroundings, keep_report, make_report


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--address", default="", help="where the server answers: its headers are looked at")
    parser.add_argument("--no-packages", action="store_true", help="do not ask for known holes of packages")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(terminal: Terminal, args: argparse.Namespace) -> int:
    space, settings = terminal.space(), terminal.host.settings
    around = Surroundings(
        host=settings.host, address=args.address or settings.base_url or "",
        https=settings.secure or settings.https == "on", debug=settings.log_level == "debug",
        packages=not args.no_packages,
    )  # fmt: skip
    report = make_report(space, around)
    keep_report(space, report)
    when = datetime.fromtimestamp(report.at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if args.json:
        rows = [{"code": f.code, "grade": f.grade, "text": str(f.message)} for f in report.findings]
        print(json.dumps({"at": when, "checked": report.checked, "findings": rows}, ensure_ascii=False, indent=2))
    else:
        terminal.say("Security check of {when}: {n} to mend.", when=when, n=len(report.open))
        if report.findings:
            words = {"high": "high", "medium": "medium", "low": "low", "not_checked": "not checked"}
            print(table([(terminal.text(words[f.grade]), str(render(f.message, terminal.language)))
                         for f in report.findings]))  # fmt: skip
    return 1 if any(f.grade == HIGH for f in report.findings) else 0


COMMAND = Command("scan", "Check settings, backups, packages and headers for what is weak.", declare, run)
