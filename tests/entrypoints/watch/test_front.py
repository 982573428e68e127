"""Headers, HTTPS, health, readiness, metrics, request numbers and spans: the whole program on both databases."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from guanxi.base.errors import BadInput
from guanxi.base.watching import span, trace_with
from guanxi.bootstrap import Site, create_app
from guanxi.entrypoints.cli.logs import configure_logs
from guanxi.entrypoints.watch.metrics import route_of
from guanxi.entrypoints.watch.traces import start_tracing
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.sessions import open_session
from guanxi.kernel.admin import health
from guanxi.kernel.admin.people import add_user
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import enqueue, run_due
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.settings import Settings, read_settings
from tests import make

PERSON = ("Friederike Königsmann", "friederike@koenigsmann.example", "+8613912345678")
STRICT = ("content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
          "cross-origin-resource-policy", "permissions-policy", "x-request-id")  # fmt: skip


@pytest.fixture
def site(engine: str, database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = Site(read_settings({}, home=tmp_path / "home", database_url=database_url if engine != "sqlite" else None))
    opened.open(create=True)
    yield opened
    opened.close()


@pytest.fixture
def said_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything is logged, as JSON, to where the test can read it."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    configure_logs(Settings(Path(), log_format="json", log_level="debug"))
    yield out
    configure_logs(Settings(Path()))
    for name in ("guanxi", "uvicorn"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def client_of(site: Site, address: str = "127.0.0.1", scheme: str = "http", **settings: Any) -> TestClient:
    site.settings = replace(site.settings, **settings)
    return TestClient(create_app(site), f"{scheme}://guanxi.test", client=(address, 4_000), follow_redirects=False,
                      raise_server_exceptions=False)  # fmt: skip


def person(site: Site) -> tuple[Space, int, str, str]:
    space = site.open()
    with space.write(system("test")) as work:
        user = add_user(work, PERSON[1], "administrator", "four quiet mountains", name=PERSON[0])
    session = open_session(space.db, user, agent="x", address="127.0.0.1", now=space.clock())
    return space, user, session, make.token(space, user)


def test_safe_headers_stand_on_every_answer(site: Site) -> None:
    space, _, session, token = person(site)
    with space.write(system("test")) as work:
        account = save(work, [Change("create", "account", {"name": "Acme"})]).id
    for scheme in ("http", "https"):
        client = client_of(site, scheme=scheme)
        client.cookies.set("guanxi" if scheme == "http" else "__Host-guanxi", session)
        bearer = {"Authorization": f"Bearer {token}"}
        answers = [
            *(client.get(path) for path in ("/", "/sign-in", "/profile", f"/o/account/{account}", "/nowhere",
                                            "/healthz", "/readyz", "/metrics", "/static/x/y.css", "/worker.js")),
            *(client.get(f"/api/v1{path}", headers=bearer) for path in ("/me", "/account", "/nothing", "/openapi.json",
                                                                        "/docs", "/files/7")),
            client.get("/api/v1/me"), client.post("/api/v1/account", headers=bearer, content=b"{"),
            client.post("/profile"), client.get("/theme"), client.get("/o/account/export?format=csv"),
        ]  # fmt: skip
        assert {a.status_code for a in answers} >= {200, 303, 401, 403, 404, 405, 415}
        for answer in answers:
            missing = [name for name in STRICT if name not in answer.headers]
            assert not missing, (answer.request.url, missing)
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert ("strict-transport-security" in answer.headers) is (scheme == "https"), answer.request.url


def test_plain_http_is_refused_where_https_is_due(site: Site) -> None:
    client = client_of(site, https="on", base_url="https://crm.example")
    led = client.get("/o/account?q=1")
    assert (led.status_code, led.headers["location"]) == (308, "https://crm.example/o/account?q=1")
    for answer in (client.get("/api/v1/me"), client.post("/sign-in", data={})):
        assert (answer.status_code, answer.json()["code"]) == (403, "https")
    assert client.get("/healthz").status_code == 200
    assert client_of(site, scheme="https", https="on").get("/sign-in").status_code == 200
    behind = client_of(site, https="auto", base_url=None, proxies="127.0.0.1")
    assert behind.get("/sign-in", headers={"X-Forwarded-Proto": "http"}).status_code == 308
    assert behind.get("/sign-in").status_code == 200
    assert client_of(site, https="auto", proxies="").get("/sign-in").status_code == 200


def test_request_numbers_are_taken_given_back_and_logged(site: Site, said_on: io.StringIO) -> None:
    client = client_of(site)
    assert client.get("/sign-in", headers={"X-Request-Id": "abc-12345678"}).headers["x-request-id"] == "abc-12345678"
    for rubbish in ("short", "x" * 65, "a b c d e f g h", "<script>alert(1)"):
        assert client.get("/sign-in", headers={"X-Request-Id": rubbish}).headers["x-request-id"] != rubbish
    said = said_on.getvalue()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert lines, said
    assert {"request": "abc-12345678", "route": "/sign-in", "status": 200}.items() <= lines[0].items()


def test_logs_hold_no_personal_data(site: Site, said_on: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, session, token = person(site)
    client = client_of(site)
    client.cookies.set("guanxi", session)
    bearer = {"Authorization": f"Bearer {token}"}
    name, mail, phone = PERSON
    client.post("/api/v1/contact", headers=bearer, json={"name": name, "email": mail, "mobile": phone})
    client.get("/o/contact", params={"q": name})
    client.get(f"/search?q={mail}")
    client.get(f"/{mail}/{phone}")
    client.get("/api/v1/search", params={"q": phone}, headers=bearer)
    client.post("/sign-in", data={"email": mail, "password": "wrong wrong"})
    with monkeypatch.context() as patch:  # our own mistakes, in a page, the API and a job

        def broken(*_args: object, **_kwargs: object) -> None:
            raise RuntimeError(f"broken on purpose at {mail} and {phone}")

        patch.setattr("guanxi.entrypoints.web.shell.navigation", broken)
        assert client.get(f"/o/contact?q={name}").status_code == 500
        patch.setattr("guanxi.entrypoints.api.records.find", broken, raising=False)
        client.get("/api/v1/contact", params={"q": mail}, headers=bearer)
    said = said_on.getvalue()
    assert "broken on purpose" in said
    for piece in (name, mail, phone, "Königsmann", "K\\u00f6nigsmann", "koenigsmann", "13912345678", "wrong wrong",
                  token, session):  # fmt: skip
        assert piece not in said, piece


def test_ready_says_what_is_missing_and_nothing_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    space = site.open()
    client = client_of(site)
    assert client.get("/healthz").json() == {"alive": True}
    assert client.get("/readyz").status_code == 200, "a worker may still be on its way"
    monkeypatch.setattr("guanxi.entrypoints.watch.front.GRACE", 0.0)
    late = client.get("/readyz")
    assert (late.status_code, late.json()["faults"]) == (503, ["worker"])
    site.worker().round()
    assert client.get("/readyz").json()["faults"] == []
    clock = space.clock
    space.clock = lambda: clock() + health.SILENT + 1
    assert client.get("/readyz").json()["faults"] == ["worker"]
    space.clock = clock
    usage = shutil.disk_usage(".")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000))
        assert client.get("/readyz").json()["faults"] == ["disk"]
    with space.db.write() as session:
        session.run(f"DROP TABLE {session.table('import_patch')}")
    assert client.get("/readyz").json()["faults"] == ["schema"]
    with monkeypatch.context() as patch:
        patch.setattr(space.db, "read", _gone)
        dead = client.get("/readyz")
    assert dead.status_code == 503
    assert "database" in dead.json()["faults"]
    assert set(dead.json()) == {"ready", "faults", "checks"}
    assert client.get("/healthz").status_code == 200


def _gone(*_args: object, **_kwargs: object) -> None:
    raise OSError("no such host db.internal.example as guanxi_user")


def test_metrics_for_this_machine_or_the_token(site: Site) -> None:
    space, _, session, token = person(site)
    client = client_of(site)
    client.cookies.set("guanxi", session)
    with space.write(system("test")) as work:
        account = save(work, [Change("create", "account", {"name": "Acme"})]).id
        enqueue(work.session, "nothing", max_attempts=1)
    site.worker().round()
    assert client.get(f"/o/account/{account}").status_code == 200
    client.get("/api/v1/account", headers={"Authorization": f"Bearer {token}"})
    client.get("/no/such/zhang.wei@example.com")
    text = client.get("/metrics").text
    assert re.search(r'guanxi_requests_total\{method="GET",route="/o/\{\w+\}/\{\w+\}",status="200"\} [1-9]', text), text
    assert 'route="/api/v1/{object}"' in text
    assert "zhang.wei" not in text
    assert str(account) not in text
    assert 'guanxi_jobs{queue="default",state="dead",workspace="main"} 1.0' in text
    assert 'guanxi_follower_lag{follower="' in text
    assert re.search(r"guanxi_statements_total [1-9]", text)
    assert re.search(r"guanxi_memory_bytes [1-9]", text)
    assert "guanxi_request_seconds_bucket" in text
    for name in ("guanxi_unsealed", "guanxi_feed_position", "guanxi_import_rows", "guanxi_worker_age_seconds"):
        assert f'{name}{{workspace="main"}}' in text
    assert client_of(site, "203.0.113.4").get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.4"}).status_code == 404
    far = client_of(site, "203.0.113.4", metrics_token="s3cret")
    assert far.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert far.get("/metrics", headers={"Authorization": "Bearer s3cret"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "route"),
    [
        ("/o/account/12", {"name": "account", "id": "12"}, "/o/{name}/{id}"),
        ("/o/o/o", {"name": "o", "id": "o"}, "/{name}/o/{id}"),
        ("/", {}, "/"),
        ("/x/zhang@example.com张", {}, "unmatched"),
        ("/x/1234567", {}, "unmatched"),
    ],
)
def test_routes_are_templates(path: str, params: dict[str, str], route: str) -> None:
    found = route_of({"path": path, "path_params": params, "endpoint": test_routes_are_templates})
    assert found in (route, route.replace("/{name}/o/", "/o/{name}/"))
    assert route_of({"path": path, "path_params": params}) == "unmatched"


def test_spans_of_requests_transactions_and_jobs_by_switch(site: Site, tmp_path: Path) -> None:
    assert start_tracing("") is False
    with pytest.raises(BadInput):
        start_tracing("somewhere")
    target = tmp_path / "spans.json"
    try:
        assert start_tracing(f"file:{target}")
        client_of(site).get("/sign-in")
        space = site.open()
        with space.write(system("test")) as work:
            enqueue(work.session, "fine")
        run_due(space.db, {"fine": lambda _run: None}, worker="t")
        from opentelemetry.trace import get_current_span  # the extra is there in development

        with span("last"):
            assert get_current_span().get_span_context().is_valid
    finally:
        trace_with(None)
    _flush()
    said = target.read_text()
    assert {f'"name": "{name}"' in said for name in ("request", "transaction", "job", "last")} == {True}
    assert PERSON[1] not in said


def _flush() -> None:
    from guanxi.entrypoints.watch import traces

    traces.flush()


def test_processes_add_up_their_figures(tmp_path: Path) -> None:
    environment = {**os.environ, "GUANXI_LANGUAGE": "en", "PYTHONUNBUFFERED": "1", "GUANXI_HTTPS": "off"}
    options = ["--home", str(tmp_path / "home"), "run", "--port", "0", "--processes", "2"]
    command = [sys.executable, "-m", "guanxi", *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        base = server.stdout.readline().split()[-1]
        line, deadline = "", time.monotonic() + 40
        for _ in range(30):  # a connection each, so that both processes are asked
            assert httpx2.get(f"{base}sign-in", timeout=40).status_code == 200
        while "30.0" not in line and time.monotonic() < deadline:
            text = httpx2.get(f"{base}metrics", timeout=40).text
            line = next(one for one in text.splitlines() if 'route="/sign-in",status="200"}' in one)
        assert line.endswith(" 30.0")
    finally:
        server.terminate()
        server.communicate(timeout=30)
