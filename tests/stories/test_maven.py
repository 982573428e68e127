"""A real company moves in: by the command line on both databases and over REST; figures equal an independent count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from guanxi.base.dates import from_day
from guanxi.bootstrap import JOBS
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.read import count, names
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.undo import undo
from tests import make, postgres
from tests.entrypoints.api.conftest import OneSpace
from tests.stories import maven

DATA = maven.folder()
EXAMPLE = Path(__file__).parents[2] / "examples" / "maven"
STEPS = (
    ("team", "sales_teams", "regions"), ("team", "sales_teams", "teams"), ("user", "sales_teams", "managers"),
    ("user", "sales_teams", "agents"), ("team", "sales_teams", "leads"), ("product", "products", "products"),
    ("account", "accounts", "accounts"), ("opportunity", "sales_pipeline", "opportunities"),
)  # fmt: skip
TENTHOUSAND = 10_000
needs_data = pytest.mark.skipif(
    DATA is None, reason="the Maven files are not here: set GUANXI_TEST_DATA to the folder above maven_crm_sales"
)


def sums(space: Space, by: str) -> dict[Any, int]:
    """Won value by a field, as Guanxi counts it."""
    with space.read(system("test")) as work:
        groups = tally(work, Query("opportunity", where='state = "won"'), [by], ["amount"])
        found = {g.keys[0]: int(next(iter(g.values.values())) or 0) // TENTHOUSAND for g in groups}
        if by in ("owner", "product"):
            shown = names(work, "user" if by == "owner" else by, list(found))
            return {shown[k]: v for k, v in found.items()}
    return found


def states(space: Space) -> dict[str, int]:
    with space.read(system("test")) as work:
        return {g.keys[0]: g.count for g in tally(work, Query("opportunity"), ["state"], [])}


def compare(space: Space) -> None:
    """Everything the story promises."""
    assert DATA is not None
    wanted = maven.Figures(maven.deals(DATA))
    assert (wanted.won, wanted.value) == (3_042, 7_203_038)  # as published
    assert states(space) == {"won": 3_042, "lost": wanted.states["Lost"], "open": wanted.states["Engaging"]}
    assert sum(sums(space, "owner").values()) == 7_203_038
    assert sums(space, "owner") == wanted.by_agent
    assert sums(space, "product") == wanted.by_product
    quarters: dict[str, int] = defaultdict(int)
    for day, value in sums(space, "closed_on").items():
        closed = from_day(day)
        quarters[f"{closed.year}-Q{(closed.month + 2) // 3}"] += value
    assert quarters == wanted.by_quarter


def totals(space: Space) -> dict[str, int]:
    with space.read(system("test")) as work:
        return {o: count(work, Query(o), cap=100_000)[0] for o in ("team", "user", "product", "account", "opportunity")}


def script(folder: Path, *options: str, env: dict[str, str]) -> list[dict[str, Any]]:
    """Runs load.sh; gives the last line of each import."""
    command = [str(EXAMPLE / "load.sh"), str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@needs_data
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_by_the_command_line(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Loaded, compared, loaded again without an effect, taken back without a trace."""
    from guanxi.bootstrap import Site
    from guanxi.settings import read_settings

    assert DATA is not None
    env = {**os.environ, "GUANXI": str(Path(sys.executable).parent / "guanxi"), "GUANXI_LANGUAGE": "en"}
    options = ["--home", str(tmp_path / "home")]
    address = None
    if database == "postgresql":
        fresh = postgres.fresh_database(request.getfixturevalue("pg_server"))
        address = fresh.__enter__()
        request.addfinalizer(lambda: fresh.__exit__(None, None, None))
        env["GUANXI_DATABASE_URL"] = address
    site = Site(read_settings(home=str(tmp_path / "home"), database_url=address))
    request.addfinalizer(site.close)
    space = site.open(create=True)
    before = totals(space)
    first = script(DATA, *options, env=env)
    assert [line["failed"] for line in first] == [0] * len(STEPS)
    assert [line["created"] for line in first] == [3, 6, 6, 35, 0, 7, 85, 7_135]
    compare(space)
    again = script(DATA, *options, env=env)
    assert [(line["created"], line["updated"], line["failed"]) for line in again] == [(0, 0, 0)] * len(STEPS)
    for line in reversed(first):
        done = undo(space, system("test"), int(line["operation"]))
        assert done.skipped == 0
    assert totals(space) == before


@needs_data
def test_over_rest(space: Space) -> None:
    """The same through the API, by an administrator's token."""
    from starlette.testclient import TestClient

    from guanxi.entrypoints.api.app import create_api

    assert DATA is not None
    user = make.person(space)
    api = TestClient(create_api(OneSpace(space)), headers={"Authorization": f"Bearer {make.token(space, user)}"})
    jobs = {kind: (lambda run, do=do: do(space, run)) for kind, do in JOBS.items()}
    for target, start, mapping in STEPS:
        (path,) = DATA.glob(f"{start}*.csv*")
        sent = api.post("/imports", params={"object": target, "name": path.name}, content=path.read_bytes())
        ident = sent.json()["id"]
        answer = api.put(f"/imports/{ident}/mapping", json=json.loads((EXAMPLE / f"{mapping}.map.json").read_text()))
        assert answer.status_code == 200, answer.text
        assert api.post(f"/imports/{ident}/run").status_code == 202
        run_due(space.db, jobs, worker="test", queues=("default", "bulk"))
        done = api.get(f"/imports/{ident}").json()
        assert (done["state"], done["counts"]["failed"]) == ("done", 0), done
    compare(space)


@needs_data
def test_the_dirt_is_found_with_what_was_meant(space: Space) -> None:
    """Without the mended values of the example every misspelling is named."""
    from dataclasses import replace

    from guanxi.kernel.imports.mapping import read_map
    from guanxi.kernel.imports.mending import alike
    from guanxi.kernel.imports.run import check, execute
    from tests.kernel.imports.conftest import start_run

    assert DATA is not None
    found: dict[str, Any] = {}
    for target, start, mapping in STEPS[3:]:
        (path,) = DATA.glob(f"{start}*.csv*")
        known = read_map((EXAMPLE / f"{mapping}.map.json").read_bytes())
        fields = {i.field: replace(i, values={} if i.column else i.values) for i in known.fields}
        fixed = {k: v for k, v in known.fixed.items() if k != "roles"}
        if mapping == "agents":
            fields.pop("team")
        if mapping == "leads":
            continue
        run = start_run(space, target, path.read_bytes(), name=path.name, fields=fields, key=known.key, fixed=fixed)
        check(space, run)
        with space.read(system("test")) as work:
            found |= {g.value: (g.near, g.count) for g in alike(work.session, run, run.columns)}
        if target != "opportunity":
            execute(space, run)
    assert found["technolgy"] == ("technology", 12)
    assert found["Philipines"] == ("Philippines", 1)
    assert found["GTXPro"][0] == "GTX Pro"
    assert found["GTXPro"][1] > 1_000
