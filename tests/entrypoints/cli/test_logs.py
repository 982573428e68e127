"""Log lines tell what broke, and nothing that people typed."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import structlog

from guanxi.entrypoints.cli.logs import configure_logs
from guanxi.settings import LogFormat, Settings


@pytest.mark.parametrize("form", ["text", "json"])
def test_tracebacks_without_values(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(Path(), log_format=form))

    def sign_in(password: str) -> None:
        raise RuntimeError(f"broken at {len(password)}")

    try:
        sign_in("very-secret-word")
    except RuntimeError:
        structlog.get_logger("guanxi.test").exception("part failed", part="x")
        logging.getLogger("guanxi.test").exception("the same by the standard library")
    said = capsys.readouterr().err
    assert "broken at 16" in said
    assert "very-secret-word" not in said.replace('sign_in("very-secret-word")', "")
    if form == "json":
        assert [json.loads(line)["level"] for line in said.splitlines()] == ["error", "error"]
