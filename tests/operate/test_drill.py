"""The disaster drill and the pages beside it are followed literally; what it costs is measured."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guanxi.bootstrap import Site
from guanxi.kernel.access.actors import system
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from guanxi.settings import read_settings
from tests import postgres

DOCS = Path(__file__).parents[2] / "docs" / "operate"
BEFORE, SINCE = 300, 40


def commands(page: str, kind: str) -> list[str]:
    """The lines of the page's blocks of that kind."""
    found = re.findall(rf"```{kind}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in found for line in block.splitlines() if line]


@pytest.fixture
def places(engine: str, tmp_path: Path, pg_server: str) -> Iterator[dict[str, str]]:
    found = {"OLD": str(tmp_path / "old"), "NEW": str(tmp_path / "new"), "SAFE": str(tmp_path / "safe")}
    (tmp_path / "safe").mkdir()
    if engine == "sqlite":
        yield found | {"OLD_DB": "", "NEW_DB": ""}
        return
    with postgres.fresh_database(pg_server) as old, postgres.fresh_database(pg_server) as new:
        yield found | {"OLD_DB": f"--database {old}", "NEW_DB": f"--database {new}"}


def follow(line: str, places: dict[str, str]) -> str:
    """Runs one line of the page as a process of its own."""
    for name in sorted(places, key=len, reverse=True):
        line = line.replace(f"${name}", places[name])
    program, *words = shlex.split(line)
    assert program == "guanxi"
    environment = {**os.environ, "GUANXI_LANGUAGE": "en"}
    done = subprocess.run([sys.executable, "-m", "guanxi", *words], env=environment, capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout


def site(places: dict[str, str], which: str) -> Site:
    url = places[f"{which}_DB"].removeprefix("--database ") or None
    return Site(read_settings({}, home=places[which], database_url=url))


def work_at(places: dict[str, str], number: int, name: str) -> None:
    opened = site(places, "OLD")
    try:
        with opened.open(create=True).write(system("test")) as work:
            save(work, [Change("create", "contact", {"name": f"{name}{n}"}) for n in range(number)])
    finally:
        opened.close()


def contacts(places: dict[str, str], which: str) -> int:
    opened = site(places, which)
    try:
        with opened.open().read(system("test")) as work:
            return count(work, Query("contact"), cap=100_000)[0]
    finally:
        opened.close()


def damage(places: dict[str, str]) -> None:
    opened = site(places, "OLD")
    try:
        with opened.open().db.write(catalog_change=True) as session:
            session.run(f"DROP TABLE {session.table('contact')}")
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("case", "lost"), [pytest.param("disk", SINCE, id="disk-gone"), pytest.param("log", 0, id="tables-damaged")]
)
def test_the_drill(
    places: dict[str, str], case: str, lost: int, record_property: Callable[[str, object], None]
) -> None:
    work_at(places, BEFORE, "早")
    for line in commands("disaster-drill.md", "sh"):
        follow(line, places)
    work_at(places, SINCE, "晚")
    if case == "log":
        damage(places)
    begun = time.monotonic()
    for line in commands("disaster-drill.md", f"sh {case}"):
        said = follow(line, places)
    seconds = time.monotonic() - begun
    assert "The log is whole" in said
    assert contacts(places, "NEW") == BEFORE + SINCE - lost
    record_property("seconds", round(seconds, 1))
    record_property("records lost", lost)
    print(f"drill: {case}, {seconds:.1f} s, {lost} of {BEFORE + SINCE} records lost")


def test_every_command_of_the_pages_is_known() -> None:
    """The blocks without a shell's name are examples: their words and options are held by the architecture tests."""
    for page in ("backup.md", "restore.md", "upgrade.md", "install.md"):
        assert re.findall(r"^guanxi ", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE), page
