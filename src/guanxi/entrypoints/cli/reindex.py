"""`guanxi reindex`: makes the search index of every record anew, while people work on."""

from __future__ import annotations

import argparse

from guanxi.base.i18n import translate
from guanxi.entrypoints.cli.frame import Command, Terminal
from guanxi.kernel.records.search_rebuild import rebuild


def declare(_parser: argparse.ArgumentParser) -> None:
    """It takes no options of its own."""


def run(terminal: Terminal, _args: argparse.Namespace) -> int:
    done = rebuild(terminal.space(), everything=True)
    print(translate("{n} records are indexed anew.", terminal.language).format(n=done))
    return 0


COMMAND = Command("reindex", "Make the search index anew.", declare, run)
