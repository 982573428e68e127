"""Backups, upgrades and the whole workspace from the command line, on both databases."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from guanxi.bootstrap import Site, main
from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog.snapshot import raise_version
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from guanxi.settings import read_settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(engine: str, database_url: str, tmp_path: Path) -> list[str]:
    return ["--home", str(tmp_path / "home"), *(["--database", database_url] if engine == "postgresql" else [])]


@pytest.fixture
def run(place: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GUANXI_LANGUAGE", "en")

    def call(*argv: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main([*place, *argv])
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


@pytest.fixture
def site(place: list[str]) -> Callable[[], Site]:
    return lambda: Site(read_settings({}, home=place[1], database_url=place[3] if len(place) > 2 else None))


def contacts(site: Callable[[], Site], number: int, workspace: str = "main") -> int:
    """Makes that many more and gives how many there are."""
    opened = site()
    try:
        with opened.open(workspace, create=True).write(system("test")) as work:
            if number:
                save(work, [Change("create", "contact", {"name": f"王{n}"}) for n in range(number)])
            return count(work, Query("contact"))[0]
    finally:
        opened.close()


def test_encrypted_backups(run: Run, site: Callable[[], Site], tmp_path: Path) -> None:
    contacts(site, 3)
    key, archive = str(tmp_path / "own.key"), str(tmp_path / "a.tar.sealed")
    assert run("backup", "key", key)[0] == 0
    assert "never overwritten" in run("backup", "key", key)[2]
    assert run("backup", archive, "--key-file", key)[0] == 0
    assert "is encrypted" in run("backup", "verify", archive)[2]
    assert "whole" in run("backup", "verify", archive, "--key-file", key)[1]
    assert "with a key file" in run("restore", archive, "--workspace", "b", "--passphrase", stdin="a long secret\n")[2]
    assert run("restore", archive, "--workspace", "copy", "--key-file", key)[0] == 0
    assert contacts(site, 0, "copy") == 3
    phrase = str(tmp_path / "b.tar.sealed")
    open_one = str(Path(archive).with_name("open.tar"))
    assert run("backup", open_one)[0] == 0
    assert "not encrypted" in run("restore", open_one, "--workspace", "c", "--key-file", key)[2], "no silent step down"
    assert run("backup", phrase, "--passphrase", stdin="short\n")[0] == 1
    assert run("backup", phrase, "--passphrase", stdin="a long secret\n")[0] == 0
    assert "does not fit" in run("backup", "verify", phrase, "--passphrase", stdin="another secret\n")[2]
    assert run("backup", "verify", phrase, "--passphrase", stdin="a long secret\n")[0] == 0
    assert "no backups" in run("backup", "list")[2]
    assert run("backup")[0] == 0
    assert "good" in run("backup", "list")[1]
    assert run("backup", "a", "b", "c")[0] == 1


def test_upgrade_and_back(run: Run, site: Callable[[], Site]) -> None:
    contacts(site, 2)
    assert "nothing to do" in run("upgrade")[1]
    assert run("upgrade", "--back")[0] == 1
    opened = site()
    with opened.open().db.write(catalog_change=True) as session:
        old = json.dumps({"objects": {"*": {"read": "all", "edit": "own"}}, "abilities": ["bulk"]})
        session.run(f"UPDATE {session.table('role')} SET rights = ? WHERE key = 'sales'", (old,))
        session.run(f"DROP TABLE {session.table('schema_step')}")
        raise_version(session)
    opened.close()
    assert "guanxi upgrade" in run("export", "contact")[2]
    assert "1 rows" in run("upgrade", "--dry-run")[1]
    assert "guanxi upgrade" in run("export", "contact")[2]
    code, out, err = run("upgrade")
    assert (code, err) == (0, "")
    assert "Step 1 is done" in out
    assert run("export", "contact")[0] == 0
    assert contacts(site, 5) == 7
    assert "is back" in run("upgrade", "--back")[1]
    assert "guanxi upgrade" in run("export", "contact")[2]
    assert run("upgrade")[0] == 0
    assert contacts(site, 0) == 2


def test_a_log_that_does_not_fit_leaves_nothing(run: Run, site: Callable[[], Site], tmp_path: Path) -> None:
    contacts(site, 1)
    old, newer, log = (str(tmp_path / name) for name in ("old.tar", "newer.tar", "log.tar"))
    assert run("backup", old)[0] == 0
    contacts(site, 1)
    assert run("work", "--once")[0] == 0
    assert run("backup", newer)[0] == 0
    contacts(site, 1)
    assert run("log", "export", log, "--since", newer)[0] == 0
    assert "missing" in run("restore", old, "--replay", log, "--workspace", "copy")[2]
    assert run("restore", newer, "--replay", log, "--workspace", "copy")[0] == 0
    assert contacts(site, 0, "copy") == 3


def test_the_whole_workspace(run: Run, site: Callable[[], Site], tmp_path: Path) -> None:
    contacts(site, 4)
    target = str(tmp_path / "whole.zip")
    assert run("export", "--all", target)[0] == 0
    assert "already" in run("export", "--all", target)[2]
    assert run("import", "--all", target, "--workspace", "copy")[0] == 0
    assert contacts(site, 0, "copy") == 4
    assert "empty one" in run("import", "--all", target)[2]
    assert run("export")[0] == 1
    assert run("import", "contact")[0] == 1
