"""A real server process for tests of what happens around it: full disks, databases that go away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from guanxi.bootstrap import Site
from guanxi.kernel.access.actors import system
from guanxi.settings import read_settings
from tests.make import person, token


def prepare(home: Path, url: str | None) -> str:
    """A workspace with an administrator; gives a token that may read and write."""
    site = Site(read_settings({}, home=home, database_url=url))
    try:
        space = site.open(create=True)
        with space.read(system("test")) as work:
            assert work.catalog.objects
        return token(space, person(space))
    finally:
        site.close()


@contextmanager
def served(home: Path, url: str | None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`guanxi run` on a free port; gives its address and the process."""
    words = [sys.executable, "-m", "guanxi", "--home", str(home), *(["--database", url] if url else [])]
    environment = {**os.environ, "GUANXI_LANGUAGE": "en", "GUANXI_LOG_LEVEL": "warning"}
    log = home.parent / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen([*words, "run", "--port", "0"], env=environment, stdout=subprocess.PIPE,
                                   stderr=errors, text=True)  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            found = re.search(r"http://[\d.]+:\d+", line)
            if found:
                yield found[0], process
                return
        raise AssertionError(log.read_text()[-2000:])
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
        process.stdout.close()
