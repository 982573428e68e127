"""A server under a steady load for a while (`GUANXI_SOAK` seconds): memory, open files and errors must not grow."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from bench.clients import LISTS
from bench.data import Company, token_for
from bench.measure import Line, Report, at
from bench.service import Client, memory_of, served

SECONDS = float(os.environ.get("GUANXI_SOAK", "120"))
CLIENTS, PAUSE = 4, 0.02
WINDOWS = 10


def run(company: Company) -> Report:
    """Reads, saves, searches, undone edits and files asked for again and again; looked at in ten windows."""
    report = Report("soak", company.database, company.rows)
    tokens = [token_for(company, company.callers[kind]) for kind in ("all", "team", "own", "heavy")]
    with served(company, worker=True) as (port, pids):
        stop, errors = threading.Event(), list[str]()
        times: list[list[float]] = [[] for _ in range(WINDOWS)]
        begun = time.perf_counter()
        threads = [threading.Thread(target=_live, args=(port, t, stop, begun, times, errors)) for t in tokens]
        for thread in threads:
            thread.start()
        seen = [_watch(pids[0]) for _ in range(WINDOWS)]
        stop.set()
        for thread in threads:
            thread.join()
    # the first third fills caches and pools: what counts is the way from there to the end
    early, late = seen[WINDOWS // 3], seen[-1]
    asked = sum(len(window) for window in times)
    report.add(Line("requests", asked / SECONDS, unit="/s", note=f"{asked} in {SECONDS:.0f} s, errors {len(errors)}"))
    report.add(Line("errors", len(errors), unit="", goal="0", met=not errors, note=errors[0][:80] if errors else ""))
    growth = late["pss"] - early["pss"]
    report.add(Line("memory at the end", late["pss"], raw=early["pss"], unit="MB", goal="≤ 1.1× of a third of the way",
                    note=f"{growth:+.1f} MB", met=late["pss"] <= 1.1 * early["pss"]))  # fmt: skip
    report.add(Line("open files at the end", late["files"], raw=early["files"], unit="", goal="no growth",
                    met=late["files"] <= early["files"] + 5))  # fmt: skip
    first, last = (median(window) for window in (times[WINDOWS // 3], times[-1]))
    report.add(Line("median of the last tenth", last, raw=first, p95=at(times[-1], 0.95), goal="no growth"))
    return report


def _watch(pid: int) -> dict[str, float]:
    time.sleep(SECONDS / WINDOWS)
    return {"pss": memory_of(pid)[1], "files": float(len(list(Path(f"/proc/{pid}/fd").iterdir())))}


def _live(
    port: int, token: str, stop: threading.Event, begun: float, times: list[list[float]], errors: list[str]
) -> None:
    chance, client = random.Random(token), Client(port, token)
    mine: list[dict[str, Any]] = []
    while not stop.is_set():
        now = time.perf_counter()
        try:
            _step(client, chance, mine)
        except (RuntimeError, OSError) as error:
            errors.append(str(error))
        window = min(int((now - begun) / SECONDS * WINDOWS), WINDOWS - 1)
        times[window].append((time.perf_counter() - now) * 1000)
        time.sleep(PAUSE)


def _step(client: Client, chance: random.Random, mine: list[dict[str, Any]]) -> None:
    dice = chance.random()
    if dice < 0.5:
        client.ask("GET", chance.choice(LISTS))
    elif dice < 0.7:
        client.ask("GET", f"/search?q={quote(chance.choice('张李王刘陈'))}{quote(chance.choice('伟芳娜强'))}")
    elif dice < 0.8 or not mine:
        name = f"浸泡{chance.randrange(10**9)}"
        mine.append(
            json.loads(client.ask("POST", "/contact", {"name": name, "mobile": f"139{chance.randrange(10**8):08d}"}))
        )
    elif dice < 0.95:
        body = {"version": mine[-1]["version"], "title": f"经理 {chance.randrange(10**6)}"}
        mine[-1] = json.loads(client.ask("PATCH", f"/contact/{mine[-1]['id']}", body))
    else:
        client.ask("DELETE", f"/contact/{mine.pop()['id']}")
