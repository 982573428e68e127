"""`guanxi keys` as it is typed: list, rotate, retire, copy, recover."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from guanxi.bootstrap import Site
from guanxi.kernel.access.actors import system
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from tests.entrypoints.cli.test_commands import Run, home, place, run, site, write  # noqa: F401 - fixtures


def test_keys_are_changed_lost_and_brought_back(
    run: Run,  # noqa: F811 - the fixture
    site: Callable[[], Site],  # noqa: F811 - the fixture
    home: Path,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    run("setup", "--email", "ann@example.com", "--password-stdin", stdin="a long enough one\n")
    assert "There are no keys yet" in run("keys", "list")[2]
    (ident,), _ = write(site, [Change("create", "contact", {"name": "Li", "id_number": "E1234567"})])
    code, out, _ = run("keys", "list")
    assert (code, "for new values" in out, "1 values" in out) == (0, True, True)
    assert "for the log only" not in run("keys", "retire")[1]
    assert "follow in the background" in run("keys", "rotate")[1]
    assert run("work", "--once")[0] == 0
    assert "kept for the log only" in run("keys", "retire")[1]
    assert run("keys", "export-recovery", str(tmp_path / "copy"))[0] == 1  # never in clear
    monkeypatch.setenv("GUANXI_BACKUP_PASSPHRASE", "a long passphrase")
    assert run("keys", "export-recovery", str(tmp_path / "copy"), "--passphrase")[0] == 0
    keys = home / "keys" / "main.json"
    keys.unlink()
    code, _, err = run("keys", "rotate")
    assert (code, "guanxi keys recover" in err) == (1, True)
    code, out, err = run("keys", "recover", str(tmp_path / "copy"), "--passphrase")
    assert (code, str(keys) in out) == (0, True), err
    opened = site()
    with opened.open().read(system("test")) as work:
        assert get(work, "contact", ident)["id_number"] == "E1234567"
    opened.close()
