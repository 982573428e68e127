"""The security check, failed jobs and ways back in, as commands; on both databases."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyotp
import pytest

from guanxi.kernel.access import second_factor
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.passwords import authenticate, hash_password, store_hash
from guanxi.kernel.access.policy import SETTING, policy_of
from guanxi.kernel.access.sessions import list_sessions, open_session
from guanxi.kernel.admin import outside, scan
from guanxi.kernel.admin.people import add_user
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import enqueue, run_due
from tests.entrypoints.cli.test_commands import Run, home, place, run, site  # noqa: F401 - fixtures

QUIET = scan.Surroundings(packages=False)


def codes(space: Space, around: scan.Surroundings = QUIET) -> set[str]:
    return {f.code for f in scan.make_report(space, around).open}


def test_the_check_finds_what_is_weak_and_sees_it_mended(space: Space) -> None:
    with space.write(system("test")) as work:
        user = add_user(work, "demo@guanxi.example", "administrator", "four quiet mountains")
        store_hash(work.session, user, hash_password("guanxi-demo"), work.now)
    found = codes(space, scan.Surroundings(host="0.0.0.0", debug=True, packages=False))
    assert {"http", "debug", "demo_password", "admin_factor", "backup", "networks", "factor"} <= found
    with space.write(system("test")) as work:
        store_hash(work.session, user, hash_password("four quiet mountains"), work.now)
        change_settings(work, {SETTING: {"needs": "everybody", "networks": ["10.0.0.0/8"]}})
    now = space.clock()
    secret = second_factor.begin_set_up(space.db, user, now)
    second_factor.finish_set_up(space.db, user, pyotp.TOTP(secret).at(now // 1_000_000), now)
    assert codes(space) <= {"backup", "versions"}
    report = scan.make_report(space, QUIET)
    scan.keep_report(space, report)
    with space.read(system("test")) as work:
        assert scan.last_report(work.session) == report


def test_headers_versions_and_packages_are_looked_at_or_said_not_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outside.found_on_line("")[0][1] == "not_checked"
    assert outside.found_on_line("http://127.0.0.1:1")[0][1] == "not_checked"
    assert outside.found_on_line("file:///etc/passwd")[0][1] == "not_checked"
    pins = tmp_path / "constraints.txt"
    pins.write_text("# x\nstarlette==0.0.1\nnot-installed==1\n")
    assert "starlette" in outside.found_in_versions(pins)[0][3]["names"]
    assert outside.found_in_versions(tmp_path / "none")[0][1] == "not_checked"

    class Done:
        stdout = json.dumps({"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]})

    monkeypatch.setattr(outside, "find_spec", lambda _name: object())  # the extra `scan` need not be there
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_k: Done())
    assert outside.found_in_packages()[0][3] == {"name": "x", "version": "1", "id": "PYSEC-1"}
    Done.stdout = ""
    assert outside.found_in_packages()[0][1] == "not_checked"


def test_the_command_prints_a_dated_report(run: Run) -> None:  # noqa: F811 - a fixture
    run("setup", "--email", "ann@example.com", "--password-stdin", stdin="a long enough one\n")
    code, out, _ = run("scan", "--no-packages")
    assert code == 1, "no backup, no second factor"
    assert "Security check of 20" in out
    assert "administrators have no second factor" in out
    report = json.loads(run("scan", "--no-packages", "--json")[1])
    assert {"server", "factors", "backups", "headers", "versions", "packages"} <= set(report["checked"])


def test_failed_jobs_are_listed_retried_and_discarded(run: Run, site: Any) -> None:  # noqa: F811 - fixtures
    run("setup", "--email", "ann@example.com", "--password-stdin", stdin="a long enough one\n")
    opened = site()
    space = opened.open()
    for _ in range(2):
        with space.db.write() as session:
            ident = enqueue(session, "unknown kind", max_attempts=1)
        run_due(space.db, {}, worker="t")
    opened.close()
    said = run("jobs", "list")[1]
    assert "default: 2 dead" in said
    assert "unknown kind" in said
    assert run("jobs", "discard", str(ident))[0] == 0
    assert run("jobs", "discard", str(ident))[0] == 1
    assert run("jobs", "retry", "x")[0] == 1
    assert "1" in run("jobs", "retry", "all")[1]
    assert "default: 1 ready" in run("jobs", "list")[1]


def test_ways_back_in(run: Run, site: Any) -> None:  # noqa: F811 - fixtures
    run("setup", "--email", "ann@example.com", "--password-stdin", stdin="a long enough one\n")
    opened = site()
    space = opened.open()
    with space.read(system("test")) as work:
        catalog, now = work.catalog, work.now
    user = authenticate(space.db, catalog, "ann@example.com", "a long enough one", address="x", now=now)
    open_session(space.db, user, agent="Chrome", address="10.0.0.1", now=now)
    secret = second_factor.begin_set_up(space.db, user, now)
    second_factor.finish_set_up(space.db, user, pyotp.TOTP(secret).at(now // 1_000_000), now)
    with space.write(system("test")) as work:
        change_settings(work, {SETTING: {"networks": ["10.0.0.0/8"], "needs": "everybody"}})
    opened.close()
    assert "10.0.0.1" in run("user", "sessions", "ann@example.com")[1]
    assert run("user", "sessions", "nobody@example.com")[0] == 1
    assert "password alone" in run("user", "reset-totp", "ann@example.com")[1]
    assert run("user", "reset-password", "ann@example.com", "--password-stdin", stdin="password1234\n")[0] == 1
    assert run("user", "reset-password", "ann@example.com", "--password-stdin", stdin="five calm wide rivers\n")[0] == 0
    assert run("user", "clear-networks")[0] == 0
    opened = site()
    space = opened.open()
    with space.read(system("test")) as work:
        catalog, now = work.catalog, work.now
        assert not second_factor.has_factor(work.session, user)
    policy = policy_of(catalog)
    assert (policy.networks, policy.needs) == ((), "everybody")
    assert list_sessions(space.db, user, now) == []
    assert authenticate(space.db, catalog, "ann@example.com", "five calm wide rivers", address="x", now=now) == user
    opened.close()
