"""Eight clients at once over HTTP: three quarters reads, reads only, creates only; requests a second and p95."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.data import Company, token_for
from bench.measure import Line, Report, at
from bench.service import Client, served

CLIENTS, SECONDS = 8, 5.0
LISTS = (
    "/contact?" + "filter=" + quote('origin == "website" and sex == "male"') + "&fields=name,account,title,owner",
    "/lead?" + "filter=" + quote('state == "new" and rating == "hot"') + "&fields=name,company,state,rating,owner",
    "/opportunity?" + "filter=" + quote('state == "open"') + "&fields=name,amount,stage,account,close_on,owner",
    "/contact?fields=name,account,title,mobile,email,owner",
)
MIXES = {"mixed": 0.75, "lists": 1.0, "creates": 0.0}
Step = Callable[[Client, random.Random], None]


def run(company: Company) -> Report:
    """Every mix against one and two server processes; clients are a process of their own."""
    report = Report("clients", company.database, company.rows)
    tokens = [token_for(company, company.callers[kind]) for kind in ("all", "team", "own", "heavy")]
    for processes in (1, 2):
        with served(company, processes=processes) as (port, _):
            for mix in MIXES:
                told = _in_a_process(port, mix, tokens)
                name = f"{CLIENTS} clients, {mix}, {processes} server process{'es' if processes > 1 else ''}"
                goal = "≥ 600/s, p95 ≤ 30 ms" if mix == "mixed" else ""
                rate = f"p50 {told['p50']:.1f} ms, errors {told['errors']}"
                report.add(Line(name, told["rate"], unit="/s", p95=told["p95"], goal=goal, note=rate))
    return report


def _in_a_process(port: int, mix: str, tokens: list[str]) -> dict[str, Any]:
    words = [sys.executable, "-m", "bench.clients", str(port), mix, json.dumps(tokens)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _load(port: int, mix: str, tokens: list[str]) -> dict[str, Any]:
    times: list[float] = []
    errors: list[str] = []
    numbers = count(time.time_ns() // 1000 % 10**8)
    start = threading.Barrier(CLIENTS)
    begun = [0.0]

    def client(number: int) -> None:
        chance, mine = random.Random(number), Client(port, tokens[number % len(tokens)])
        kept = [_create(mine, next(numbers))]
        start.wait()
        begun[0] = begun[0] or time.perf_counter()
        while (now := time.perf_counter()) - begun[0] < SECONDS:
            try:
                _step(mine, chance, mix, kept, numbers)
            except (RuntimeError, OSError) as error:
                errors.append(str(error))
            times.append((time.perf_counter() - now) * 1000)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun[0]
    return {"rate": len(times) / took, "p50": at(times, 0.5), "p95": at(times, 0.95), "errors": len(errors)}


def _step(client: Client, chance: random.Random, mix: str, kept: list[dict[str, Any]], numbers: Any) -> None:
    if chance.random() < MIXES[mix]:
        if mix == "mixed" and chance.random() < 0.3:
            client.ask("GET", f"/contact/{kept[-1]['id']}")
        else:
            client.ask("GET", chance.choice(LISTS))
    elif mix == "mixed" and chance.random() < 0.6:
        body = {"version": kept[-1]["version"], "title": f"经理 {next(numbers)}"}
        kept[-1] = json.loads(client.ask("PATCH", f"/contact/{kept[-1]['id']}", body))
    else:
        kept.append(_create(client, next(numbers)))


def _create(client: Client, number: int) -> dict[str, Any]:
    # both sexes: else the listed filter steps over all rows of earlier runs
    sex = "male" if number % 2 else "female"
    values = {"name": f"并发{number}", "mobile": f"137{number % 10**8:08d}", "origin": "website", "sex": sex}
    made: dict[str, Any] = json.loads(client.ask("POST", "/contact", values))
    return made


if __name__ == "__main__":
    print(json.dumps(_load(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))))
