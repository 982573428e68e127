"""An import that is killed between any two instructions goes on and ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.imports import run as engine
from guanxi.kernel.imports import state
from guanxi.kernel.imports.run import execute
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.undo import undo
from tests.kernel.imports.conftest import start_run
from tests.kernel.imports.test_run import counts, many, whole_counts

CHILD = """
import sys
from pathlib import Path
from guanxi.bootstrap import open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.imports import run as engine, state
engine.CHUNK = 40
space = open_space(sys.argv[1], Path(sys.argv[2]), node=7)
with space.read(system("child")) as work:
    known = state.load_run(work.session, int(sys.argv[3]))
engine.execute(space, known, lambda r: print(r.done, flush=True))
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_import_goes_on(
    space: Space, space_url: str, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    data = many(1_200)
    whole = whole_counts(space, data)
    run = start_run(space, "account", data, key="name")
    command = [sys.executable, "-c", CHILD, space_url, str(tmp_path / "space"), str(run.id)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert child.stdout is not None
    for _ in range(chance.randint(1, 12)):
        child.stdout.readline()
    time.sleep(chance.random() * 0.08)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with space.read(system("test")) as work:
        run = state.load_run(work.session, run.id)
        assert count(work, Query("account"), cap=10_000)[0] == run.created  # records and counts went in together
    assert run.state == "running"
    assert 0 < run.done < 1_200
    monkeypatch.setattr(engine, "CHUNK", 40)
    execute(space, run)
    assert (run.state, counts(run)) == ("done", whole)
    with space.read(system("test")) as work:
        assert count(work, Query("account"), cap=10_000)[0] == run.created
    undo(space, system("test"), run.operation or 0)
    with space.read(system("test")) as work:
        assert count(work, Query("account"), cap=10_000)[0] == 0
