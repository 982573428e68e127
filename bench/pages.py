"""Start of the server, memory when idle, and what a list page costs in bytes, requests and time, cold and warm."""

from __future__ import annotations

import gzip
import http.client
import re
import time
from statistics import median

from bench.data import Company
from bench.measure import Line, Report
from bench.service import memory_of, pause_until, served
from guanxi.entrypoints.web.security import cookie_name
from guanxi.kernel.access.sessions import open_session

PAGES = ("/o/contact", "/o/opportunity/board", "/")
PARTS = re.compile(rb'(?:src|href)="(/static/[^"]+)"')


def run(company: Company) -> Report:
    """One signed-in manager looks at pages."""
    report = Report("pages", company.database, company.rows)
    space = company.space
    token = open_session(space.db, company.callers["team"], agent="bench", address="127.0.0.1", now=space.clock())
    cookie = f"{cookie_name({'scheme': 'http', 'type': 'http', 'headers': []})}={token}"
    start = time.perf_counter()
    with served(company, worker=True) as (port, pids):
        pause_until(port, "/sign-in")
        report.add(Line("start to first page", time.perf_counter() - start, unit="s", goal="≤ 2 s"))
        time.sleep(1.0)
        rss, pss = memory_of(pids[0])
        report.add(Line("idle, web and worker in one", pss, unit="MB", goal="≤ 150 MB", note=f"PSS; RSS {rss:.0f}"))
        for path in PAGES:
            _page(report, port, path, cookie)
        rss, pss = memory_of(pids[0])
        report.add(Line("after some pages", pss, unit="MB", goal="≤ 400 MB", note=f"PSS; RSS {rss:.0f}"))
    return report


def _page(report: Report, port: int, path: str, cookie: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}

    def fetch(where: str) -> tuple[int, bytes, int]:
        connection.request("GET", where, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        plain = gzip.decompress(data) if answer.getheader("content-encoding") == "gzip" else data
        return len(data), plain, answer.status

    size, body, status = fetch(path)
    if status != 200:
        report.add(Line(f"page {path}", 0.0, note=f"answered {status}"))
        return
    parts = sorted({part.decode().partition("#")[0] for part in PARTS.findall(body)})
    cold = size + sum(fetch(part)[0] for part in parts)
    took = []
    for _ in range(20):
        start = time.perf_counter()
        fetch(path)
        took.append((time.perf_counter() - start) * 1000)
    connection.close()
    report.add(Line(f"page {path}, warm", median(took), p95=sorted(took)[-2], note=f"{size / 1000:.1f} kB"))
    goal = "≤ 160 KB, ≤ 12 requests"
    report.add(Line(f"page {path}, cold", cold / 1000, unit="kB", goal=goal, note=f"{len(parts) + 1} requests"))
