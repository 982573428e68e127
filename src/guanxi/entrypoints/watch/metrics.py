"""Figures for Prometheus: requests, statements, jobs, followers, memory; also when several processes serve."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from guanxi.base.watching import counts
from guanxi.kernel.admin.health import Figures, figures
from guanxi.kernel.context import Space

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import Metric

TOGETHER = "PROMETHEUS_MULTIPROC_DIR"  # processes share their counters in this folder
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SUSPECT = re.compile(r"[^\x20-\x7e]|[0-9a-f]{16,}|\d{6,}")


class Meter:
    """Counts what this process answers."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram  # looks at the folder when imported

        self.own: CollectorRegistry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests: Counter = Counter("guanxi_requests", "Answers", labels, registry=self.own)
        self.seconds: Histogram = Histogram("guanxi_request_seconds", "Time to answer", ("route",), buckets=BUCKETS,
                                            registry=self.own)  # fmt: skip
        self.statements: Counter = Counter("guanxi_statements", "SQL statements of units of work", registry=self.own)
        self.transactions: Counter = Counter("guanxi_transactions", "Units of work", registry=self.own)
        self._told = {"statements": 0, "transactions": 0}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answer; statements since the last one are added on the way."""
        self.requests.labels(method if method in METHODS else "OTHER", route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
        self._catch_up()

    def _catch_up(self) -> None:
        now = counts()
        for name, counter in (("statements", self.statements), ("transactions", self.transactions)):
            grown = now[name] - self._told[name]
            if grown > 0:
                self._told[name] = now[name]
                counter.inc(grown)

    def text(self, spaces: Sequence[Space]) -> bytes:
        """Everything in Prometheus' own form: counters of all processes, the state of the databases as of now."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        self._catch_up()
        live = CollectorRegistry()
        live.register(State(spaces))
        shared = self.own
        if TOGETHER in os.environ:
            shared = CollectorRegistry()
            MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the package leaves it untyped
        return bytes(generate_latest(shared) + generate_latest(live))


@cache
def the_meter() -> Meter:
    """One for a process."""
    return Meter()


class State:
    """Asked at every scrape; a workspace that cannot answer is left out and counted."""

    def __init__(self, spaces: Sequence[Space]) -> None:
        self._spaces = spaces

    def collect(self) -> Iterator[Metric]:
        """What Prometheus calls."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        found: list[tuple[str, Figures, int]] = []
        failed = 0
        for space in self._spaces:
            try:
                found.append((space.name, figures(space), space.clock()))
            except Exception:  # noqa: BLE001 - one broken database must not hide the others
                failed += 1
        yield GaugeMetricFamily("guanxi_workspaces_unreachable", "Workspaces that gave no figures", value=failed)
        yield GaugeMetricFamily("guanxi_memory_bytes", "Memory of the answering process", value=memory())
        for name, help_text, labels, of in GAUGES:
            gauge = GaugeMetricFamily(name, help_text, labels=("workspace", *labels))
            for workspace, numbers, now in found:
                for key, value in of(numbers, now):
                    gauge.add_metric([workspace, *key], value)
            yield gauge


Of = Callable[[Figures, int], Iterable[tuple[tuple[str, ...], float]]]
GAUGES: tuple[tuple[str, str, tuple[str, ...], Of], ...] = (
    ("guanxi_jobs", "Jobs by queue and state", ("queue", "state"), lambda f, _now: list(f.jobs.items())),
    ("guanxi_follower_lag", "Change-sets a follower has yet to see", ("follower",),
     lambda f, _now: [((name,), lag) for name, lag in f.lag.items()]),
    ("guanxi_unsealed", "Change-sets not sealed yet", (), lambda f, _now: [((), f.unsealed)]),
    ("guanxi_feed_position", "Sealed change-sets", (), lambda f, _now: [((), f.head)]),
    ("guanxi_import_rows", "Rows imports have been through", (), lambda f, _now: [((), f.import_rows)]),
    ("guanxi_job_wait_seconds", "How long the job waiting longest has been due", (),
     lambda f, now: [((), (now - f.oldest_ready) / 1e6 if f.oldest_ready else 0.0)]),
    ("guanxi_worker_age_seconds", "Since a worker was last seen; -1: never", (),
     lambda f, now: [((), (now - f.worker_seen) / 1e6 if f.worker_seen else -1.0)]),
)  # fmt: skip


def memory() -> float:
    """Resident bytes of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a Path costs more than the read
            return float(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, IndexError):
        return 0.0


def route_of(scope: dict[str, Any]) -> str:
    """The template of the address, "/o/{name}/{id}": few of them, and never a value that somebody typed."""
    if not callable(scope.get("endpoint")) or isinstance(scope.get("endpoint"), type):
        return "unmatched"
    path = f"{scope.get('path', '')}/"
    for name, value in reversed((scope.get("path_params") or {}).items()):
        before, found, after = path.rpartition(f"/{value}/")
        path = f"{before}/{{{name}}}/{after}" if found and str(value) else path
    path = path.rstrip("/") or "/"
    return "unmatched" if SUSPECT.search(path) or not hasattr(scope["endpoint"], "__name__") else path
