"""`guanxi audit` and `guanxi forget` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from guanxi.bootstrap import Site, main
from guanxi.kernel.access.actors import system
from guanxi.kernel.records.read import get
from guanxi.settings import read_settings
from tests import make


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUANXI_LANGUAGE", "en")
    monkeypatch.setenv("LANG", "C")
    return tmp_path / "home"


def made(home: Path) -> int:
    site = Site(read_settings({}, home=home))
    try:
        return make.record(site.open("main", create=True), "contact", name="Wang Fang", email="wang@example.com")
    finally:
        site.close()


def test_verify_report_anchor_and_forget(home: Path, capsys: Any) -> None:
    ident = made(home)
    run = ["--home", str(home)]
    assert main([*run, "audit", "anchor"]) == 0
    assert (home / "anchors" / "main.log").exists()
    assert main([*run, "forget", "contact", str(ident), "--dry-run"]) == 0
    assert main([*run, "forget", "contact", str(ident), "--asked-by", "authority"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said.splitlines()[-1])["asked_by"] == "authority"
    assert main([*run, "audit", "verify"]) == 0
    said = capsys.readouterr().out
    assert "Erased by request" in said
    assert "Anchors that fit: 1" in said
    assert main([*run, "audit", "report", "--from", "2025-01-01", "--to", "2999-01-01"]) == 0
    assert "forget" in capsys.readouterr().out
    assert main([*run, "audit", "report", "--from", "soon", "--to", "later"]) == 1


def test_the_register_survives_a_restore(home: Path, capsys: Any) -> None:
    ident = made(home)
    run, archive = ["--home", str(home)], home.parent / "old.guanxi"
    assert main([*run, "backup", str(archive)]) == 0
    assert main([*run, "forget", "contact", str(ident)]) == 0
    shutil.rmtree(home / "main")
    assert main([*run, "restore", str(archive)]) == 0
    site = Site(read_settings({}, home=home))
    try:
        with site.open("main").read(system("test")) as work:
            assert get(work, "contact", ident, trashed=True)["email"] is None
    finally:
        site.close()
    capsys.readouterr()
    assert main([*run, "audit", "verify"]) == 0
    assert "Erased by request" in capsys.readouterr().out
