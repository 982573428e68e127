"""A server process of its own over a data set: pages and API, with the background worker if asked."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.data import Company


class Client:
    """One kept connection with a token; a plain class: it holds the connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """The answer; anything but success ends the measurement."""
        data = json.dumps(body) if body is not None else None
        self.connection.request(method, f"/api/v1{path}", data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text


@contextmanager
def served(company: Company, *, processes: int = 1, worker: bool = False) -> Iterator[tuple[int, list[int]]]:
    """Server processes on one port; gives the port and their process ids."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        started = []
        for number in range(processes):
            words = [company.url, str(company.folder), str(port), str(number + 1), str(int(worker and not number))]
            started.append(subprocess.Popen([sys.executable, "-m", "bench.service", *words], stdout=subprocess.PIPE))
        try:
            for process in started:
                assert process.stdout is not None
                if process.stdout.readline() != b"ready\n":
                    raise RuntimeError("the server did not start")
            yield port, [p.pid for p in started]
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(timeout=30)
                assert process.stdout is not None
                process.stdout.close()


def serve(url: str, folder: str, port: int, node: int, worker: bool) -> None:
    """The child: answers until it is told to stop."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from guanxi.bootstrap import FOLLOWERS, JOBS, open_space
    from guanxi.entrypoints.api.app import create_api
    from guanxi.entrypoints.web.app import create_web
    from guanxi.entrypoints.web.routes import ROUTES
    from guanxi.entrypoints.worker.loops import Worker

    space = open_space(url, Path(folder), node=node)

    class OneSpace:
        """A site with the data set as its only workspace."""

        def space(self, request: Any) -> Any:  # noqa: ARG002 - the one for every request
            return space

    site = OneSpace()
    app = Starlette(routes=[Mount("/api/v1", create_api(site)), Mount("/", create_web(site, ROUTES))])
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the server in use does
    listening.bind(("127.0.0.1", port))
    listening.listen(128)
    background = Worker(lambda: [space], JOBS, FOLLOWERS) if worker else None
    if background is not None:
        background.start()
    print("ready", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])
    if background is not None:
        background.stop()
    space.db.close()


def memory_of(pid: int) -> tuple[float, float]:
    """(RSS, PSS) in MB."""
    found = {"Rss": 0.0, "Pss": 0.0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0]) / 1024
    return found["Rss"], found["Pss"]


def pause_until(port: int, path: str, seconds: float = 20.0) -> float:
    """Seconds until an address answers."""
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()
            return time.perf_counter() - start
        except OSError:
            time.sleep(0.005)
    raise RuntimeError("no answer")


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "1")
